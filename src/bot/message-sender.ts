import {
  type APIActionRowComponent,
  type APIButtonComponent,
  type APIChannel,
  MessageFlags,
  type REST,
  Routes,
} from 'discord.js';
import type { Clock } from '../util/clock.ts';
import { type DeadTokens, tokenEnded } from './dead-tokens.ts';
import { isMessageGone, isRouteClosed, isTokenDead } from './discord-errors.ts';
import { fitLabel } from './fit-text.ts';
import type { ReplyAddress } from './reply-address.ts';

/** A file to upload; a nameless one would arrive as `file.jpg`. */
export interface ReplyFile {
  name: string;
  data: Uint8Array;
  contentType: string;
  /** Hidden until somebody clicks it. */
  isSpoiler?: boolean;
  /** What a screen reader says of it, in the requester's language; Discord takes 1,024 characters. */
  description?: string;
}

/** A message of the bot as a whole: what is left out is empty. */
export interface Reply {
  content: string;
  components: APIActionRowComponent<APIButtonComponent>[];
  files?: ReplyFile[];
  /** An edit leaves the files of the message as they are; `files` is then left out. */
  keepsFiles?: true;
}

/** Writes to the place a job came from. */
export interface MessageSender {
  /** Replaces the job's message: text, buttons and files. Doing it twice shows it once. The signal breaks an upload off. */
  edit(address: ReplyAddress, reply: Reply, options?: { signal?: AbortSignal }): Promise<void>;
  /** A new message that mentions the requester, for when the job's message is gone. `nonce` guards against a double post. */
  post(address: ReplyAddress, reply: Reply, nonce: string): Promise<void>;
  /** Mentions the requester, and nobody else, in an answer to the job's message: an edit tells nobody. */
  ping(address: ReplyAddress, content: string, nonce: string): Promise<void>;
  /** A message to the requester alone, for when the place itself is closed to the bot. */
  direct(address: ReplyAddress, reply: Reply, nonce: string): Promise<void>;
  /** Whether the interaction's token is taken, as far as is known. */
  hasToken(address: ReplyAddress): boolean;
  /** A message beside the job's, by the interaction's token, for the requester's eyes alone. */
  whisper(address: ReplyAddress, content: string): Promise<void>;
  /** Deletes the job's message. Rejects with Unknown Message where it is gone already. */
  remove(address: ReplyAddress, by: 'token' | 'channel'): Promise<void>;
}

/** The token is left alone this long before it expires: an upload that began in time must not end too late. */
const handOverMs = 3 * 60_000;

/** By which way the job's message is edited first at this moment. */
export function editRoute(address: ReplyAddress, nowMs: number): 'token' | 'channel' {
  const { hasChannelRoute, isEphemeral, tokenExpiresAtMs } = address;
  // To the channel's routes, ephemeral messages do not exist.
  return !hasChannelRoute || isEphemeral || tokenExpiresAtMs - nowMs > handOverMs ? 'token' : 'channel';
}

/** Characters of an attachment's description. */
const maxDescription = 1024;

/** The two ways to the same effect. */
interface Ways {
  /** By the interaction's token: needs no permissions and has a rate limit of its own. */
  token: () => Promise<unknown>;
  /** By the bot's own right in the channel. */
  channel: () => Promise<unknown>;
}

/** What {@link createMessageSender} works with besides. */
export interface MessageSenderOptions {
  clock: Clock;
  deadTokens: DeadTokens;
}

