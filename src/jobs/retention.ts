import type { Clock } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import type { JobStore } from './job-store.ts';
import { quotaPeriodMs, type UseStore } from './use-store.ts';

/** Between two looks for what has become old. */
const sweepEveryMs = 3_600_000;

/** What {@link startRetention} works with. */
export interface RetentionOptions {
  store: Pick<JobStore, 'expire'>;
  uses: Pick<UseStore, 'prune'>;
  retentionHours: number;
  clock: Clock;
  log: Log;
}

/** Deletes pictures and clips that are older than they may become: now, and every hour. Returns how to stop it. */
export function startRetention({ store, uses, retentionHours, clock, log }: RetentionOptions): () => void {
  let callOff = () => {};
  function sweep(): void {
    callOff = clock.after(sweepEveryMs, sweep);
    try {
      const jobs = store.expire(clock.now() - retentionHours * 3_600_000);
      uses.prune(clock.now() - quotaPeriodMs);
      if (jobs > 0) log.info({ jobs }, 'old pictures and clips deleted');
    } catch (err) {
      log.error({ err }, 'old pictures and clips could not be deleted; trying again in an hour');
    }
  }
  sweep();
  return () => callOff();
}
