import { AppError } from '../errors.ts';
import type { ApiMessage, Snowflake } from '../fake-discord/payloads.ts';
import type { FakeDiscord, FileInput, InteractionHandle } from '../fake-discord/types.ts';
import type { Person } from './people.ts';
import type { Places } from './places.ts';
import type { Action, Fault, FileReference } from './protocol.ts';
import type { Samples } from './samples.ts';
import type { UploadStore } from './upload-store.ts';
import type { Visibility } from './visibility.ts';

/** What {@link createPerform} works with. */
export interface PerformOptions {
  discord: FakeDiscord;
  places: Places;
  visibility: Visibility;
  uploads: UploadStore;
  samples: Samples;
  applyFault: (fault: Fault) => Promise<void>;
}

/**
 * Does one thing in a person's name; resolves to what `done` carries.
 * @throws AppError the reason why it cannot be done
 */
export type Perform = (person: Person, action: Exclude<Action, { do: 'watchExchanges' }>) => Promise<unknown>;

/** Flag of a message that still says "thinking". */
const loadingFlag = 1 << 7;
const ephemeralFlag = 1 << 6;

/** Performs actions on a stand-in, and refuses what Discord's client would not offer to that person. */
export function createPerform({ discord, places, visibility, uploads, samples, applyFault }: PerformOptions): Perform {
  function fileOf(reference: FileReference): FileInput {
    const file = 'sample' in reference ? samples.find(reference.sample) : uploads.take(reference.fileId);
    if (file !== undefined) return file;
    throw new AppError('no-file', 'That file is not here any more: choose it again.');
  }

  function filesOf(references: Readonly<Record<string, FileReference>>): Record<string, FileInput> {
    return Object.fromEntries(Object.entries(references).map(([name, reference]) => [name, fileOf(reference)]));
  }

  function checkChannel({ channels }: Person, channelId: Snowflake): void {
    if (channels().every(({ id }) => id !== channelId)) throw new AppError('no-channel', 'There is no such channel.');
  }

  function seenMessage(person: Person, messageId: Snowflake): ApiMessage {
    const message = visibility.messageFor(person, messageId);
    if (message === undefined) throw new AppError('no-message', 'This message is not there any more.');
    return message;
  }

  function checkMayDelete({ user, admin, moderator, channels }: Person, message: ApiMessage): void {
    const isGuild = channels().some(({ id, kind }) => id === message.channel_id && kind === 'guild');
    const isOwn = message.author.id === user.id;
    const isDismissible = (message.flags & (ephemeralFlag | loadingFlag)) !== 0;
    if (isOwn || isDismissible || ((admin || moderator) && isGuild)) return;
    throw new AppError('not-yours', 'Only who wrote a message and moderators can delete it.');
  }

  return async (person, action) => {
    const user = person.user.id;
    switch (action.do) {
      case 'invoke': {
        checkChannel(person, action.channelId);
        const { channelId, command, options, locale } = action;
        return answerTo(
          discord.invoke({ user, channelId, command, options, locale, attachments: filesOf(action.files) }),
        );
      }
      case 'autocomplete': {
        checkChannel(person, action.channelId);
        const { channelId, command, focused, locale } = action;
        const options = { [focused]: '', ...action.options };
        return { choices: await discord.autocomplete({ user, channelId, command, focused, locale, options }) };
      }
      case 'invokeMessageCommand': {
        seenMessage(person, action.targetMessageId);
        const { command, targetMessageId, locale } = action;
        return answerTo(discord.invokeMessageCommand({ user, command, targetMessageId, locale }));
      }
      case 'invokeUserCommand': {
        checkChannel(person, action.channelId);
        const { channelId, command, targetUserId, locale } = action;
        if (discord.users().every(({ id }) => id !== targetUserId)) {
          throw new AppError('no-person', 'There is no such person.');
        }
        return answerTo(discord.invokeUserCommand({ user, channelId, command, targetUserId, locale }));
      }
      case 'clickButton':
      case 'selectOption': {
        seenMessage(person, action.messageId);
        const { messageId, customId, locale } = action;
        const request = { user, messageId, customId, locale };
        if (action.do === 'clickButton') return answerTo(discord.clickButton(request));
        return answerTo(discord.selectOption({ ...request, values: action.values }));
      }
      case 'submitModal':
        if (discord.interaction(action.interactionId)?.userId !== user) {
          throw new AppError('no-modal', 'This form is not open any more.');
        }
        return answerTo(
          discord.submitModal({
            interactionId: action.interactionId,
            values: action.values,
            attachments: filesOf(action.files ?? {}),
          }),
        );
      case 'postMessage': {
        checkChannel(person, action.channelId);
        const { channelId, content, replyTo } = action;
        if (replyTo !== undefined) seenMessage(person, replyTo);
        const attachments = action.files.map(fileOf);
        const message = discord.postMessage({ user, channelId, content, attachments, ...(replyTo && { replyTo }) });
        return { messageId: message.id };
      }
      case 'react':
      case 'unreact': {
        const { flags } = seenMessage(person, action.messageId);
        if ((flags & ephemeralFlag) !== 0) {
          throw new AppError('no-reactions', 'Messages that only you can see take no reactions.');
        }
        discord[action.do]({ user, messageId: action.messageId, emoji: action.emoji });
        return undefined;
      }
      case 'deleteMessage':
        checkMayDelete(person, seenMessage(person, action.messageId));
        discord.deleteMessage({ messageId: action.messageId });
        return undefined;
      case 'createThread': {
        checkChannel(person, action.channelId);
        return { channelId: places.createThread({ parentId: action.channelId, name: action.name, user }) };
      }
      case 'createPost': {
        checkChannel(person, action.channelId);
        const { channelId: forumId, name, content } = action;
        const files = action.files.map(fileOf);
        return { channelId: places.createPost({ forumId, name, content, files, user }) };
      }
      case 'archiveThread':
        checkChannel(person, action.channelId);
        places.setArchived(action.channelId, action.archived);
        return undefined;
      case 'moderate':
        person.moderator = action.moderator;
        discord.setModerator(user, action.moderator);
        return undefined;
      case 'fault':
        return applyFault(action.fault);
    }
  };
}

async function answerTo({ id, acknowledged }: InteractionHandle) {
  try {
    return { interactionId: id, acknowledgement: await acknowledged };
  } catch (cause) {
    if (!(cause instanceof AppError && cause.code === 'not-acknowledged')) throw cause;
    throw new AppError('no-answer', 'The application did not respond', { cause });
  }
}
