import { scopeOf } from '../errors.ts';
import type { Job } from '../storage/job.ts';

/** A job that fails this often for a reason that nobody knows is given up: its picture or settings are to blame. */
export const maxAttempts = 2;

/** What becomes of a job whose attempt failed. `retry`: at once, with one attempt fewer left. */
type Verdict = 'fail' | 'retry' | 'put-back';

/** Decides whose fault a failed attempt is. */
export interface FailureJudge {
  /**
   * `put-back`: the host or the moment is at fault; the job keeps its place and its attempts.
   * `isHostSuspected`: the queue waits for the host already, and this was a trial.
   */
  judge(job: Pick<Job, 'id' | 'attempts'>, error: unknown, options: { isHostSuspected: boolean }): Verdict;
  /** A job was rendered: what other jobs met before was not the host's fault. */
  succeeded(id: string): void;
  /** The job whose failure stopped the queue last: a trial with another one tells more. */
  suspect(): string | undefined;
}

/**
 * A judge of failed attempts. An error that names its scope is believed, but for a fault of the host that one job alone
 * meets again and again while others are rendered: then it is that job's. An error without a scope is the job's, for its
 * first and second attempt, until a second job in a row meets one too: then it is the host's.
 */
export function createFailureJudge(): FailureJudge {
  /** The job that met the latest error of unknown scope, while no job has succeeded since. */
  let unexplained: string | undefined;
  let suspect: string | undefined;
  /** Jobs that were put back, and how often another job was rendered right after. */
  const refutations = new Map<string, { count: number; isNew: boolean }>();

  function putBack(id: string): Verdict {
    const { count } = refutations.get(id) ?? { count: 0 };
    if (count >= maxAttempts) {
      refutations.delete(id);
      return 'fail';
    }
    refutations.set(id, { count, isNew: true });
    suspect = id;
    return 'put-back';
  }

  return {
    judge({ id, attempts }, error, { isHostSuspected }) {
      const scope = scopeOf(error);
      if (scope === 'job') return 'fail';
      if (scope !== undefined || isHostSuspected) return putBack(id);
      if (unexplained !== undefined && unexplained !== id) return putBack(id);
      unexplained = id;
      return attempts < maxAttempts ? 'retry' : 'fail';
    },
    succeeded(id) {
      unexplained = undefined;
      suspect = undefined;
      refutations.delete(id);
      for (const [other, { count, isNew }] of refutations) {
        refutations.set(other, { count: isNew ? count + 1 : count, isNew: false });
      }
    },
    suspect: () => suspect,
  };
}
