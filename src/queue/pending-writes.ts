import PQueue from 'p-queue';
import { scopeOf } from '../errors.ts';
import type { Log } from '../util/log.ts';

/** A write that fails this often, for a reason that is not the disk's, is given up. */
const mostTries = 20;

/** Writes of the store, one at a time and in the order in which they were asked for. */
export interface PendingWrites {
  /**
   * A write that must happen sooner or later: now, or, where that fails or earlier writes wait, as soon as the store takes
   * writes again. Resolves after the first try, whatever came of it.
   */
  write(jobId: string, write: () => Promise<unknown>): Promise<void>;
  /**
   * A write that is made now or not at all, once all that waits was written. Rejects with the store's error, of this write
   * or of one that waits.
   */
  writeNow<Result>(write: () => Promise<Result>): Promise<Result>;
  /** Writes what waits, in order. Rejects with the store's error; what is left waits on. */
  flush(): Promise<void>;
  /** Resolves when no write is under way. Those that wait for the store to take writes again do so on. */
  onIdle(): Promise<void>;
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
  const turns = new PQueue({ concurrency: 1 });
  const waiting: { jobId: string; write: () => Promise<unknown>; tries: number }[] = [];

  async function writeWaiting(): Promise<void> {
    for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
      try {
        await next.write();
      } catch (error) {
        next.tries++;
        if (scopeOf(error) === 'host' || next.tries < mostTries) throw error;
        // One write that can never be made must not hold up all others: the job is taken up again at the next start.
        log.error({ job: next.jobId, err: error }, 'the store refused a write for good; it is given up');
      }
      waiting.shift();
    }
  }

  return {
    flush: () => turns.add(writeWaiting),
    onIdle: () => turns.onIdle(),
    writeNow: (write) =>
      turns.add(async () => {
        await writeWaiting();
        return write();
      }),
    write: (jobId, write) =>
      turns.add(async () => {
        waiting.push({ jobId, write, tries: 0 });
        try {
          await writeWaiting();
        } catch (error) {
          log.warn({ job: jobId, waiting: waiting.length, err: error }, 'the store could not write; trying again');
          onFailure(error);
        }
      }),
  };
}
