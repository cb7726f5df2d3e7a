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
import { findPicturesAround } from '../bot/find-pictures.ts';
import { chooseMessages } from '../bot/languages/choose-messages.ts';
import { explainError } from '../bot/languages/explain-error.ts';
import { logFailure } from '../bot/log-failure.ts';
import type { FactStore } from '../storage/facts.ts';
import { createCooldown } from '../util/cooldown.ts';
import type { Log } from '../util/log.ts';
import type { CommandContext } from './command.ts';
import { checkReaction, enqueueFromReaction, type ReactionRequest } from './enqueue-from-reaction.ts';
import { jobIdOf } from './settings.ts';

/** Takes a clip of the bot away. */
const deleteEmoji = '❌';

/** How often a person is told by a direct message why nothing comes of their reactions. */
const refusalEveryMs = 60_000;

/** A reaction that is taken off and put on again within this time is the same one. */
const sameReactionMs = 60_000;

/** Authors of messages that are remembered until discord.js tells of the reaction. */
const keptAuthors = 100;

/** What {@link createReactionHandler} works with. */
export interface ReactionHandlerOptions {
  client: Client<true>;
  /** An emoji as it is typed, or `name:id` of a server's own. */
  emoji: string;
  context: CommandContext;
  facts: FactStore;
  log: Log;
}

/** Hears of reactions. Neither function rejects. */
export interface ReactionHandler {
  /** discord.js' own event. */
  heard(reaction: MessageReaction | PartialMessageReaction, user: User | PartialUser): Promise<void>;
  /**
   * The gateway's event, which comes first: it alone names the message's author, and discord.js drops those in
   * conversations that it has not met since the start.
   */
  heardRaw(data: GatewayMessageReactionAddDispatchData): Promise<void>;
}

interface Reaction {
  emoji: { id: string | null; name: string | null };
  userId: string;
  guildId: string | null;
  /** Of the message; undefined where that was not heard. */
  authorId: string | undefined;
  fetchMessage: () => Promise<Message | undefined>;
}

/**
 * Makes clips of the pictures under which people put the emoji, and takes clips away under ❌. Everybody sees what is
 * posted in a channel, so nothing is posted for somebody who may not ask there: they are told by a direct message, once
 * a minute at most, or not at all where they take none. Whom the operator blocked is told nothing.
 */
