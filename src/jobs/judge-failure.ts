import { type ErrorScope, scopeOf } from '../errors.ts';
import type { Job } from './job.ts';

/** A job that fails this often for a reason that nobody knows is given up: its picture or settings are to blame. */
export const maxAttempts = 2;

/** What becomes of a job whose attempt failed. `retry`: at once, with one attempt fewer left. */
export type Verdict = 'fail' | 'retry' | 'put-back';

/** Decides whose fault a failed attempt is. */
export interface FailureJudge {
  /** `put-back`: the host or the moment is at fault; the job keeps its place and its attempts. */
  judge(job: Pick<Job, 'id' | 'attempts'>, error: unknown): { verdict: Verdict; scope: ErrorScope };
  /** A job was rendered: what went wrong before was not the host's fault. */
  succeeded(): void;
}

/**
 * A judge of failed attempts. An error that names its scope is believed. Any other is the job's, for its first and second
 * attempt, until a second job in a row meets one too: then it is the host's.
 */
export function createFailureJudge(): FailureJudge {
  /** The job that met the latest error of unknown scope, while no job has succeeded since. */
  let unexplained: string | undefined;
  return {
    judge({ id, attempts }, error) {
      const scope = scopeOf(error);
      if (scope === 'job') return { verdict: 'fail', scope };
      if (scope !== undefined) return { verdict: 'put-back', scope };
      if (unexplained !== undefined && unexplained !== id) return { verdict: 'put-back', scope: 'host' };
      unexplained = id;
      return { verdict: attempts < maxAttempts ? 'retry' : 'fail', scope: 'job' };
    },
    succeeded() {
      unexplained = undefined;
    },
  };
}
