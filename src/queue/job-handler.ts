import { InferenceError, JobCancelledError } from '../errors.ts';
import { type Attempt, attemptFields } from '../storage/attempts.ts';
import type { Clock } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import type { Clip, Renderer } from '../worker/types.ts';
import { createCheckpointSaver } from './checkpoint-saver.ts';
import type { Outcome, TaskHandler } from './engine/queue-engine.ts';
import type { ClaimedWork, JobAccess } from './job-access.ts';
import { keepLease } from './lease-keeper.ts';

/** What {@link createJobHandler} works with. */
export interface JobHandlerOptions {
  access: JobAccess;
  renderer: Pick<Renderer, 'render'>;
  clock: Clock;
  log: Log;
}

/** Claims the job of a task, renders it and hands the clip in: one attempt, on this host or another. */
export function createJobHandler({ access, renderer, clock, log }: JobHandlerOptions): TaskHandler {
  return async ({ id, worker, signal, progress }) => {
    let work: ClaimedWork | undefined;
    try {
      work = await access.claim(id, worker, { signal });
    } catch (error) {
      if (signal.aborted) return { type: 'broken-off' };
      // This worker cannot make what others can.
      const isUnfit = error instanceof InferenceError && error.code === 'worker-unfit';
      return { type: 'failed', at: isUnfit ? 'worker' : 'store', error };
    }
    if (work === undefined) return { type: 'lost' };
    const { attempt, spec, expected, leaseMs, wantsPreview } = work;
    // Cancelled, or broken off for the next start, while it was claimed.
    if (signal.aborted) return giveBack(attempt);
    const lost = new AbortController();
    const rendering = AbortSignal.any([signal, lost.signal]);
    let isKeeping = false;
    // While the clip is being stored the store itself says whether the attempt still counts.
    const onLost = () => isKeeping || lost.abort(new JobCancelledError('Another attempt has the job.'));
    const stopHeartbeats = keepLease(attempt, { leaseMs, heartbeat: access.heartbeat, clock, log, onLost });
    const checkpoints = createCheckpointSaver(
      (bytes) => access.saveCheckpoint(attempt, bytes),
      (err) => log.warn({ ...attemptFields(attempt), err }, 'a checkpoint could not be kept'),
    );
    // Shown or not, it costs the clip nothing.
    const onPreview = (bytes: Uint8Array) =>
      void access
        .showPreview(attempt, bytes)
        .catch((err: unknown) => log.debug({ job: id, err }, 'a preview could not be shown'));
    try {
      const clip = await renderer.render(spec, {
        signal: rendering,
        onProgress: progress,
        onCheckpoint: checkpoints.save,
        ...(wantsPreview && { onPreview }),
        ...(expected && { expected }),
      });
      if (lost.signal.aborted) return { type: 'lost' };
      if (signal.aborted) return await giveBack(attempt);
      isKeeping = true;
      return await handIn(attempt, clip);
    } catch (error) {
      // Whoever goes on with it starts from the latest.
      await checkpoints.onIdle();
      if (lost.signal.aborted) return { type: 'lost' };
      if (signal.aborted) return await giveBack(attempt);
      return { type: 'failed', at: 'worker', error };
    } finally {
      stopHeartbeats();
    }
  };

  async function handIn(attempt: Attempt, clip: Clip): Promise<Outcome> {
    try {
      return (await access.keepClip(attempt, clip)) ? { type: 'done' } : { type: 'lost' };
    } catch (error) {
      return { type: 'failed', at: 'store', error };
    }
  }

  async function giveBack(attempt: Attempt): Promise<Outcome> {
    try {
      await access.giveBack(attempt);
    } catch (err) {
      // Its lease runs out.
      log.warn({ ...attemptFields(attempt), err }, 'a job could not be given back');
    }
    return { type: 'broken-off' };
  }
}
