import {
  ApplicationFlags,
  type Client,
  type GatewayMessageReactionAddDispatchData,
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

/** Hears of reactions. Neither function rejects. */
export interface ReactionDoor {
  /** discord.js' own event. */
  heard(reaction: MessageReaction | PartialMessageReaction, user: User | PartialUser): Promise<void>;
  /** The gateway's event, of which discord.js drops those in conversations that it has not met since the start. */
  heardRaw(data: GatewayMessageReactionAddDispatchData): Promise<void>;
}

/** Makes clips of the pictures under which people put the emoji, and takes clips away under ❌. */
export function createReactionDoor({ client, emoji, context, facts, log }: ReactionDoorOptions): ReactionDoor {
  return {
    heard: (reaction, user) =>
      follow(reaction.emoji, {
        userId: user.id,
        // Always asked for: what the gateway showed of it may have been empty, or never seen.
        fetchMessage: () => reaction.message.fetch(true),
      }),
    async heardRaw({ guild_id, channel_id, message_id, user_id, emoji: put }) {
      if (guild_id !== undefined || client.channels.cache.has(channel_id)) return;
      await follow(put, {
        userId: user_id,
        async fetchMessage() {
          const channel = await client.channels.fetch(channel_id);
          return channel?.isTextBased() ? channel.messages.fetch(message_id) : undefined;
        },
      });
    },
  };

  async function follow(
    put: { id: string | null; name: string | null },
    { userId, fetchMessage }: { userId: string; fetchMessage: () => Promise<Message | undefined> },
  ): Promise<void> {
    const name = put.id === null ? put.name : `${put.name}:${put.id}`;
    if (userId === client.user.id || (name !== emoji && name !== deleteEmoji)) return;
    try {
      const message = await fetchMessage();
      if (message === undefined || (await client.users.fetch(userId)).bot) return;
      if (name === deleteEmoji) await takeAway(message, userId);
      else await animate(message, userId);
    } catch (err) {
      log.warn({ userId, err }, 'a reaction could not be followed');
    }
  }

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
