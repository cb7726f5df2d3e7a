import PQueue from 'p-queue';
import { scopeOf, UserError } from '../errors.ts';
import type { Job } from '../storage/job.ts';
import { type Clock, sleep } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import type { Clip } from '../worker/types.ts';

/** What {@link createDeliveries} works with. */
export interface DeliveriesOptions {
  clock: Clock;
  log: Log;
  /** Aborted when the bot goes down: what is not delivered is kept for the next start. */
  signal: AbortSignal;
  /** How long a clip, or the news of a job's end, is tried to be delivered. */
  retentionMs: number;
}

/** A clip on its way. */
interface ClipDelivery {
  /** Reads the clip; undefined once it is not kept any more. Read anew for each try: an outage may hold many clips up. */
  read: () => Promise<Clip | undefined>;
  /** One try. */
  send: (clip: Clip) => Promise<void>;
  delivered: () => Promise<void>;
  /** Every way to the requester is closed, or no try succeeded for a reason that nobody knows. The clip is to be kept. */
  undeliverable: (error: unknown) => Promise<void>;
  /** The job is to end with this error: retention is over, or no limit can hold the clip. */
  failed: (error: unknown) => Promise<void>;
}

/** Brings clips and final notices to their requesters, however long Discord is away. */
export interface Deliveries {
  clip(job: Job, delivery: ClipDelivery): void;
  /** `send` rejects where it is to be tried again; `sinceMs` is when the job ended. */
  notice(job: Job, notice: { sinceMs: number; send: () => Promise<void>; notified: () => Promise<void> }): void;
  /** Discord is there again: tries everything that waits now. */
  wake(): void;
  /** Resolves when nothing is under way. What waits for its next try ends with `signal`. */
  onIdle(): Promise<void>;
}

/** Waits between two tries of the same thing; the last one goes on for as long as the clip is kept. */
const waitsMs: readonly number[] = [1_000, 3_000, 8_000, 20_000, 60_000, 120_000, 300_000];

/** An error that nobody knows is no outage: tried so often, then the clip is left for its requester to fetch. */
const mostUnexplainedTries = 8;

/** Uploads at once: each holds its clip in memory. */
const uploadsAtOnce = 4;

/** Deliveries that wait, in memory without their bytes. */
export function createDeliveries({ clock, log, signal, retentionMs }: DeliveriesOptions): Deliveries {
  const uploads = new PQueue({ concurrency: uploadsAtOnce });
  const underWay = new Set<Promise<void>>();
  let awake = new AbortController();

  function track(job: Job, work: () => Promise<void>): void {
    const done = work().catch((err: unknown) => log.error({ jobId: job.id, err }, 'a delivery broke'));
    underWay.add(done);
    void done.then(() => underWay.delete(done));
  }

  /** @returns false where the bot goes down */
  async function waitFor(tries: number): Promise<boolean> {
    await sleep(clock, waitsMs[Math.min(tries, waitsMs.length) - 1]!, AbortSignal.any([signal, awake.signal]));
    return !signal.aborted;
  }

  function warn(job: Job, tries: number, err: unknown): void {
    // The first tries in full; of a long outage one line per job is enough.
    const level = tries < waitsMs.length ? 'warn' : 'debug';
    log[level]({ jobId: job.id, tries, err }, 'a delivery failed; trying again');
  }

  async function deliverClip(job: Job, { read, send, delivered, undeliverable, failed }: ClipDelivery): Promise<void> {
    const endsAtMs = (job.renderedAtMs ?? clock.now()) + retentionMs;
    let unexplained = 0;
    for (let tries = 1; !signal.aborted; tries++) {
      const { isKept, error } = await uploads.add(() => tryOnce(read, send));
      if (error === undefined) return isKept ? delivered() : undefined;
      if (signal.aborted) return;
      const scope = scopeOf(error);
      if (error instanceof UserError && error.code === 'clip-undeliverable') return undeliverable(error);
      if (scope === 'job') return failed(error);
      if (scope === undefined && ++unexplained >= mostUnexplainedTries) return undeliverable(error);
      if (clock.now() >= endsAtMs) {
        return failed(new UserError('clip-expired', 'The clip could not be delivered in time.', { cause: error }));
      }
      warn(job, tries, error);
      if (!(await waitFor(tries))) return;
    }
  }

  async function tryOnce(
    read: ClipDelivery['read'],
    send: ClipDelivery['send'],
  ): Promise<{ isKept: boolean; error?: unknown }> {
    try {
      const clip = await read();
      if (clip !== undefined) await send(clip);
      return { isKept: clip !== undefined };
    } catch (error) {
      return { isKept: true, error: error ?? new Error('Rejected without an error.') };
    }
  }

  return {
    clip: (job, delivery) => track(job, () => deliverClip(job, delivery)),
    notice: (job, { sinceMs, send, notified }) =>
      track(job, async () => {
        for (let tries = 1; !signal.aborted; tries++) {
          const failure = await failureOf(send);
          if (failure === undefined) return notified();
          if (signal.aborted) return;
          if (clock.now() >= sinceMs + retentionMs) return notified();
          warn(job, tries, failure.error);
          if (!(await waitFor(tries))) return;
        }
      }),
    wake() {
      awake.abort();
      awake = new AbortController();
    },
    async onIdle() {
      await Promise.all(underWay);
    },
  };
}

async function failureOf(work: () => Promise<void>): Promise<{ error: unknown } | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    return { error };
  }
}
