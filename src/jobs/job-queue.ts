import PQueue from 'p-queue';
import { InferenceError, JobCancelledError, UserError } from '../errors.ts';
import type { Clip, Renderer, RenderProgress } from '../render/types.ts';
import { type Clock, pause } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import type { Admit, WaitingJob } from './admission.ts';
import { type Estimates, remainingSeconds } from './estimates.ts';
import { createFairLine } from './fair-line.ts';
import type { FinalJobState, Job, JobRequest, ModelFacts, NewJob } from './job.ts';
import type { JobListener, QueuePlace } from './job-listener.ts';
import type { JobStore } from './job-store.ts';
import { errorOf, type LastWord, lastWordOf } from './last-word.ts';
import { placesOf } from './places.ts';
import { hasAttemptLeft, renderJob } from './render-job.ts';

/** What a job queue is made of. */
export interface JobQueueOptions {
  store: JobStore;
  estimates: Estimates;
  renderer: Pick<Renderer, 'render'>;
  listener: JobListener;
  model: ModelFacts;
  clock: Clock;
  log: Log;
  /** Who may ask for what; default: everybody for everything. */
  admit?: Admit;
  /** Jobs that run at once: one per GPU. Default 1. */
  concurrency?: number;
  /** How long {@link JobQueue.close} lets running jobs finish. Default 0: they are broken off at once. */
  finishGraceMs?: number;
  /** How long {@link JobQueue.close} then waits for uploads and last words under way. Default 10,000. */
  closeGraceMs?: number;
}

/** `paused`: jobs are taken in, but none is begun. `draining`: none is taken in, what is there is done. */
export type QueueMode = 'open' | 'paused' | 'draining';

/** What the queue does at a moment. */
export interface QueueOverview {
  mode: QueueMode;
  running: { job: Job; endsAtMs: number | undefined }[];
  /** In the order in which they will run. */
  waiting: WaitingJob[];
}

/** What became of a wish to cancel. */
type CancelOutcome = 'cancelled' | 'too-late' | 'unknown';

/** Accepts jobs, runs them in fair order, and tells the listener what becomes of them. */
export interface JobQueue {
  /**
   * Says whether a request would be taken in now, without any effect: to be asked before its picture is fetched.
   * @throws UserError as {@link JobQueue.submit}, which looks again
   */
  check(request: JobRequest): void;
  /**
   * Stores the job, then queues it: when this returns, the job survives a crash.
   * @throws UserError the bot is going down, the queue is being drained, or what {@link Admit} throws
   */
  submit(job: NewJob): Job;
  find(id: string): Job | undefined;
  /** Ends a waiting or running job now. Who may do that is the caller's to decide. */
  cancel(id: string): CancelOutcome;
  overview(): QueueOverview;
  /** The place that a job would have that were submitted now; in fair order it may come to run sooner. */
  foresee(job: Pick<Job, 'settings' | 'parent'>): QueuePlace;
  /** From now on; waiting jobs learn their new times. */
  setMode(mode: QueueMode): void;
  /** Takes up what an earlier process left behind. Call once, when the listener can reach people. */
  resume(): void;
  /**
   * Takes no more jobs and begins none, gives the running ones their grace, then breaks them off and leaves them, with
   * the waiting ones, to the next start. Calls after the first wait for it.
   */
  close(): Promise<void>;
}

interface Run {
  job: Job;
  abort: AbortController;
  endsAtMs: number | undefined;
}

/** A shift of the running job's end that is worth telling those who wait. */
const noticeableShiftMs = 10_000;

