import type { InternalRequest } from 'discord.js';
import { z } from 'zod';
import type { FactStore } from '../storage/facts.ts';
import { type Clock, sleep } from '../util/clock.ts';
import type { Log } from '../util/log.ts';

/** Holds back the first messages of a process, which knows nothing of what the one before it used of Discord's limits. */
export interface ChannelPace {
  /** Sends a request once that is within the limits, as far as is known. */
  send<T>(request: Pick<InternalRequest, 'method' | 'fullRoute'>, send: () => Promise<T>): Promise<T>;
}

/** What {@link createChannelPace} works with. */
export interface ChannelPaceOptions {
  facts: Pick<FactStore, 'get' | 'set'>;
  /** The machine's: Discord's windows run by no other. */
  clock: Clock;
  log: Pick<Log, 'warn'>;
}

/** Discord takes 5 new messages and 5 edits of a channel in 5 s (https://docs.discord.com/developers/topics/rate-limits). */
const limit = 5;
/** That window in milliseconds, and how long a request may take to arrive: from then on Discord counts. */
const windowMs = 5_000 + 1_000;
/** What a process that was killed may have sent and not stored. So a channel that is little used costs nothing. */
const unstored = 2;

/** When messages were sent, in milliseconds since 1970, oldest first, by method and channel. */
const callsSchema = z.record(z.string(), z.array(z.number()));
const factKey = 'channel-calls';

const channelRoute = /^\/channels\/(\d+)\/messages(\/\d+)?$/;

/**
 * discord.js learns a limit from the first answer, and then keeps it by itself. Two things it cannot know: what another
 * process sent just before, and that what it sends after the first answer of a kind belongs to the same limit as what still
 * waits from before: it counts both apart. Each 429 counts against the bot. So of each kind the first calls are counted here,
 * together with those of the process before; only the first process of all goes without.
 */
export async function createChannelPace({ facts, clock, log }: ChannelPaceOptions): Promise<ChannelPace> {
  const startedAtMs = clock.now();
  const stored = await facts.get(factKey);
  const before = readCalls(stored);
  /** The first process of all has nobody before it. */
  const isFollower = stored !== undefined;
  if (!isFollower) store({});
  const calls = new Map(Object.entries(before));
  /** By kind, when the first call was sent. */
  const firstAtMs = new Map<string, number>();

  function readCalls(text: string | undefined): Record<string, number[]> {
    const parsed = callsSchema.safeParse(text === undefined ? {} : JSON.parse(text));
    return parsed.success ? parsed.data : {};
  }

  function store(all: Record<string, number[]>): void {
    facts.set(factKey, JSON.stringify(all)).catch((err: unknown) => {
      log.warn({ err }, 'how much was sent to a channel could not be stored for the next start');
    });
  }

  /** Those of the last window; in the first one with those that an earlier process may not have stored. */
  function recent(bucket: string): number[] {
    const known = (calls.get(bucket) ?? []).filter((atMs) => clock.now() - atMs < windowMs);
    const isStart = isFollower && clock.now() - startedAtMs < windowMs;
    const isKnown = (before[bucket] ?? []).some((atMs) => clock.now() - atMs < windowMs);
    return isStart && !isKnown ? [...Array.from({ length: unstored }, () => startedAtMs), ...known] : known;
  }

  /** How long to wait, in milliseconds. */
  function roomInMs(kind: string, bucket: string): number {
    // Later discord.js knows better, also where Discord's limit is another one.
    const untilMs = Math.max(startedAtMs, firstAtMs.get(kind) ?? Number.POSITIVE_INFINITY) + windowMs;
    if (!isFollower || clock.now() >= untilMs) return 0;
    const inTheWay = recent(bucket).at(-limit);
    return inTheWay === undefined ? 0 : inTheWay + windowMs - clock.now();
  }

  function note(bucket: string): void {
    const known = (calls.get(bucket) ?? []).filter((atMs) => clock.now() - atMs < windowMs);
    calls.set(bucket, [...known, clock.now()]);
    if (known.length < unstored) return;
    for (const [each, times] of calls) if (clock.now() - times.at(-1)! >= windowMs) calls.delete(each);
    // Before it is sent.
    store(Object.fromEntries([...calls].filter(([, times]) => times.length > unstored)));
  }

  return {
    async send({ method, fullRoute }, send) {
      const [, channelId, messagePart] = channelRoute.exec(fullRoute) ?? [];
      if (channelId === undefined || (method !== 'POST' && method !== 'PATCH')) return send();
      const kind = messagePart === undefined ? method : `${method} one`;
      const bucket = `${kind} ${channelId}`;
      for (let inMs = roomInMs(kind, bucket); inMs > 0; inMs = roomInMs(kind, bucket)) await sleep(clock, inMs);
      if (!firstAtMs.has(kind)) firstAtMs.set(kind, clock.now());
      note(bucket);
      return send();
    },
  };
}
