import type { Job } from '../storage/job.ts';
import type { Clip, RenderProgress } from '../worker/types.ts';

export type { Clip };

/** A waiting job's place. Times are milliseconds since 1970, undefined while nothing was measured. */
export interface QueuePosition {
  /** 1 is the next to run. */
  position: number;
  /** How many wait, this one included. */
  waiting: number;
  startsAtMs: number | undefined;
  endsAtMs: number | undefined;
  /** This machine cannot make clips at the moment; the operator knows. */
  isHostPaused?: true;
}

/** A running job's news. */
export interface JobProgress extends RenderProgress {
  /** How much of the whole job is done, from 0 to below 1; never less than it was. */
  share: number;
  /** Milliseconds since 1970; undefined while nothing was measured. */
  endsAtMs: number | undefined;
}

/**
 * How news of jobs goes back to the handler they came through. The queue calls it; the bot implements it.
 * Whatever a method throws is logged; only {@link JobListener.deliver} decides about the job.
 */
export interface JobListener {
  /** The job waits, and its place is new. */
  waiting(job: Job, place: QueuePosition): void;
  /** The job runs. Called often. */
  progress(job: Job, progress: JobProgress): void;
  /** A small animated WebP of the running job's clip as the model guesses it at this moment. Left out: nobody looks on. */
  preview?(job: Job, bytes: Uint8Array): void;
  /** Whether {@link JobListener.preview} would show anything; asked before an attempt begins. Left out: no. */
  wantsPreview?(job: Job): Promise<boolean>;
  /**
   * Tries once to bring the clip to the requester; resolves when it is there. Called again after a rejection and after a
   * restart in mid-delivery. `signal` is aborted when the bot goes down: give up soon, the clip is kept.
   * Rejects with UserError `clip-undeliverable` where every way is closed: the clip is then kept for its requester. Any
   * other error of scope `job` ends the job; all others lead to another try.
   */
  deliver(job: Job, clip: Clip, signal: AbortSignal): Promise<void>;
  /**
   * Resolves when the requester was told, or cannot be reached; rejects where it is to be tried again. Called again after
   * that, and after a restart that came before.
   */
  failed(job: Job, error: unknown): Promise<void>;
  /** Resolves as {@link JobListener.failed}. */
  cancelled(job: Job): Promise<void>;
  /** The bot is going down; the job is kept and goes on at the next start. */
  postponed(job: Job): void;
}
