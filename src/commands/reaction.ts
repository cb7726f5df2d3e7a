import {
  type APIMessage,
  ApplicationFlags,
  type Client,
  type GatewayMessageReactionAddDispatchData,
  MessageType,
  PermissionFlagsBits,
} from 'discord.js';
import { type FoundPicture, findPictures } from '../bot/find-pictures.ts';
import { chooseMessages } from '../bot/languages/choose-messages.ts';
import { explainError } from '../bot/languages/explain-error.ts';
import { logFailure } from '../bot/log-failure.ts';
import { createMessageClient, type MessageClientOptions } from '../bot/message-client.ts';
import { type Place, permissionsIn, placeOf } from '../bot/place.ts';
import { JobCancelledError, UserError } from '../errors.ts';
import type { FactStore } from '../storage/facts.ts';
import { createCooldown } from '../util/cooldown.ts';
import type { CommandContext } from './command.ts';
import { checkReaction, enqueueFromReaction, type ReactionRequest, uniqueKeyOf } from './enqueue-from-reaction.ts';
import { createPendingReactions, freshNonce, type PendingReaction } from './pending-reactions.ts';
import { jobIdOf } from './settings.ts';

/** Takes a clip of the bot away. */
const deleteEmoji = '❌';

/** How often a person is told by a direct message why nothing comes of their reactions. */
const refusalEveryMs = 60_000;

/** And that clips are not for this place or for them: an emoji may well mean something else there. */
const placeRefusalEveryMs = 3_600_000;

/** A reaction that is taken off and put on again within this time is the same one, whatever came of it. */
const sameReactionMs = 60_000;

/** What {@link createReactionHandler} works with. */
export interface ReactionHandlerOptions extends Pick<MessageClientOptions, 'log' | 'stopping' | 'random'> {
  client: Client<true>;
  /** An emoji as it is typed, or `name:id` of a server's own. */
  emoji: string;
  context: CommandContext;
  facts: FactStore;
}

/** A reaction as the gateway tells of it. */
type Reaction = GatewayMessageReactionAddDispatchData;

/**
 * Makes clips of the pictures under which people put the emoji, and takes clips away under ❌. It listens to the gateway's
 * own event: that names the message's author and the person's roles, and discord.js drops it in conversations that it has
 * not met since the start. Discord is asked for nothing until the person may ask: neither for the message, nor for its
 * picture. Everybody sees what is posted in a channel, so nothing is posted for somebody who may not ask there: they are
 * told by a direct message, once a minute at most, or not at all where they take none. Whom the operator blocked is told
 * nothing. Never rejects. At once it goes on with the reactions that an earlier process was answering when it ended.
 */