/** Replies through the interaction's token while it is young, then by the bot's own right in the channel. */
export function createMessageSender(rest: REST, { clock, deadTokens }: MessageSenderOptions): MessageSender {
  function inOrder(address: ReplyAddress, { token: byToken, channel }: Ways) {
    const token = () => noticingDeath(address, byToken);
    if (!address.hasChannelRoute || address.isEphemeral) return [token];
    if (deadTokens.has(address)) return [channel];
    return editRoute(address, clock.now()) === 'token' ? [token, channel] : [channel, token];
  }

  /** A new message: the channel first where there is one, since only that route knows nonces. */
  function channelFirst(address: ReplyAddress, { token: byToken, channel }: Ways) {
    const token = () => noticingDeath(address, byToken);
    if (!address.hasChannelRoute || address.isEphemeral) return [token];
    return deadTokens.has(address) ? [channel] : [channel, token];
  }

  async function noticingDeath(address: ReplyAddress, way: () => Promise<unknown>): Promise<unknown> {
    if (deadTokens.has(address)) throw tokenEnded();
    try {
      return await way();
    } catch (error) {
      if (isTokenDead(error)) deadTokens.add(address);
      throw error;
    }
  }

  return {
    async edit(address, reply, { signal } = {}) {
      const request = { body: bodyOf(reply), ...filesOf(reply), ...(signal && { signal }) };
      const { applicationId, token, channelId, messageId } = address;
      const ways: Ways = {
        token: () => rest.patch(Routes.webhookMessage(applicationId, token, '@original'), { ...request, auth: false }),
        channel: () => rest.patch(Routes.channelMessage(channelId, messageId), request),
      };
      await firstOpenRoute(inOrder(address, ways));
    },
    async post(address, reply, nonce) {
      const { applicationId, token, channelId, userId, isEphemeral } = address;
      const content = `<@${userId}> ${reply.content}`;
      const body = { ...bodyOf({ ...reply, content }), allowed_mentions: { parse: [], users: [userId] } };
      const guarded = { ...body, nonce, enforce_nonce: true };
      const followUp = { ...body, ...(isEphemeral && { flags: MessageFlags.Ephemeral }) };
      const ways: Ways = {
        token: () =>
          rest.post(Routes.webhook(applicationId, token), { body: followUp, ...filesOf(reply), auth: false }),
        channel: () => rest.post(Routes.channelMessages(channelId), { body: guarded, ...filesOf(reply) }),
      };
      await firstOpenRoute(channelFirst(address, ways));
    },
    async ping(address, content, nonce) {
      const { applicationId, token, channelId, messageId, userId, isEphemeral } = address;
      const body = { content, allowed_mentions: { parse: [], users: [userId], replied_user: false } };
      const followUp = { ...body, ...(isEphemeral && { flags: MessageFlags.Ephemeral }) };
      const message_reference = { message_id: messageId, fail_if_not_exists: false };
      const ways: Ways = {
        token: () => rest.post(Routes.webhook(applicationId, token), { body: followUp, auth: false }),
        channel: () =>
          rest.post(Routes.channelMessages(channelId), {
            body: { ...body, message_reference, nonce, enforce_nonce: true },
          }),
      };
      await firstOpenRoute(channelFirst(address, ways));
    },
    async direct({ userId }, reply, nonce) {
      const channel = (await rest.post(Routes.userChannels(), { body: { recipient_id: userId } })) as APIChannel;
      const body = { ...bodyOf(reply), nonce, enforce_nonce: true };
      await rest.post(Routes.channelMessages(channel.id), { body, ...filesOf(reply) });
    },
    hasToken: (address) => !deadTokens.has(address),
    async whisper(address, content) {
      const { applicationId, token } = address;
      const body = { content, flags: MessageFlags.Ephemeral, allowed_mentions: { parse: [] } };
      await noticingDeath(address, () => rest.post(Routes.webhook(applicationId, token), { body, auth: false }));
    },
    async remove(address, by) {
      const { applicationId, token, channelId, messageId } = address;
      const original = Routes.webhookMessage(applicationId, token, '@original');
      if (by === 'channel') await rest.delete(Routes.channelMessage(channelId, messageId));
      else await noticingDeath(address, () => rest.delete(original, { auth: false }));
    },
  };
}

/** Tries the ways in turn while they are closed to the bot. */
async function firstOpenRoute(ways: readonly (() => Promise<unknown>)[]): Promise<void> {
  for (const [index, way] of ways.entries()) {
    try {
      await way();
      return;
    } catch (error) {
      // A message that is gone is gone on every way.
      if (index === ways.length - 1 || isMessageGone(error) || !isRouteClosed(error)) throw error;
    }
  }
}

function bodyOf({ content, components, files = [], keepsFiles }: Reply) {
  const attachments = files.map(({ name, description, isSpoiler }, index) => ({
    id: String(index),
    filename: name,
    ...(description !== undefined && { description: fitLabel(description, maxDescription) }),
    ...(isSpoiler && { is_spoiler: true }),
  }));
  return { content, components, ...(!keepsFiles && { attachments }), allowed_mentions: { parse: [] } };
}

/** A file that is hidden until somebody clicks it. Servers and clients of before June 2026 know the name alone. */
export function asSpoiler(file: ReplyFile): ReplyFile {
  return { ...file, name: `SPOILER_${file.name}`, isSpoiler: true };
}

function filesOf({ files }: Reply) {
  if (files === undefined) return {};
  return { files: files.map(({ name, data, contentType }) => ({ name, data, contentType })) };
}
