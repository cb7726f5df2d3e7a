import { InferenceError } from '../errors.ts';
import type { Attempt } from '../storage/attempts.ts';
import type { Job } from '../storage/job.ts';
import type { JobStore } from '../storage/job-store.ts';
import type { Clock } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import type { Clip } from '../worker/types.ts';
import type { Run } from './dispatcher.ts';
import type { Estimates } from './estimates.ts';
import type { JobAccess } from './job-access.ts';
import { maxAttempts } from './judge-failure.ts';
import type { PendingWrites } from './pending-writes.ts';
import { specOf } from './render-spec.ts';

/** What {@link createStoreAccess} works with. */
export interface StoreAccessOptions {
  store: JobStore;
  /** How the names begin of those who claim. */
  holder: string;
  writes: PendingWrites;
  estimates: Estimates;
  clock: Clock;
  log: Log;
  /** What was handed over of that id. */
  runOf: (id: string) => Run | undefined;
  /** The store has the clip. The run is undefined where the job was not handed over by this process, or is so no more. */
  onClip: (job: Job, run: Run | undefined) => void;
  /** How long a claim holds without a heartbeat, in milliseconds. */
  leaseMs: number;
}

/** The access to jobs of whoever owns the store. */
export interface StoreAccess extends JobAccess {
  /** The job has ended: its clip is not wanted any more. */
  forget(id: string): void;
}

/** Lets those render what was handed over who were given it, and nobody anything else. */
export function createStoreAccess(options: StoreAccessOptions): StoreAccess {
  const { store, holder, writes, estimates, clock, log, runOf, onClip, leaseMs } = options;
  /** Clips that the store could not keep yet: their jobs wait, and are stored instead of rendered when they run. */
  const unsaved = new Map<string, Clip>();

  async function keep(attempt: Attempt, clip: Clip): Promise<boolean> {
    const { jobId } = attempt;
    unsaved.set(jobId, clip);
    const job = await writes.writeNow(() => store.keepClip(attempt, clip, clock.now()));
    unsaved.delete(jobId);
    if (job === undefined) return false;
    const run = runWith(attempt) ?? runOf(jobId);
    delete run?.attempt;
    estimates.learn(job.settings, clip).catch((err: unknown) => {
      log.warn({ jobId, err }, 'nothing could be learnt from a clip');
    });
    onClip(job, run);
    return true;
  }

  /** What was handed over, as long as it is this attempt's. */
  function runWith({ jobId, number }: Attempt): Run | undefined {
    const run = runOf(jobId);
    return run?.attempt?.number === number ? run : undefined;
  }

  return {
    async claim(id, worker) {
      const run = runOf(id);
      if (run === undefined || run.isOver) return undefined;
      const term = { nowMs: clock.now(), leaseMs };
      const claimed = await writes.writeNow(() => store.claim(id, { holder: `${holder} ${worker}`, ...term }));
      if (claimed === undefined) return undefined;
      const { attempt, job } = claimed;
      run.attempt = attempt;
      run.job = job;
      // Whoever had it before is gone, and this would be once too often: the job may be what they die of.
      if (job.attempts > maxAttempts) {
        throw new InferenceError('workers-died', 'Whoever rendered this job died, twice.', { scope: 'job' });
      }
      const clip = unsaved.get(id);
      if (clip !== undefined) {
        await keep(attempt, clip);
        return undefined;
      }
      const expected = estimates.of(job.settings);
      return { attempt, job, leaseMs, spec: await specOf(job, store), ...(expected && { expected }) };
    },
    heartbeat: (attempt) => store.heartbeat(attempt, { nowMs: clock.now(), leaseMs }),
    async saveCheckpoint(attempt, bytes) {
      const saving = store.saveCheckpoint(attempt, bytes);
      const run = runWith(attempt);
      if (run) run.saving = saving.catch(() => {});
      await saving;
    },
    keepClip: keep,
    async giveBack(attempt) {
      const run = runWith(attempt);
      await writes.writeNow(() => store.release(attempt, { isCounted: false }));
      if (run?.attempt === attempt) {
        delete run.attempt;
        run.job = { ...run.job, attempts: run.job.attempts - 1 };
      }
    },
    forget: (id) => void unsaved.delete(id),
  };
}