export function createReactionHandler({ client, emoji, context, facts, log }: ReactionHandlerOptions): ReactionHandler {
  const { clock, guildSettings, operator } = context;
  const refusals = createCooldown({ periodMs: refusalEveryMs, clock });
  const taken = createCooldown({ periodMs: sameReactionMs, clock });
  const authors = new Map<string, string>();
  const explaining = new Set<string>();

  function remember(messageId: string, authorId: string | undefined): void {
    if (authorId === undefined) return;
    authors.set(messageId, authorId);
    const [oldest] = authors.keys();
    if (authors.size > keptAuthors && oldest !== undefined) authors.delete(oldest);
  }

  return {
    async heard({ emoji: put, message }, user) {
      await follow({
        emoji: put,
        userId: user.id,
        guildId: message.guildId,
        authorId: authors.get(message.id),
        // Always asked for: what the gateway showed of it may have been empty, or never seen.
        fetchMessage: () => message.fetch(true),
      });
    },
    async heardRaw({ guild_id, channel_id, message_id, user_id, message_author_id, emoji: put }) {
      remember(message_id, message_author_id);
      if (guild_id !== undefined || client.channels.cache.has(channel_id)) return;
      await follow({
        emoji: put,
        userId: user_id,
        guildId: null,
        authorId: message_author_id,
        async fetchMessage() {
          const channel = await client.channels.fetch(channel_id);
          return channel?.isTextBased() ? channel.messages.fetch(message_id) : undefined;
        },
      });
    },
  };

  async function follow(reaction: Reaction): Promise<void> {
    const { userId, fetchMessage } = reaction;
    try {
      if (!(await isWorthALook(reaction))) return;
      const message = await fetchMessage();
      if (message === undefined || (await client.users.fetch(userId)).bot) return;
      if (nameOf(reaction) === deleteEmoji) await takeAway(message, userId);
      else await animate(message, userId);
    } catch (err) {
      log.warn({ userId, err }, 'a reaction could not be followed');
    }
  }

  /** What needs no look at the message: most reactions are none of the bot's business. */
  async function isWorthALook(reaction: Reaction): Promise<boolean> {
    const { userId, guildId, authorId } = reaction;
    const name = nameOf(reaction);
    if (userId === client.user.id) return false;
    if (name === deleteEmoji) return authorId === undefined || authorId === client.user.id;
    if (name !== emoji || (await operator.blocks.has('user', userId))) return false;
    return guildId === null || !(await operator.blocks.has('guild', guildId));
  }

  async function takeAway(message: Message, userId: string): Promise<void> {
    const jobId = message.author.id === client.user.id ? jobIdOf(message) : undefined;
    const job = jobId === undefined ? undefined : await context.jobs.find(jobId);
    if (job === undefined || message.attachments.size === 0) return;
    if (job.userId === userId || (await isModerator(message, userId))) await message.delete();
  }

  async function animate(message: Message, userId: string): Promise<void> {
    const [picture] = findPicturesAround(message, undefined);
    const isHidden = picture === undefined && isBlank(message) && !(await seesContent());
    if (picture === undefined && !isHidden) return;
    const request = { message, userId, locale: await localeOf(message) };
    try {
      await checkReaction(request, context);
    } catch (error) {
      if (picture !== undefined) await refuse(request, error);
      return;
    }
    if (picture === undefined) await explainOnce(message);
    else if (taken.use(`${userId} ${message.id}`) === undefined) await answerWithClip(request, picture);
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
    // Two reactions at once: the second finds the first one's explanation under way.
    if (explaining.has(key)) return;
    explaining.add(key);
    try {
      if ((await facts.get(key)) !== undefined) return;
      await facts.set(key, new Date(clock.now()).toISOString());
      const { clip } = chooseMessages(await localeOf(message));
      await message.reply({ content: clip.reactionNeedsIntent(clip.menus.animate), failIfNotExists: false });
    } finally {
      explaining.delete(key);
    }
  }

  async function localeOf({ guildId, guild }: Message): Promise<string> {
    return (await guildSettings.of(guildId)).locale ?? guild?.preferredLocale ?? 'en-US';
  }

  function explain(error: unknown, { message, userId, locale }: ReactionRequest): string {
    const id = logFailure(log, error, { what: 'reaction', userId, messageId: message.id });
    return explainError(error, chooseMessages(locale), id);
  }

  async function refuse(request: ReactionRequest, error: unknown): Promise<void> {
    const { message, userId } = request;
    const explanation = explain(error, request);
    if (refusals.use(userId) !== undefined) return;
    try {
      await client.users.send(userId, { content: `${explanation}\n${message.url}` });
    } catch (err) {
      log.info({ userId, err }, 'who may not ask by a reaction could not be told why');
    }
  }

  async function answerWithClip(request: ReactionRequest, picture: { url: string }): Promise<void> {
    const { message, userId } = request;
    const answer = await message.reply({ content: `⏳ <@${userId}>`, failIfNotExists: false });
    try {
      await enqueueFromReaction(request, { picture, answerId: answer.id }, context);
    } catch (error) {
      await answer.edit(explain(error, request));
    }
  }
}

function nameOf({ emoji: { id, name } }: Reaction): string | null {
  return id === null ? name : `${name}:${id}`;
}

async function isModerator({ guild, channel }: Message, userId: string): Promise<boolean> {
  if (guild === null || channel.isDMBased()) return false;
  const member = await guild.members.fetch(userId);
  return channel.permissionsFor(member).has(PermissionFlagsBits.ManageMessages);
}
