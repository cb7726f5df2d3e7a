import type { Attempt } from '../storage/attempts.ts';
import type { Clip, ExpectedSeconds, RenderSpec } from '../worker/types.ts';

/** A job that was given to whoever asks, with all that rendering it takes. */
export interface ClaimedWork {
  attempt: Attempt;
  /** How long the claim holds without a heartbeat, in milliseconds. */
  leaseMs: number;
  spec: RenderSpec;
  /** How long a render of this kind is known to take. */
  expected?: ExpectedSeconds;
  /** Somebody looks on: {@link JobAccess.showPreview} is of use. */
  wantsPreview?: true;
}

/**
 * What somebody who renders may do with the job that they render, and nothing else. All of it carries the attempt, whose
 * fence is held against what the store has: of an attempt that is over, everything is refused.
 */
export interface JobAccess {
  /**
   * The right to render a job, for a lease's time. Undefined where there is nothing to render: somebody else has the job,
   * it has ended, or its clip is there already.
   * The signal ends what waits for an answer.
   * Rejects with UserError or InferenceError of scope `job` where it can never be rendered; other errors are the store's.
   */
  claim(jobId: string, worker: string, options?: { signal?: AbortSignal }): Promise<ClaimedWork | undefined>;
  /** Renews the lease; false where it is lost. */
  heartbeat(attempt: Attempt): Promise<boolean>;
  /** Keeps how far the rendering has come, instead of what was kept before. */
  saveCheckpoint(attempt: Attempt, bytes: Uint8Array): Promise<void>;
  /** Shows the clip as the model guesses it at this moment. Tried once; of an attempt that is over nothing is shown. */
  showPreview(attempt: Attempt, bytes: Uint8Array): Promise<void>;
  /** The clip is there. False where the attempt is lost. */
  keepClip(attempt: Attempt, clip: Clip): Promise<boolean>;
  /** Gives the job back unharmed, with no attempt lost. */
  giveBack(attempt: Attempt): Promise<void>;
}
