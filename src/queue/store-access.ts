import { InferenceError, UserError } from '../errors.ts';
import { type Attempt, attemptFields } from '../storage/attempts.ts';
import { isRenderedBetween, type Job } from '../storage/job.ts';
import type { JobStore } from '../storage/job-store.ts';
import type { Clock } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import type { Clip, RenderSpec } from '../worker/types.ts';
import { stateOf } from '../worker/variation-states.ts';
import type { CircuitBreaker } from './circuit-breaker.ts';
import type { Dispatcher, Run } from './dispatcher.ts';
import type { Estimates } from './estimates.ts';
import type { JobAccess } from './job-access.ts';
import { type FailureJudge, maxAttempts } from './judge-failure.ts';
import type { PendingWrites } from './pending-writes.ts';
import type { JobRunnerEvents } from './types.ts';
import type { WorkersHealth } from './worker-health.ts';

/** What {@link createStoreAccess} works with. */
export interface StoreAccessOptions {
  store: JobStore;
  /** How the names begin of those who claim. */
  holder: string;
  writes: PendingWrites;
  estimates: Estimates;
  clock: Clock;
  log: Log;
  dispatcher: Pick<Dispatcher, 'run' | 'remove'>;
  health: Pick<WorkersHealth, 'succeeded'>;
  storage: Pick<CircuitBreaker, 'close'>;
  storageJudge: Pick<FailureJudge, 'succeeded'>;
  events: Pick<JobRunnerEvents, 'rendered' | 'preview' | 'wantsPreview'>;
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
  const { store, holder, writes, estimates, clock, log, leaseMs, dispatcher, health, storage, storageJudge, events } =
    options;
  /** Clips that the store could not keep yet: their jobs wait, and are stored instead of rendered when they run. */
  const unsaved = new Map<string, Clip>();

  async function keep(attempt: Attempt, clip: Clip): Promise<boolean> {
    const { jobId } = attempt;
    unsaved.set(jobId, clip);
    const job = await writes.writeNow(() => store.keepClip(attempt, clip, clock.now()));
    unsaved.delete(jobId);
    if (job === undefined) return false;
    // Undefined where the job was not handed over by this process, or is so no more.
    const run = dispatcher.run(jobId);
    delete run?.attempt;
    estimates.learn(job, clip, run?.worker).catch((err: unknown) => {
      log.warn({ ...attemptFields(attempt), err }, 'nothing could be learnt from a clip');
    });
    dispatcher.remove(jobId);
    if (run?.worker !== undefined) health.succeeded(run.worker, jobId);
    storageJudge.succeeded(jobId);
    storage.close();
    // Cancelled while it was stored: the end that follows takes the clip away. Broken off: the next start delivers it.
    const isWanted = !run?.isOver;
    // News of it may still be on their way.
    if (run) run.isOver = true;
    if (isWanted) events.rendered(job);
    return true;
  }

  /** What was handed over, as long as it is this attempt's. */
  function runWith({ jobId, number }: Attempt): Run | undefined {
    const run = dispatcher.run(jobId);
    return run?.attempt?.number === number ? run : undefined;
  }

  return {
    async claim(id, worker) {
      const run = dispatcher.run(id);
      if (run === undefined || run.isOver || run.restart) return undefined;
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
      const expected = estimates.of(job, worker);
      const wantsPreview = await events.wantsPreview(job);
      const spec = await specOf(job, store);
      return { attempt, leaseMs, spec, ...(expected && { expected }), ...(wantsPreview && { wantsPreview }) };
    },
    heartbeat: (attempt) => store.heartbeat(attempt, { nowMs: clock.now(), leaseMs }),
    async saveCheckpoint(attempt, bytes) {
      const saving = store.saveCheckpoint(attempt, bytes);
      const run = runWith(attempt);
      if (run) run.saving = saving.catch(() => {});
      await saving;
    },
    async showPreview(attempt, bytes) {
      if (!(await store.heartbeat(attempt, { nowMs: clock.now(), leaseMs }))) return;
      const run = dispatcher.run(attempt.jobId);
      if (run !== undefined && !run.isOver && !run.restart) events.preview(run.job, bytes);
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

/**
 * What a stored job asks of the renderer.
 *
 * Rejects with UserError `clip-expired`: it goes on from frames that are not kept any more; `picture-forgotten`: whoever handed
 * the picture in had it deleted
 * Rejects with InferenceError `picture-lost`: the store has lost it
 */
export async function specOf(job: Job, store: JobStore): Promise<RenderSpec> {
  const { id, settings, fit, form, parent, maxBytes } = job;
  const picture = await store.picture(id);
  const isEndNeeded = job.hasEndPicture === true && isRenderedBetween(job);
  const endPicture = isEndNeeded ? await store.endPicture(id) : undefined;
  if (picture === undefined || (isEndNeeded && endPicture === undefined)) throw await pictureGone(id, store);
  const checkpoint = (await store.checkpoint(id)) ?? (await variationOf(job, store));
  const spec = {
    picture,
    ...(endPicture && { endPicture }),
    settings,
    fit,
    maxBytes,
    keepMaster: true,
    ...(form && { form }),
    ...(checkpoint && { checkpoint }),
  };
  if (parent === undefined || parent.use === 'render') return spec;
  const clip = await store.clip(parent.id);
  if (clip?.master === undefined) {
    throw new UserError('clip-expired', `The frames of job ${parent.id} are not kept any more.`);
  }
  const { settings: made, model, provider, extended } = clip;
  // Frames of a seamless loop in another form end with the picture all the same, which is then a last picture like another.
  const wasSeamless = clip.form.loop === 'seamless' && form?.loop !== 'seamless';
  const hasEndPicture = clip.hasEndPicture ?? (wasSeamless ? true : undefined);
  const metadata = {
    settings: made,
    model,
    provider,
    ...(extended && { extended }),
    ...(hasEndPicture && { hasEndPicture }),
  };
  return { ...spec, base: { master: clip.master, use: parent.use, metadata } };
}

/** How far the variation had come that a job goes on from. Without it the job begins anew, and gives the same clip. */
async function variationOf({ parent }: Job, store: JobStore): Promise<Uint8Array | undefined> {
  if (parent?.variation === undefined) return undefined;
  const states = (await store.clip(parent.id))?.master;
  return states && stateOf(states, parent.variation.number);
}

async function pictureGone(id: string, store: JobStore): Promise<Error> {
  if (await store.pictureWasForgotten(id)) {
    return new UserError('picture-forgotten', 'The person who handed the picture in had it deleted.');
  }
  return new InferenceError('picture-lost', `The picture of job ${id} is not in the store.`, { scope: 'job' });
}
