import { scopeOf } from '../errors.ts';
import type { Log } from '../util/log.ts';

/** A write that fails this often, for a reason that is not the disk's, is given up. */
const mostTries = 20;

/** Writes of the store that must happen sooner or later, in order. */
export interface PendingWrites {
  /** Writes now, or, where that fails or earlier writes wait, as soon as the store takes writes again. */
  write(jobId: string, write: () => void): void;
  /**
   * Writes what waits, in order.
   * @throws the store's error; what is left waits on
   */
  flush(): void;
  /** How many wait. */
  size(): number;
}

/**
 * Keeps the ends of jobs that the store could not write, e.g. on a full disk: what happened has happened, whatever the
 * store says, and must not happen again. `onFailure` is told each time a write has to wait.
 */
export function createPendingWrites({
  log,
  onFailure,
}: {
  log: Log;
  onFailure: (error: unknown) => void;
}): PendingWrites {
  const waiting: { jobId: string; write: () => void; tries: number }[] = [];

  function flush(): void {
    for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
      try {
        next.write();
      } catch (error) {
        next.tries++;
        if (scopeOf(error) === 'host' || next.tries < mostTries) throw error;
        // One write that can never be made must not hold up all others: the job is taken up again at the next start.
        log.error({ jobId: next.jobId, err: error }, 'the store refused a write for good; it is given up');
      }
      waiting.shift();
    }
  }

  return {
    flush,
    size: () => waiting.length,
    write(jobId, write) {
      waiting.push({ jobId, write, tries: 0 });
      try {
        flush();
      } catch (error) {
        log.warn({ jobId, waiting: waiting.length, err: error }, 'the store could not write; trying again');
        onFailure(error);
      }
    },
  };
}
