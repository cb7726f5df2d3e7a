import PQueue from 'p-queue';
import { scopeOf, UserError } from '../errors.ts';
import type { Attempt } from '../storage/attempts.ts';
import type { JobEnd } from '../storage/final-notice.ts';
import { type FinalNotice, finalNoticeOf } from '../storage/final-notice.ts';
import type { FinalJobState, Job } from '../storage/job.ts';
import type { JobStore } from '../storage/job-store.ts';
import type { Clock } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import { createWaker, type RetryOptions, type RetryPolicy, retry } from '../util/retry.ts';
import type { JobListener } from './job-listener.ts';
import type { PendingWrites } from './pending-writes.ts';

/** What {@link createJobEndings} works with. */
export interface JobEndingsOptions {
  store: Pick<JobStore, 'finish' | 'notified' | 'clip' | 'keepUndelivered'>;
  write: PendingWrites['write'];
  listener: Pick<JobListener, 'deliver' | 'failed'>;
  clock: Clock;
  log: Log;
  /** Aborted when the bot goes down: what is not delivered is kept for the next start. */
  signal: AbortSignal;
  /** How long a clip, or the news of a job's end, is tried to be delivered. */
  retentionMs: number;
  /** For the jitter of the waits. Default `Math.random`. */
  random?: (() => number) | undefined;
}

interface EndOptions {
  state: FinalJobState;
  error?: unknown;
  pendingNotice?: FinalNotice;
  /** Whose end it is; left out: the queue's own decision. */
  attempt?: Attempt;
}

/** The news of a job's end on its way. */
interface NoticeDelivery {
  /** When the job ended. */
  sinceMs: number;
  /** One try. Rejects where it is to be tried again. */
  send: () => Promise<void>;
  /** Whether the store remembers that the requester has to be told: the process may die in between. */
  isStored: boolean;
}

/** How jobs end: what the store keeps of that, and what their requesters are brought or told, however long Discord is away. */
export interface JobEndings {
  /**
   * Stores how a job ended; resolves when that was tried once, and goes on trying afterwards. False where the job had ended
   * already, or belongs to another attempt: then nobody is to be told.
   */
  end(job: Job, options: EndOptions): Promise<boolean>;
  /** Ends a job with an error, which its requester is told. */
  fail(job: Job, error: unknown, attempt?: Attempt): Promise<void>;
  /** Tells the requester of a stored end, since `sinceMs`. `send` is one try; it rejects where it is to be tried again. */
  notify(job: Job, sinceMs: number, send: () => Promise<void>): void;
  /** Brings a rendered job's clip. */
  deliver(job: Job): void;
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

/** Endings over a store and a listener. Clips that wait are in memory without their bytes. */
export function createJobEndings(options: JobEndingsOptions): JobEndings {
  const { store, write, listener, clock, log, signal, retentionMs, random } = options;
  const uploads = new PQueue({ concurrency: uploadsAtOnce });
  const underWay = new Set<Promise<void>>();
  const waker = createWaker();

  function track(job: Job, work: () => Promise<void>): void {
    const done = work().catch((err: unknown) => log.error({ job: job.id, err }, 'a delivery broke'));
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
        log[level]({ job: job.id, tries: failures, err }, 'a delivery failed; trying again');
      },
    };
  }

  async function end(job: Job, { state, error, pendingNotice, attempt }: EndOptions): Promise<boolean> {
    const errorCode = error instanceof UserError ? error.code : error === undefined ? undefined : 'broken';
    const jobEnd: JobEnd = {
      state,
      finishedAtMs: clock.now(),
      ...(errorCode && { errorCode }),
      ...(pendingNotice && { pendingNotice }),
      ...(attempt && { attempt }),
    };
    let isRefused = false;
    await write(job.id, async () => {
      isRefused = (await store.finish(job.id, jobEnd)) === undefined;
    });
    if (isRefused) log.warn({ job: job.id, state }, 'a job had ended already, or is rendered elsewhere; it stays so');
    else log.info({ job: job.id, state, errorCode, ms: jobEnd.finishedAtMs - job.createdAtMs }, 'job ended');
    return !isRefused;
  }

  async function fail(job: Job, error: unknown, attempt?: Attempt): Promise<void> {
    if (!(error instanceof UserError)) log.error({ job: job.id, err: error }, 'job failed');
    const pendingNotice = finalNoticeOf(error);
    if (!(await end(job, { state: 'failed', error, pendingNotice, ...(attempt && { attempt }) }))) return;
    const send = () => listener.failed({ ...job, state: 'failed' }, error);
    notify(job, { sinceMs: clock.now(), send, isStored: true });
  }

  function notify(job: Job, notice: NoticeDelivery): void {
    track(job, () => sendNotice(job, notice));
  }

  async function sendNotice(job: Job, { sinceMs, send, isStored }: NoticeDelivery): Promise<void> {
    try {
      await retry(
        send,
        retryOptions(job, () => clock.now() < sinceMs + retentionMs),
      );
    } catch {
      if (signal.aborted) return;
      // Retention is over: nobody waits for it any more.
    }
    if (isStored) await write(job.id, () => store.notified(job.id));
  }

  async function deliver(job: Job): Promise<void> {
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
      await end(job, { state: 'done' });
    };
    try {
      await retry(() => uploads.add(sendKept), retryOptions(job, shouldRetry));
    } catch (error) {
      if (isSent) throw error;
      if (signal.aborted) return;
      const isClosed = error instanceof UserError && error.code === 'clip-undeliverable';
      const isGivenUp = scopeOf(error) === undefined && unexplained >= mostUnexplainedTries;
      if (isClosed || isGivenUp) return keepUndelivered(job, error);
      if (scopeOf(error) === 'job') return fail(job, error);
      return fail(job, new UserError('clip-expired', 'The clip could not be delivered in time.', { cause: error }));
    }
  }

  async function keepUndelivered(job: Job, err: unknown): Promise<void> {
    log.warn({ job: job.id, err }, 'the clip could not be posted anywhere; it is kept for its requester');
    await write(job.id, () => store.keepUndelivered(job.id));
    // Words may get through where files do not. They are not stored: `/queue` says the same.
    const notice = new UserError('clip-undeliverable', 'The clip is kept; /queue offers it.');
    const send = () => listener.failed(job, notice);
    notify(job, { sinceMs: clock.now(), send, isStored: false });
  }

  return {
    end,
    fail,
    notify: (job, sinceMs, send) => notify(job, { sinceMs, send, isStored: true }),
    deliver(job) {
      track(job, () => deliver(job));
    },
    wake: waker.wake,
    async onIdle() {
      await Promise.all(underWay);
    },
  };
}
