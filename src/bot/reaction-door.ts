import {
  ApplicationFlags,
  type Client,
  type Message,
  type MessageReaction,
  type PartialMessageReaction,
  type PartialUser,
  PermissionFlagsBits,
  type User,
} from 'discord.js';
import { plainWish } from '../commands/animate-options.ts';
import { checkPermissions } from '../commands/check-permissions.ts';
import { checkPlace } from '../commands/check-place.ts';
import type { CommandContext } from '../commands/command.ts';
import { findPictures } from '../commands/find-pictures.ts';
import { jobIdOf } from '../commands/settings.ts';
import { UserError } from '../errors.ts';
import type { FactStore } from '../jobs/fact-store.ts';
import type { Log } from '../util/log.ts';
import { chooseTexts } from './languages/choose-texts.ts';
import { explainError } from './languages/explain-error.ts';

/** Takes a clip of the bot away. */
const deleteEmoji = '❌';

/** What {@link createReactionDoor} works with. */
export interface ReactionDoorOptions {
  client: Client<true>;
  /** An emoji as it is typed, or `name:id` of a server's own. */
  emoji: string;
  context: CommandContext;
  facts: FactStore;
  log: Log;
}

/** Makes clips of the pictures under which people put the emoji, and takes clips away under ❌. Never rejects. */
export function createReactionDoor({ client, emoji, context, facts, log }: ReactionDoorOptions) {
  return async (reaction: MessageReaction | PartialMessageReaction, user: User | PartialUser): Promise<void> => {
    const name = reaction.emoji.id === null ? reaction.emoji.name : `${reaction.emoji.name}:${reaction.emoji.id}`;
    if (user.id === client.user.id || (name !== emoji && name !== deleteEmoji)) return;
    try {
      // Always asked for: what the gateway showed of it may have been empty, or never seen.
      const message = await reaction.message.fetch(true);
      if ((await user.fetch()).bot) return;
      if (name === deleteEmoji) await takeAway(message, user.id);
      else await animate(message, user.id);
    } catch (err) {
      log.warn({ userId: user.id, messageId: reaction.message.id, err }, 'a reaction could not be followed');
    }
  };

  async function takeAway(message: Message, userId: string): Promise<void> {
    const jobId = message.author.id === client.user.id ? jobIdOf(message) : undefined;
    const job = jobId === undefined ? undefined : context.jobs.find(jobId);
    if (job === undefined || message.attachments.size === 0) return;
    if (job.userId === userId || (await isModerator(message, userId))) await message.delete();
  }

  async function animate(message: Message, userId: string): Promise<void> {
    const [picture] = findPictures(message);
    if (picture !== undefined) return answerWithClip(message, { userId, url: picture.url });
    if (isBlank(message) && !(await seesContent())) await explainOnce(message);
  }

  /** A message of others always has something; all of it missing means that it was kept back. */
  function isBlank(message: Message): boolean {
    return message.author.id !== client.user.id && message.content === '' && message.embeds.length === 0;
  }

  async function seesContent(): Promise<boolean> {
    const { flags } = await client.application.fetch();
    return flags.any([ApplicationFlags.GatewayMessageContent, ApplicationFlags.GatewayMessageContentLimited]);
  }

  /** Once per server: whoever meets it there tells the others. */
  async function explainOnce(message: Message): Promise<void> {
    const key = `reaction-explained ${message.guildId ?? message.channelId}`;
    if (facts.get(key) !== undefined) return;
    facts.set(key, new Date(context.clock.now()).toISOString());
    const { clip } = chooseTexts(localeOf(message));
    await message.reply({ content: clip.reactionNeedsIntent(clip.menus.animate), failIfNotExists: false });
  }

  function localeOf({ guildId, guild }: Message): string {
    return context.guildSettings.of(guildId).locale ?? guild?.preferredLocale ?? 'en-US';
  }

  async function answerWithClip(message: Message, asked: { userId: string; url: string }): Promise<void> {
    const texts = chooseTexts(localeOf(message));
    const answer = await message.reply({ content: `⏳ <@${asked.userId}>`, failIfNotExists: false });
    try {
      await submit(message, answer, asked);
    } catch (error) {
      log[error instanceof UserError ? 'info' : 'error']({ messageId: message.id, err: error }, 'a reaction failed');
      await answer.edit(explainError(error, texts, answer.id.slice(-4)));
    }
  }

  async function submit(message: Message, answer: Message, { userId, url }: { userId: string; url: string }) {
    const { guildId, channelId, channel, guild } = message;
    const { guildSettings, maxUploadBytes, model, jobs } = context;
    const settings = guildSettings.of(guildId);
    const member = guild === null ? null : await guild.members.fetch(userId);
    checkPlace({ guildId, channelId, channel, member }, settings);
    const permissions =
      channel.isDMBased() || guild?.members.me == null ? null : channel.permissionsFor(guild.members.me);
    if (permissions !== null) checkPermissions({ guildId, channel, appPermissions: permissions }, { isMember: true });
    const picture = await context.download(url);
    context.checkPicture(picture);
    jobs.submit({
      ...plainWish(model, settings.preset),
      ...{ userId, guildId, picture },
      // No interaction says what Discord takes here.
      maxBytes: Math.min(maxUploadBytes, settings.maxUploadBytes ?? maxUploadBytes),
      address: {
        ...{ applicationId: client.application.id, channelId, messageId: answer.id, userId },
        // There is none, so the bot's own right in the channel is the only way.
        ...{ token: '', tokenExpiresAtMs: 0, hasChannelRoute: true, isEphemeral: false },
        locale: localeOf(message),
      },
    });
  }
}

async function isModerator({ guild, channel }: Message, userId: string): Promise<boolean> {
  if (guild === null || channel.isDMBased()) return false;
  const member = await guild.members.fetch(userId);
  return channel.permissionsFor(member).has(PermissionFlagsBits.ManageMessages);
}
