import type { Attempt } from '../storage/attempts.ts';
import type { HostFault } from '../storage/host-fault.ts';
import type { Job, JobRequest, NewJob } from '../storage/job.ts';
import type { RenderProgress } from '../worker/types.ts';
import type { WaitingJob } from './admission.ts';
import type { KnownWorker, Lane } from './engine/queue-engine.ts';
import type { JobAccess } from './job-access.ts';
import type { QueuePosition } from './job-listener.ts';
import type { EstimatedJob } from './render-work.ts';

/** `paused`: jobs are taken in, but none is begun. `draining`: none is taken in, what is there is done. */
export type QueueMode = 'open' | 'paused' | 'draining';

/** What the queue does at a moment. */
export interface QueueOverview {
  mode: QueueMode;
  /** Why nothing begins although the mode would let it: this machine is at fault. */
  hostFault: HostFault | undefined;
  running: { job: Job; endsAtMs: number | undefined }[];
  /** In the order in which they will run. */
  waiting: WaitingJob[];
}

/** What waits and runs in one lane. */
export interface LaneOverview {
  lane: Lane;
  /** In the order in which they will run. */
  waiting: Job[];
  running: Job[];
  /** Who does each of them, in the same order; undefined where nobody has begun. */
  runningAt: (string | undefined)[];
  /** How many may run at once: those that are well. */
  workers: number;
  /** Those of them that have nothing to do. */
  idle: string[];
}

/** A worker, and what it does. */
export interface WorkerOverview extends Omit<KnownWorker, 'isHeld'> {
  /** Why it takes no jobs. */
  fault: HostFault | undefined;
  job: Job | undefined;
}

/** What becomes of jobs. No function may throw. */
export interface JobRunnerEvents {
  /** The job runs, at this worker. Called often, the first time when it begins. */
  progress(job: Job, progress: RenderProgress, worker: string): void;
  /** A running job's clip as the model guesses it at this moment: a small animated WebP. */
  preview(job: Job, bytes: Uint8Array): void;
  /** Whether anybody would see previews of the job. */
  wantsPreview(job: Job): Promise<boolean>;
  /** A job began, ended or was put back, or there are more or fewer workers. */
  positionsChanged(): void;
  /** The clip is in the store. */
  rendered(job: Job): void;
  /** The attempt is undefined where the job could not even be claimed. */
  failed(job: Job, error: unknown, attempt: Attempt | undefined): void;
  /** The host or one of its workers began or ceased to be at fault; the host's fault, where it has one. */
  healthChanged(fault: HostFault | undefined): void;
}

/** What became of a request to cancel. */
type CancelOutcome = 'cancelled' | 'too-late' | 'unknown';

/** Accepts jobs, runs them in fair order, and tells the listener what becomes of them. */
export interface JobQueue {
  /**
   * Whether a job would be accepted now, before its picture is fetched. Changes nothing.
   * Rejects with the UserError that {@link JobQueue.submit} would reject with.
   */
  check(job: JobRequest): Promise<void>;
  /**
   * Stores the job, then queues it: when this resolves, the job survives a crash. Jobs are taken in one after another.
   * Rejects with UserError: the bot is going down, the queue is being drained, `storage-failed`, or what {@link Admit} rejects with
   */
  submit(job: NewJob): Promise<Job>;
  find(id: string): Promise<Job | undefined>;
  /** For those who render: what they may do with the jobs that they were given. */
  readonly access: JobAccess;
  /**
   * Ends a waiting or running job now; resolves when that was stored, or could not be at the first try. Who may do that is
   * the caller's to decide.
   */
  cancel(id: string): Promise<CancelOutcome>;
  /**
   * A running job begins anew at once, with another seed: what it has rendered is dropped, its place, its attempts and its
   * requester's quota stay as they are. False where it does not run, or began anew too often. Who may do that is the caller's to decide.
   */
  reseed(id: string): Promise<boolean>;
  overview(): QueueOverview;
  /** Of styles that jobs wait for and no worker has: the other jobs go on. */
  styleFaults(): readonly HostFault[];
  /** Who renders and encodes, in the order of their names, and what each of them does. */
  workers(): WorkerOverview[];
  /** The place that a job would have that were submitted now; in fair order it may come to run sooner. */
  estimatePosition(job: EstimatedJob): QueuePosition;
  /** From now on; waiting jobs learn their new times. `open` also tries at once whether the host is well again. */
  setMode(mode: QueueMode): void;
  /** Clips of a user that could not be posted anywhere, oldest first; kept until retention is over. */
  undelivered(userId: string): Promise<Job[]>;
  /** Brings such a clip to another address; false where it is not kept any more. */
  redeliver(id: string, address: unknown): Promise<boolean>;
  /** Discord is there again: what could not be delivered is tried now. */
  wake(): void;
  /**
   * Takes up what an earlier process left behind. Call once, when the listener can reach people, and before the first
   * {@link JobQueue.submit}, which then waits for it.
   */
  resume(): Promise<void>;
  /**
   * Takes no more jobs and begins none, gives the running ones their grace, then breaks them off and leaves them, with
   * the waiting ones, to the next start. Calls after the first wait for it.
   */
  close(): Promise<void>;
}
