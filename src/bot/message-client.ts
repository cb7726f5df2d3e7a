import { type APIChannel, type APIMessage, type REST, Routes } from 'discord.js';
import type { Clock } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import { type RetryPolicy, retry } from '../util/retry.ts';
import { isTransient } from './discord-errors.ts';
import type { RawChannel } from './place.ts';

/** What {@link createMessageClient} works with. */
export interface MessageClientOptions {
  rest: REST;
  clock: Clock;
  log: Log;
  /** Aborted when the bot goes down: nothing is tried again. */
  stopping: AbortSignal;
  /** For the jitter of waits. Default `Math.random`. */
  random?: (() => number) | undefined;
}

/** Which message. */
interface MessagePlace {
  channelId: string;
  messageId: string;
}

/**
 * Single messages by the bot's own right, as Discord gives them. What fails for Discord's sake or the network's is tried
 * again; everything rejects with the last error, and with JobCancelledError when the bot goes down.
 */
export interface MessageClient {
  channel(channelId: string): Promise<RawChannel>;
  message(place: MessagePlace): Promise<APIMessage>;
  /** Answers a message, or where that is gone posts anew, and gives the id of the answer. Pings nobody; done once. */
  reply(place: MessagePlace, content: string, nonce: string): Promise<string>;
  edit(place: MessagePlace, content: string): Promise<void>;
  remove(place: MessagePlace): Promise<void>;
  /** To a person alone. Given up much sooner than the others. */
  direct(userId: string, content: string): Promise<void>;
}

/** discord.js tries a 5xx four times without a pause; after that Discord gets an hour to recover. */
const patience: RetryPolicy = { firstMs: 1_000, factor: 2, maxMs: 60_000, tries: 66 };
const directPatience: RetryPolicy = { ...patience, tries: 5 };

const pingsNobody = { parse: [], replied_user: false };

/** A client of single messages over discord.js' REST client. */
export function createMessageClient({ rest, clock, log, stopping, random }: MessageClientOptions): MessageClient {
  function patiently<T>(work: () => Promise<unknown>, policy = patience): Promise<T> {
    return retry(work, {
      policy,
      clock,
      random,
      signal: stopping,
      shouldRetry: isTransient,
      onRetry: (err, { delayMs }) => log.warn({ err, delayMs }, 'Discord did not answer about a message; trying again'),
    }) as Promise<T>;
  }

  return {
    channel: (channelId) => patiently(() => rest.get(Routes.channel(channelId))),
    message: ({ channelId, messageId }) => patiently(() => rest.get(Routes.channelMessage(channelId, messageId))),
    async reply({ channelId, messageId }, content, nonce) {
      const body = {
        content,
        message_reference: { message_id: messageId, fail_if_not_exists: false },
        allowed_mentions: pingsNobody,
        // A post that Discord took and then called a failure is not made twice.
        nonce,
        enforce_nonce: true,
      };
      const answer = await patiently<APIMessage>(() => rest.post(Routes.channelMessages(channelId), { body }));
      return answer.id;
    },
    async edit({ channelId, messageId }, content) {
      const body = { content, allowed_mentions: pingsNobody };
      await patiently(() => rest.patch(Routes.channelMessage(channelId, messageId), { body }));
    },
    async remove({ channelId, messageId }) {
      await patiently(() => rest.delete(Routes.channelMessage(channelId, messageId)));
    },
    async direct(userId, content) {
      await patiently(async () => {
        const channel = (await rest.post(Routes.userChannels(), { body: { recipient_id: userId } })) as APIChannel;
        await rest.post(Routes.channelMessages(channel.id), { body: { content, allowed_mentions: pingsNobody } });
      }, directPatience);
    },
  };
}
