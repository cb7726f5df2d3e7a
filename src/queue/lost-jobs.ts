import type { Job } from '../storage/job.ts';
import type { JobStore } from '../storage/job-store.ts';
import type { Clock } from '../util/clock.ts';
import type { Log } from '../util/log.ts';

/** What {@link createLostJobs} works with. */
export interface LostJobsOptions {
  store: Pick<JobStore, 'find' | 'claimState'>;
  clock: Clock;
  log: Log;
  /** Between two looks, in milliseconds. */
  gapMs: number;
  /** Whether the job waits or was handed over by now. */
  isKnown: (id: string) => boolean;
  /** Nobody has the job any more. */
  onFree: (job: Job) => void;
}

/** Jobs that somebody else is said to have. */
export interface LostJobs {
  /** Looks now and then whether that is still so, until the job has ended. */
  watch(id: string): void;
  stop(): void;
}

/** Watches over jobs whose attempt here was refused: whoever had them may be gone, and its lease runs out. */
export function createLostJobs({ store, clock, log, gapMs, isKnown, onFree }: LostJobsOptions): LostJobs {
  const timers = new Map<string, () => void>();

  function watch(id: string): void {
    timers.get(id)?.();
    timers.set(
      id,
      clock.after(gapMs, () => void look(id)),
    );
  }

  async function look(id: string): Promise<void> {
    timers.delete(id);
    try {
      if (isKnown(id)) return;
      const state = await store.claimState(id, clock.now());
      if (state === 'held') watch(id);
      if (state !== 'free') return;
      const job = await store.find(id);
      if (job && !isKnown(id)) onFree({ ...job, state: 'interrupted' });
    } catch (err) {
      log.warn({ job: id, err }, 'a job that somebody else has could not be looked at; trying again');
      watch(id);
    }
  }

  return {
    watch,
    stop() {
      for (const cancel of timers.values()) cancel();
      timers.clear();
    },
  };
}
