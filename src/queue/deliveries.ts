import PQueue from 'p-queue';
import { scopeOf, UserError } from '../errors.ts';
import type { Job } from '../storage/job.ts';
import type { JobStore } from '../storage/job-store.ts';
import type { Clock } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import { createWaker, type RetryOptions, type RetryPolicy, retry } from '../util/retry.ts';
import type { JobListener } from './job-listener.ts';

/** What {@link createDeliveries} works with. */
export interface DeliveriesOptions {
  clock: Clock;
  log: Log;
  store: Pick<JobStore, 'clip'>;
  listener: Pick<JobListener, 'deliver'>;
  /** Aborted when the bot goes down: what is not delivered is kept for the next start. */
  signal: AbortSignal;
  /** How long a clip, or the news of a job's end, is tried to be delivered. */
  retentionMs: number;
  /** For the jitter of the waits. Default `Math.random`. */
  random?: (() => number) | undefined;
}

/**
 * How bringing a clip ended. `undeliverable`: every way to the requester is closed, or no try succeeded for a reason that
 * nobody knows; the clip is to be kept. `failed`: the job is to end with the error; retention is over, or no limit can
 * hold the clip.
 */
export type DeliveryOutcome = { kind: 'delivered' } | { kind: 'undeliverable' | 'failed'; error: unknown };

/** The news of a job's end on its way. */
interface NoticeDelivery {
  /** When the job ended. */
  sinceMs: number;
  /** One try. Rejects where it is to be tried again. */
  send: () => Promise<void>;
  notified: () => Promise<void>;
}

/** Brings clips and final notices to their requesters, however long Discord is away. */
export interface Deliveries {
  /** Brings a rendered job's clip. `conclude` stores the outcome; it is not called where the bot goes down before. */
  clip(job: Job, conclude: (outcome: DeliveryOutcome) => Promise<void>): void;
  notice(job: Job, notice: NoticeDelivery): void;
  /** Discord is there again: tries everything that waits now. */
  wake(): void;
  /** Resolves when nothing is under way. What waits for its next try ends with `signal`. */
  onIdle(): Promise<void>;
}

/** From 1 s to 5 min; the last wait goes on for as long as the clip is kept. */
const policy: RetryPolicy = { firstMs: 1_000, factor: 2.6, maxMs: 300_000 };

/** So many failures are warned of; of a long outage one line per try is too much. */
const warnedFailures = 6;

/** An error that nobody knows is no outage: tried so often, then the clip is left for its requester to fetch. */
const mostUnexplainedTries = 8;

/** Uploads at once: each holds its clip in memory. */
const uploadsAtOnce = 4;

/** Deliveries that wait, in memory without their bytes. */
export function createDeliveries(options: DeliveriesOptions): Deliveries {
  const { store, listener, clock, log, signal, retentionMs, random } = options;
  const uploads = new PQueue({ concurrency: uploadsAtOnce });
  const underWay = new Set<Promise<void>>();
  const waker = createWaker();

  function track(job: Job, work: () => Promise<void>): void {
    const done = work().catch((err: unknown) => log.error({ jobId: job.id, err }, 'a delivery broke'));
    underWay.add(done);
    void done.then(() => underWay.delete(done));
  }

  function retryOptions(job: Job, shouldRetry: (error: unknown) => boolean): RetryOptions {
    return {
      policy,
      clock,
      signal,
      waker,
      random,
      shouldRetry,
      onRetry(err, { failures }) {
        const level = failures <= warnedFailures ? 'warn' : 'debug';
        log[level]({ jobId: job.id, tries: failures, err }, 'a delivery failed; trying again');
      },
    };
  }

  async function deliverClip(job: Job, conclude: (outcome: DeliveryOutcome) => Promise<void>): Promise<void> {
    const endsAtMs = (job.renderedAtMs ?? clock.now()) + retentionMs;
    let unexplained = 0;
    let isSent = false;
    const shouldRetry = (error: unknown) => {
      if (isSent) return false;
      if (scopeOf(error) === undefined) unexplained++;
      return scopeOf(error) !== 'job' && unexplained < mostUnexplainedTries && clock.now() < endsAtMs;
    };
    const sendKept = async () => {
      // Read anew for each try: an outage may hold many clips up.
      const clip = await store.clip(job.id);
      if (clip === undefined) return;
      await listener.deliver(job, clip, signal);
      isSent = true;
      // At once: a process that dies before this is written delivers again.
      await conclude({ kind: 'delivered' });
    };
    try {
      await retry(() => uploads.add(sendKept), retryOptions(job, shouldRetry));
    } catch (error) {
      if (isSent) throw error;
      if (signal.aborted) return;
      const scope = scopeOf(error);
      const isClosed = error instanceof UserError && error.code === 'clip-undeliverable';
      const isGivenUp = scope === undefined && unexplained >= mostUnexplainedTries;
      if (isClosed || isGivenUp) return conclude({ kind: 'undeliverable', error });
      if (scope === 'job') return conclude({ kind: 'failed', error });
      const late = new UserError('clip-expired', 'The clip could not be delivered in time.', { cause: error });
      return conclude({ kind: 'failed', error: late });
    }
  }

  async function notify(job: Job, { sinceMs, send, notified }: NoticeDelivery): Promise<void> {
    try {
      await retry(
        send,
        retryOptions(job, () => clock.now() < sinceMs + retentionMs),
      );
    } catch {
      if (signal.aborted) return;
      // Retention is over: nobody waits for it any more.
    }
    await notified();
  }

  return {
    clip: (job, conclude) => track(job, () => deliverClip(job, conclude)),
    notice: (job, notice) => track(job, () => notify(job, notice)),
    wake: waker.wake,
    async onIdle() {
      await Promise.all(underWay);
    },
  };
}
