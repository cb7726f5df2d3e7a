import type { JobStore } from '../storage/job-store.ts';
import type { UseStore } from '../storage/uses.ts';
import type { Clock } from '../util/clock.ts';
import type { Log } from '../util/log.ts';

/** Between two looks for what has become old. */
const sweepEveryMs = 3_600_000;

/** Jobs whose bytes are deleted in one go: overwriting a clip's megabytes takes some 20 ms, and the event loop waits. */
const jobsAtOnce = 2;

/** Between two goes. */
const gapMs = 100;

/** What {@link startRetention} works with. */
export interface RetentionOptions {
  store: Pick<JobStore, 'expire' | 'dropVariations'>;
  uses: Pick<UseStore, 'prune'>;
  retentionHours: number;
  clock: Clock;
  log: Log;
}

/** Between two looks for variations that nobody picked in time. */
const variationsEveryMs = 60_000;

/**
 * Deletes pictures and clips that are older than they may become, now and every hour, and variations that nobody picked,
 * every minute. Returns how to stop it.
 */
export function startRetention({ store, uses, retentionHours, clock, log }: RetentionOptions): () => void {
  let cancelTimer = () => {};
  let isStopped = false;

  function sweepLater(delayMs: number, jobs: number): void {
    if (!isStopped) cancelTimer = clock.after(delayMs, () => void sweep(jobs));
  }

  async function sweep(jobsBefore: number): Promise<void> {
    let jobs = jobsBefore;
    try {
      const nowMs = clock.now();
      const expired = await store.expire(nowMs - retentionHours * 3_600_000, { atMost: jobsAtOnce, nowMs });
      jobs += expired;
      if (expired === jobsAtOnce) return sweepLater(gapMs, jobs);
      await uses.prune(nowMs);
    } catch (err) {
      log.error({ err }, 'old pictures and clips could not be deleted; trying again in an hour');
    }
    if (jobs > 0) log.info({ jobs }, 'old pictures and clips deleted');
    sweepLater(sweepEveryMs, 0);
  }

  let cancelVariations = () => {};
  async function dropVariations(): Promise<void> {
    try {
      const jobs = await store.dropVariations(clock.now());
      if (jobs > 0) log.info({ jobs }, 'variations that nobody needs any more dropped');
    } catch (err) {
      log.error({ err }, 'variations could not be dropped; trying again in a minute');
    }
    if (!isStopped) cancelVariations = clock.after(variationsEveryMs, () => void dropVariations());
  }

  void sweep(0);
  void dropVariations();
  return () => {
    isStopped = true;
    cancelTimer();
    cancelVariations();
  };
}