export function createReactionHandler(options: ReactionHandlerOptions): (reaction: Reaction) => Promise<void> {
  const { client, emoji, context, facts, log } = options;
  const { clock, guildSettings, operator } = context;
  const messages = createMessageClient({ ...options, rest: client.rest, clock });
  const channels = client.channels.cache;
  const refusals = createCooldown({ periodMs: refusalEveryMs, clock });
  const placeRefusals = createCooldown({ periodMs: placeRefusalEveryMs, clock });
  const taken = createCooldown({ periodMs: sameReactionMs, clock });
  const pendings = createPendingReactions(facts);
  const underWay = new Set<string>();
  const explaining = new Set<string>();

  followLeftOver().catch((err: unknown) => {
    log.warn({ err }, 'the reactions that an earlier process was answering could not be followed');
  });

  return async (reaction) => {
    const { user_id: userId, message_author_id: authorId, member } = reaction;
    try {
      const name = nameOf(reaction);
      if (userId === client.user.id || member?.user?.bot) return;
      // Discord may leave the author out; of others' messages nothing is taken away.
      if (name === deleteEmoji && (authorId ?? client.user.id) === client.user.id) await takeAway(reaction);
      if (name === emoji) await animate(reaction);
    } catch (err) {
      log.warn({ userId, err }, 'a reaction could not be followed');
    }
  };

  async function takeAway(reaction: Reaction): Promise<void> {
    const place = { channelId: reaction.channel_id, messageId: reaction.message_id };
    const message = await messages.message(place);
    const jobId = message.author.id === client.user.id ? jobIdOf(message.components) : undefined;
    const job = jobId === undefined ? undefined : await context.jobs.find(jobId);
    if (job === undefined || message.attachments.length === 0) return;
    if (job.userId === reaction.user_id || (await isModerator(reaction))) await messages.remove(place);
  }

  async function isModerator(reaction: Reaction): Promise<boolean> {
    const guild = client.guilds.cache.get(reaction.guild_id ?? '');
    if (guild === undefined) return false;
    // discord.js remembers whom the event describes.
    const member = await guild.members.fetch(reaction.user_id);
    const permissions = permissionsIn(await placeOfReaction(reaction), channels, member);
    return permissions?.has(PermissionFlagsBits.ManageMessages) === true;
  }

  async function placeOfReaction({ guild_id, channel_id: channelId }: Reaction): Promise<Place> {
    const guildId = guild_id ?? null;
    // Of threads that were archived when it came the client knows nothing, not even to which channel they belong.
    const raw = guildId === null || channels.has(channelId) ? undefined : await messages.channel(channelId);
    return placeOf({ guildId, channelId, raw }, channels);
  }

  async function animate(reaction: Reaction): Promise<void> {
    const { user_id: userId, channel_id: channelId, message_id: messageId } = reaction;
    const key = uniqueKeyOf({ userId, messageId });
    if (underWay.has(key)) return;
    underWay.add(key);
    try {
      if ((await isBlocked(reaction)) || (await context.archive.hasUniqueKey(key)) || (await isBot(reaction))) return;
      const place = await placeOfReaction(reaction);
      const request = { place, channelId, messageId, userId, locale: await localeOf(place) };
      try {
        await checkReaction(request, rightsOf(reaction, place), context);
      } catch (error) {
        // What follows makes no clip, and may take long.
        underWay.delete(key);
        await refuse(request, error);
        return;
      }
      if (taken.use(key) === undefined) await follow(request);
    } finally {
      underWay.delete(key);
    }
  }

  async function isBlocked({ user_id: userId, guild_id: guildId }: Reaction): Promise<boolean> {
    const { blocks } = operator;
    return (await blocks.has('user', userId)) || (guildId !== undefined && (await blocks.has('guild', guildId)));
  }

  /** The event of a server says it; in direct messages nobody else is. */
  async function isBot({ user_id: userId, guild_id: guildId, member }: Reaction): Promise<boolean> {
    return guildId !== undefined && !member?.user && (await client.users.fetch(userId)).bot;
  }

  function rightsOf({ user_id: userId, member }: Reaction, place: Place) {
    const guild = client.guilds.cache.get(place.guildId ?? '');
    return {
      roleIds: async () => member?.roles ?? [...((await guild?.members.fetch(userId))?.roles.cache.keys() ?? [])],
      permissions: permissionsIn(place, channels, guild?.members.me),
    };
  }

  /** Nothing stands against the request: now the message is looked at. */
  async function follow(request: ReactionRequest): Promise<void> {
    const message = await messages.message(request);
    const [found] = findPictures(message, client.rest.cdn);
    if (found !== undefined) await answerWithClip(await pendings.begin(request), async () => found);
    else if (isBlank(message) && !(await seesContent())) await explainOnce(request);
  }

  /** A message that somebody wrote always has something; all of it missing means that it was kept back. */
  function isBlank({ author, type, content, embeds, sticker_items, poll }: APIMessage): boolean {
    const isWritten = type === MessageType.Default || type === MessageType.Reply;
    const hasSomething = content !== '' || embeds.length > 0 || (sticker_items ?? []).length > 0 || poll !== undefined;
    return author.id !== client.user.id && isWritten && !hasSomething;
  }

  /** As Discord said when the bot connected. */
  async function seesContent(): Promise<boolean> {
    const flags = client.application.flags ?? (await client.application.fetch()).flags;
    return flags.any([ApplicationFlags.GatewayMessageContent, ApplicationFlags.GatewayMessageContentLimited]);
  }

  /** Once per server: whoever meets it there tells the others. */
  async function explainOnce(request: ReactionRequest): Promise<void> {
    const key = `reaction-explained ${request.place.guildId ?? request.channelId}`;
    // Two reactions at once: the second finds the first one's explanation under way.
    if (explaining.has(key)) return;
    explaining.add(key);
    try {
      if ((await facts.get(key)) !== undefined) return;
      const { clip } = chooseMessages(request.locale);
      await messages.reply(request, clip.reactionNeedsIntent(clip.menus.animate), freshNonce());
      await facts.set(key, new Date(clock.now()).toISOString());
    } finally {
      explaining.delete(key);
    }
  }

  async function localeOf({ guildId }: Place): Promise<string> {
    const guild = client.guilds.cache.get(guildId ?? '');
    return (await guildSettings.of(guildId)).locale ?? guild?.preferredLocale ?? 'en-US';
  }

  function explain(error: unknown, { messageId, userId, locale }: ReactionRequest): string {
    const id = logFailure(log, error, { what: 'reaction', userId, messageId });
    return explainError(error, chooseMessages(locale), id);
  }

  async function refuse(request: ReactionRequest, error: unknown): Promise<void> {
    const { userId, place } = request;
    const explanation = explain(error, request);
    const placeRule = error instanceof UserError && error.code.startsWith('place-') ? error.code : undefined;
    if (placeRule !== undefined && placeRefusals.use(`${userId} ${placeRule} ${place.guildId}`) !== undefined) return;
    if (refusals.use(userId) === undefined) await tell(request, explanation);
  }

  async function tell({ userId, channelId, messageId, place }: ReactionRequest, explanation: string): Promise<void> {
    const link = `https://discord.com/channels/${place.guildId ?? '@me'}/${channelId}/${messageId}`;
    try {
      await messages.direct(userId, `${explanation}\n${link}`);
    } catch (err) {
      log.info({ userId, err }, 'who asked by a reaction could not be told why nothing comes of it');
    }
  }

  /**
   * Answers, then makes the picture a job. From before the answer until then it is kept in the store what is to be done, so that
   * no answer is left behind that nothing stands behind.
   */
  async function answerWithClip(pending: PendingReaction, find: () => Promise<FoundPicture>): Promise<void> {
    const { request } = pending;
    const { channelId, userId } = request;
    let answerId: string;
    try {
      answerId = pending.answerId ?? (await messages.reply(request, `⏳ <@${userId}>`, pending.nonce));
    } catch (cause) {
      // The bot goes down: the next start follows the reaction.
      if (cause instanceof JobCancelledError) throw cause;
      const failure = new UserError('reaction-unanswered', 'Discord took no answer to the reaction.', { cause });
      await tell(request, explain(failure, request));
      await pendings.end(pending);
      return;
    }
    try {
      await pendings.answered(pending, answerId);
      const found = await find();
      await enqueueFromReaction(request, { found, answerId, applicationId: client.application.id }, context);
    } catch (error) {
      await messages.edit({ channelId, messageId: answerId }, explain(error, request));
    }
    await pendings.end(pending);
  }

  /** Goes on with the reactions that an earlier process answered, or was about to, and made no jobs of. */
  async function followLeftOver(): Promise<void> {
    for (const pending of await pendings.leftOver()) {
      const { request } = pending;
      const key = uniqueKeyOf(request);
      underWay.add(key);
      try {
        if (await context.archive.hasUniqueKey(key)) await pendings.end(pending);
        else await answerWithClip(pending, () => pictureOf(request));
      } finally {
        underWay.delete(key);
      }
    }
  }

  async function pictureOf(request: ReactionRequest): Promise<FoundPicture> {
    const [found] = findPictures(await messages.message(request), client.rest.cdn);
    if (found === undefined) throw new UserError('no-picture-there', 'That message has no picture.');
    return found;
  }
}

function nameOf({ emoji: { id, name } }: Reaction): string | null {
  return id === null ? name : `${name}:${id}`;
}
