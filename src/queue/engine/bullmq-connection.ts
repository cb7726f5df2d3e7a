import { Redis } from 'ioredis';
import { z } from 'zod';
import { JobCancelledError } from '../../errors.ts';
import { renderStages } from '../../settings/clip.ts';
import type { Log } from '../../util/log.ts';
import { fromWireError, toWireError, wireErrorSchema } from '../../worker/wire-error.ts';
import type { Lane, Outcome } from './queue-engine.ts';

/** What both ends of the engine over BullMQ work with. */
export interface BullmqOptions {
  /** redis://user:password@host:port/database, or rediss:// */
  url: string;
  /** Before every key, so that several bots can share a server. Default `kinora`. */
  prefix?: string;
  log: Log;
  timing?: Partial<BullmqTiming>;
}

/** In milliseconds. A dead worker's task is with another one after at most lock + stalled check, and a second. */
export interface BullmqTiming {
  /** How long a worker may be silent before its task is given to another one. Renewed at half of it. */
  lock: number;
  /** Between two looks for silent workers. */
  stalledCheck: number;
  /** Between two announcements of a worker; it counts as gone after four. */
  announce: number;
  /** Between two looks at what workers there are and what became of tasks, besides news of them. */
  refresh: number;
  /** How long handing a task over may take. */
  hand: number;
}

/**
 * BullMQ's own lock of 30 s, checked every 30 s, gives a dead worker's task to another one after up to 60 s; these after
 * up to 15 s. An outage of Redis outlasts them, which costs nothing: the store's lease says who has a job.
 */
export const defaultTiming: BullmqTiming = {
  lock: 10_000,
  stalledCheck: 5_000,
  announce: 3_000,
  refresh: 3_000,
  hand: 3_000,
};

/** A task may fall silent so often, by BullMQ's count: it is the owner's store that counts attempts. */
export const maxStalledCount = 1_000;

/** Redis' keys and BullMQ's names under a prefix. */
export function namesUnder(prefix = 'kinora') {
  return {
    prefix,
    /** Where a group's tasks are; the nameless group's also carries what is said to and by all workers of the lane. */
    queue: (lane: Lane, group = '') => (group === '' ? lane : `${lane}-${group}`),
    /** BullMQ refuses ids that look like a number, and colons. */
    job: (id: string) => `k-${id}`,
    id: (job: string) => job.slice(2),
    /** Counts deliveries. */
    deliveries: `${prefix}:deliveries`,
    /** The names of workers that have ever announced themselves and were not seen to be gone. */
    workers: `${prefix}:workers`,
    worker: (name: string) => `${prefix}:worker:${name}`,
    events: (queue: string) => `${prefix}:${queue}:events`,
  };
}

/**
 * Connects to Redis, and again every second: ioredis' own waits grow to 20 s.
 * @param mustWait commands wait while Redis is away, as BullMQ's workers need it; else they fail at once
 */
export function connect(url: string, { log, mustWait }: { log: Log; mustWait: boolean }): Redis {
  const redis = new Redis(url, {
    maxRetriesPerRequest: null,
    enableOfflineQueue: mustWait,
    retryStrategy: () => 1_000,
    lazyConnect: false,
  });
  let isTold = false;
  redis.on('error', (err) => {
    if (!isTold) log.warn({ err }, 'Redis cannot be reached; trying again');
    isTold = true;
  });
  redis.on('ready', () => {
    isTold = false;
  });
  return redis;
}

const stage = z.enum(renderStages);
const number = z.number().int().positive();
const worker = z.string().min(1).max(200);

/** What travels as a job's progress. */
export const newsSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('begun'), number, worker }),
  z.object({
    type: z.literal('progress'),
    number,
    worker,
    stage,
    step: z.number().int().nonnegative(),
    steps: z.number().int().nonnegative(),
    secondsPerStep: z.number().nonnegative().optional(),
  }),
]);

/** What travels as a job's result. */
export const resultSchema = z.object({
  number,
  worker,
  outcome: z.discriminatedUnion('type', [
    z.object({ type: z.enum(['done', 'broken-off', 'lost']) }),
    z.object({ type: z.literal('failed'), at: z.enum(['worker', 'store']), error: wireErrorSchema }),
  ]),
});

/** How a worker announces itself. */
export const announcementSchema = z.object({
  name: worker,
  lane: z.enum(['render', 'encode']),
  styles: z.array(z.string().max(60)).max(1000).readonly().exactOptional(),
  facts: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
  unfit: z.string().max(1000).exactOptional(),
  /** The number of the delivery at which it failed last; 0: none. */
  failedAt: z.number().int().nonnegative(),
  /** The number of the delivery up to whose failure it was told to go on. */
  releasedAt: z.number().int().nonnegative(),
});

/** @see announcementSchema */
export type Announcement = z.output<typeof announcementSchema>;

/** An outcome as plain data. */
export function toWireOutcome(outcome: Outcome): z.input<typeof resultSchema>['outcome'] {
  return outcome.type === 'failed' ? { ...outcome, error: toWireError(outcome.error) } : outcome;
}

/** The outcome that {@link toWireOutcome} described. */
export function fromWireOutcome(outcome: z.output<typeof resultSchema>['outcome']): Outcome {
  if (outcome.type !== 'failed') return { type: outcome.type };
  return { type: 'failed', at: outcome.at, error: fromWireError(outcome.error) };
}

/**
 * Resolves once a new connection is ready, however long Redis is away.
 * @param options.others closed with it where the signal is aborted
 * @throws JobCancelledError the signal was aborted while Redis was away
 */
export async function waitForRedis(
  redis: Redis,
  { others, signal }: { others: readonly Redis[]; signal: AbortSignal | undefined },
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    redis.once('ready', resolve);
    const giveUp = () => {
      for (const each of [redis, ...others]) each.disconnect();
      reject(new JobCancelledError('Told to stop while Redis was away.'));
    };
    if (signal?.aborted) giveUp();
    signal?.addEventListener('abort', giveUp, { once: true });
    redis.once('ready', () => signal?.removeEventListener('abort', giveUp));
  });
}