/** The queue over a store and a renderer. */
export function createJobQueue(options: JobQueueOptions): JobQueue {
  const { store, estimates, renderer, listener, model, clock, log, concurrency = 1 } = options;
  const { admit = <Request extends JobRequest>(job: Request) => job } = options;
  const { finishGraceMs = 0, closeGraceMs = 10_000 } = options;
  /** Aborted when the graces are over. */
  const closing = new AbortController();
  let closed: Promise<void> | undefined;
  const line = createFairLine();
  let mode: QueueMode = 'open';
  const runs = new Map<string, Run>();
  /** Clips and last words on their way. */
  const deliveries = new Set<Promise<void>>();
  // p-queue holds one ticket per waiting job, not the jobs: who is next is decided when a renderer is free.
  const tickets = new PQueue({ concurrency });

  function tell(job: Job, news: () => void): void {
    try {
      news();
    } catch (err) {
      log.error({ jobId: job.id, err }, 'telling news failed');
    }
  }

  function placesFor(waiting: readonly Pick<Job, 'settings' | 'parent'>[]): QueuePlace[] {
    return placesOf({
      waiting,
      // Nobody knows how long a pause lasts.
      runningEndsAtMs: mode === 'paused' ? [undefined] : [...runs.values()].map((run) => run.endsAtMs),
      concurrency,
      nowMs: clock.now(),
      estimateOf: estimates.of,
      model,
    });
  }

  function waitingJobs(): WaitingJob[] {
    const waiting = line.jobs();
    const places = placesFor(waiting);
    return waiting.map((job, index) => ({ job, place: places[index]! }));
  }

  function tellPlaces(): void {
    for (const { job, place } of waitingJobs()) tell(job, () => listener.waiting(job, place));
  }

  function enqueue(job: Job): void {
    line.add(job);
    tickets.add(runNext).catch((err: unknown) => log.error({ err }, 'the queue broke'));
  }

  function end(id: string, state: FinalJobState, { error, untold }: { error?: unknown; untold?: LastWord } = {}): Job {
    const errorCode = error instanceof UserError ? error.code : error === undefined ? undefined : 'broken';
    const finishedAtMs = clock.now();
    const job = store.finish(id, { state, finishedAtMs, ...(errorCode && { errorCode }), ...(untold && { untold }) });
    log.info({ jobId: id, state, errorCode }, 'job ended');
    return job;
  }

  function fail(id: string, error: unknown): void {
    if (!(error instanceof UserError)) log.error({ jobId: id, err: error }, 'job failed');
    const job = end(id, 'failed', { error, untold: lastWordOf(error) });
    sayLast(job, () => listener.failed(job, error));
  }

  /** The store remembers that the requester has to be told until they were: the process may die in between. */
  function sayLast(job: Job, say: () => Promise<void>): void {
    track(async () => {
      try {
        await say();
        store.told(job.id);
      } catch (err) {
        log.error({ jobId: job.id, err }, 'telling news failed');
      }
    });
  }

  function track(work: () => Promise<void>): void {
    const done = work();
    deliveries.add(done);
    void done.finally(() => deliveries.delete(done));
  }

  async function runNext(): Promise<void> {
    if (closed) return;
    const job = line.take();
    if (job === undefined) return;
    const run: Run = { job, abort: new AbortController(), endsAtMs: undefined };
    runs.set(job.id, run);
    onProgress(run, { stage: 'prepare', step: 0, steps: 1, secondsPerStep: undefined });
    tellPlaces();
    try {
      const { signal } = run.abort;
      const clip = await renderJob(job.id, {
        store,
        renderer,
        log,
        signal,
        onProgress: (news) => onProgress(run, news),
      });
      if (signal.aborted) return;
      estimates.learn(job.settings, clip);
      startDelivery(store.keepClip(job.id, clip), clip);
    } catch (error) {
      // Whoever aborted has told the listener and the store.
      if (!run.abort.signal.aborted) fail(job.id, error);
    } finally {
      runs.delete(job.id);
    }
  }

  function onProgress(run: Run, progress: RenderProgress): void {
    if (run.abort.signal.aborted) return;
    const steps = run.job.settings.numInferenceSteps ?? model.defaults.numInferenceSteps;
    const isRendered = run.job.parent?.use !== 'finish';
    const seconds = isRendered ? remainingSeconds(progress, estimates.of(run.job.settings), { steps }) : undefined;
    const before = run.endsAtMs;
    if (seconds !== undefined) run.endsAtMs = clock.now() + seconds * 1000;
    tell(run.job, () => listener.progress(run.job, { ...progress, endsAtMs: run.endsAtMs }));
    const shifted = Math.abs((run.endsAtMs ?? 0) - (before ?? 0)) > noticeableShiftMs;
    if (shifted) tellPlaces();
  }

  function startDelivery(job: Job, clip: Clip): void {
    track(async () => {
      try {
        await listener.deliver(job, clip, closing.signal);
        end(job.id, 'done');
      } catch (error) {
        if (!closing.signal.aborted) fail(job.id, error);
      }
    });
  }

  function admitted<Request extends JobRequest>(request: Request): Request {
    if (closed) throw new UserError('going-down', 'The bot is restarting; ask again in a minute.');
    if (mode === 'draining') throw new UserError('draining', 'The operator lets no more jobs in for now.');
    return admit(request, waitingJobs());
  }

  return {
    find: store.find,
    check: (request) => void admitted(request),
    submit(newJob) {
      const job = store.add(admitted(newJob), clock.now());
      log.info({ jobId: job.id, userId: job.userId, guildId: job.guildId }, 'job accepted');
      enqueue(job);
      tellPlaces();
      return job;
    },
    foresee: (job) => placesFor([...line.jobs(), job]).at(-1)!,
    overview: () => ({
      mode,
      running: [...runs.values()].filter(({ abort }) => !abort.signal.aborted),
      waiting: waitingJobs(),
    }),
    setMode(newMode) {
      mode = newMode;
      if (mode === 'paused') tickets.pause();
      else tickets.start();
      log.info({ mode }, 'the queue has a new mode');
      tellPlaces();
    },
    cancel(id) {
      const job = store.find(id);
      if (job === undefined) return 'unknown';
      const run = runs.get(id);
      if (!line.remove(id) && (run === undefined || job.state !== 'running')) return 'too-late';
      run?.abort.abort(new JobCancelledError());
      const ended = end(id, 'cancelled', { untold: { kind: 'cancelled' } });
      sayLast(ended, () => listener.cancelled(ended));
      tellPlaces();
      return 'cancelled';
    },
    resume() {
      for (const { job, lastWord } of store.untold()) {
        const error = errorOf(lastWord);
        sayLast(job, () => (error ? listener.failed(job, error) : listener.cancelled(job)));
      }
      for (const job of store.unfinished()) {
        const clip = job.state === 'delivering' ? store.clip(job.id) : undefined;
        if (clip) startDelivery(job, clip);
        else if (job.state === 'queued') enqueue(job);
        else if (hasAttemptLeft(job)) enqueue(store.putBack(job.id, 'interrupted'));
        else fail(job.id, new InferenceError('interrupted', 'The process died twice while this job was running.'));
      }
      const waiting = line.jobs().length;
      if (waiting > 0) log.info({ jobs: waiting }, 'going on with waiting jobs');
      tellPlaces();
    },
    close() {
      closed ??= closeNow();
      return closed;
    },
  };

  async function finished(): Promise<void> {
    await tickets.onIdle();
    await Promise.all(deliveries);
  }

  async function closeNow(): Promise<void> {
    for (const job of line.jobs()) tell(job, () => listener.postponed(job));
    // A paused queue never becomes idle: first without tickets, then not paused.
    tickets.clear();
    tickets.start();
    if (finishGraceMs > 0) await Promise.race([finished(), pause(clock, finishGraceMs)]);
    closing.abort(new JobCancelledError('The bot is going down.'));
    for (const { job, abort } of runs.values()) {
      if (abort.signal.aborted) continue;
      abort.abort(closing.signal.reason);
      const kept = store.putBack(job.id, 'queued', { refundAttempt: true });
      tell(kept, () => listener.postponed(kept));
    }
    await tickets.onIdle();
    await Promise.race([Promise.all(deliveries), pause(clock, closeGraceMs)]);
  }
}
