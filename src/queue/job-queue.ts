import { InferenceError, JobCancelledError, scopeOf, UserError } from '../errors.ts';
import { errorOf, type FinalNotice, finalNoticeOf } from '../storage/final-notice.ts';
import type { HostFault } from '../storage/host-fault.ts';
import type { FinalJobState, Job, JobRequest, ModelCapabilities, NewJob } from '../storage/job.ts';
import type { JobStore } from '../storage/job-store.ts';
import { type Clock, sleep } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import type { Renderer, RenderProgress } from '../worker/types.ts';
import type { Admit, WaitingJob } from './admission.ts';
import { createDeliveries } from './deliveries.ts';
import { type Estimates, remainingSeconds } from './estimates.ts';
import type { JobListener, QueuePosition } from './job-listener.ts';
import { createJobRunner } from './job-runner.ts';
import { maxAttempts } from './judge-failure.ts';
import { positionsOf } from './queue-positions.ts';
import type { JobQueue, QueueMode } from './types.ts';

/** What a job queue is made of. */
export interface JobQueueOptions {
  store: JobStore;
  estimates: Estimates;
  renderer: Pick<Renderer, 'render'>;
  listener: JobListener;
  model: ModelCapabilities;
  clock: Clock;
  log: Log;
  /** Who may ask for what; default: everybody for everything. */
  admit?: Admit;
  /** Jobs that run at once: one per GPU. Default 1. */
  concurrency?: number;
  /** How long a finished clip is tried to be delivered. Default a week. */
  retentionMs?: number;
  /** The host began or ceased to be at fault: for what outlives the process. */
  onHostFault?: (fault: HostFault | undefined) => void;
  /** For the jitter of waits between two deliveries of the same thing. Default `Math.random`. */
  random?: (() => number) | undefined;
  /** How long {@link JobQueue.close} lets running jobs finish. Default 0: they are broken off at once. */
  finishGraceMs?: number;
  /** How long {@link JobQueue.close} then waits for uploads and final notices under way. Default 10,000. */
  closeGraceMs?: number;
}

/** A shift of the running job's end that is worth telling those who wait. */
const noticeableShiftMs = 10_000;

/** The queue over a store and a renderer. */
export function createJobQueue(options: JobQueueOptions): JobQueue {
  const { store, estimates, renderer, listener, model, clock, log, concurrency = 1 } = options;
  const {
    admit = <Request extends JobRequest>(job: Request) => job,
    onHostFault = () => {},
    retentionMs = 168 * 3_600_000,
  } = options;
  const { finishGraceMs = 0, closeGraceMs = 10_000 } = options;
  /** Aborted when the graces are over. */
  const closing = new AbortController();
  let closed: Promise<void> | undefined;
  let mode: QueueMode = 'open';
  /** When each running job is expected to end, in milliseconds since 1970. */
  const endsAtMs = new Map<string, number>();
  const deliveries = createDeliveries({ clock, log, signal: closing.signal, retentionMs, random: options.random });
  const runner = createJobRunner({
    store,
    estimates,
    renderer,
    clock,
    log,
    concurrency,
    events: {
      progress: onProgress,
      positionsChanged: sendPositions,
      rendered: deliver,
      failed: fail,
      hostFault(fault) {
        attempt('remembering the fault', undefined, () => onHostFault(fault));
        sendPositions();
      },
    },
  });
  const { writes } = runner;

  /** Does what nothing depends on; a failure is logged. */
  function attempt(what: string, jobId: string | undefined, work: () => void): void {
    try {
      work();
    } catch (err) {
      log.error({ jobId, err }, `${what} failed`);
    }
  }

  function emit(job: Job, event: () => void): void {
    attempt('telling news', job.id, event);
  }

  function runningEnds(): (number | undefined)[] {
    // Nobody knows how long a pause lasts.
    if (mode === 'paused' || runner.hostFault()) return [undefined];
    return runner.running().map(({ id }) => endsAtMs.get(id));
  }

  function positionsFor(waiting: readonly Pick<Job, 'settings' | 'parent'>[]): QueuePosition[] {
    const places = positionsOf({
      waiting,
      concurrency,
      model,
      runningEndsAtMs: runningEnds(),
      nowMs: clock.now(),
      estimateOf: estimates.of,
    });
    return runner.hostFault() ? places.map((place) => ({ ...place, isHostPaused: true })) : places;
  }

  function waitingJobs(): WaitingJob[] {
    const waiting = runner.waiting();
    const places = positionsFor(waiting);
    return waiting.map((job, index) => ({ job, place: places[index]! }));
  }

  function sendPositions(): void {
    for (const { job, place } of waitingJobs()) emit(job, () => listener.waiting(job, place));
  }

  function onProgress(job: Job, progress: RenderProgress): void {
    const steps = job.settings.numInferenceSteps ?? model.defaults.numInferenceSteps;
    const isRendered = job.parent?.use !== 'finish';
    const seconds = isRendered ? remainingSeconds(progress, estimates.of(job.settings), { steps }) : undefined;
    const before = endsAtMs.get(job.id);
    if (seconds !== undefined) endsAtMs.set(job.id, clock.now() + seconds * 1000);
    const after = endsAtMs.get(job.id);
    emit(job, () => listener.progress(job, { ...progress, endsAtMs: after }));
    if (Math.abs((after ?? 0) - (before ?? 0)) > noticeableShiftMs) sendPositions();
  }

  function end(
    job: Job,
    state: FinalJobState,
    { error, pendingNotice }: { error?: unknown; pendingNotice?: FinalNotice } = {},
  ): void {
    const errorCode = error instanceof UserError ? error.code : error === undefined ? undefined : 'broken';
    const finishedAtMs = clock.now();
    endsAtMs.delete(job.id);
    writes.write(job.id, () =>
      store.finish(job.id, {
        state,
        finishedAtMs,
        ...(errorCode && { errorCode }),
        ...(pendingNotice && { pendingNotice }),
      }),
    );
    log.info({ jobId: job.id, state, errorCode }, 'job ended');
  }

  function fail(job: Job, error: unknown): void {
    if (!(error instanceof UserError)) log.error({ jobId: job.id, err: error }, 'job failed');
    end(job, 'failed', { error, pendingNotice: finalNoticeOf(error) });
    notify(job, clock.now(), () => listener.failed({ ...job, state: 'failed' }, error));
  }

  /** The store remembers that the requester has to be told until they were: the process may die in between. */
  function notify(job: Job, sinceMs: number, send: () => Promise<void>): void {
    deliveries.notice(job, { sinceMs, send, notified: () => writes.write(job.id, () => store.notified(job.id)) });
  }

  function deliver(job: Job): void {
    endsAtMs.delete(job.id);
    deliveries.clip(job, {
      read: () => store.clip(job.id),
      send: (clip) => listener.deliver(job, clip, closing.signal),
      delivered: () => end(job, 'done'),
      failed: (error) => fail(job, error),
      undeliverable(err) {
        log.warn({ jobId: job.id, err }, 'the clip could not be posted anywhere; it is kept for its requester');
        writes.write(job.id, () => store.keepUndelivered(job.id));
        // Words may get through where files do not. They are not kept: `/queue` says the same.
        const notice = new UserError('clip-undeliverable', 'The clip is kept; /queue offers it.');
        const send = () => listener.failed(job, notice);
        deliveries.notice(job, { sinceMs: clock.now(), send, notified: () => {} });
      },
    });
  }

  function refuseIfNotOpen(): void {
    if (closed) throw new UserError('going-down', 'The bot is restarting; ask again in a minute.');
    if (mode === 'draining') throw new UserError('draining', 'The operator lets no more jobs in for now.');
  }

  function add(job: NewJob): Job {
    try {
      return store.add(job, clock.now());
    } catch (cause) {
      if (cause instanceof UserError) throw cause;
      if (scopeOf(cause) === 'host') runner.reportHostFault(cause);
      throw new UserError('storage-failed', 'The job could not be stored, so it was not accepted.', { cause });
    }
  }

  return {
    find: store.find,
    undelivered: store.undelivered,
    wake: deliveries.wake,
    check(job) {
      refuseIfNotOpen();
      admit(job, waitingJobs());
    },
    submit(newJob) {
      refuseIfNotOpen();
      const job = add(admit(newJob, waitingJobs()));
      log.info({ jobId: job.id, userId: job.userId, guildId: job.guildId }, 'job accepted');
      runner.add(job);
      sendPositions();
      return job;
    },
    estimatePosition: (job) => positionsFor([...runner.waiting(), job]).at(-1)!,
    overview: () => ({
      mode,
      hostFault: runner.hostFault(),
      waiting: waitingJobs(),
      running: runner.running().map((job) => ({ job, endsAtMs: endsAtMs.get(job.id) })),
    }),
    setMode(newMode) {
      mode = newMode;
      log.info({ mode }, 'the queue has a new mode');
      runner.setPaused(mode === 'paused');
      if (mode === 'open') runner.tryNow();
      sendPositions();
    },
    redeliver(id, address) {
      if (store.find(id)?.state !== 'undelivered' || store.clip(id) === undefined) return false;
      deliver(store.readdress(id, address));
      return true;
    },
    cancel(id) {
      const job = runner.cancel(id);
      if (job === undefined) return store.find(id) === undefined ? 'unknown' : 'too-late';
      end(job, 'cancelled', { pendingNotice: { kind: 'cancelled' } });
      notify(job, clock.now(), () => listener.cancelled({ ...job, state: 'cancelled' }));
      sendPositions();
      return 'cancelled';
    },
    resume() {
      attempt('remembering that there is no fault', undefined, () => onHostFault(undefined));
      for (const { id, problem } of store.damaged()) {
        log.error({ jobId: id, problem }, 'a stored job cannot be read; it is set aside, the others go on');
      }
      for (const { job, finalNotice } of store.pendingNotices()) {
        const error = errorOf(finalNotice);
        notify(job, job.finishedAtMs ?? job.createdAtMs, () =>
          error ? listener.failed(job, error) : listener.cancelled(job),
        );
      }
      // What was broken off comes first: the first job that is taken up begins at once.
      const isBrokenOff = ({ state }: Job) => state === 'running' || state === 'interrupted';
      const unfinished = store.unfinished();
      for (const job of [...unfinished.filter(isBrokenOff), ...unfinished.filter((job) => !isBrokenOff(job))])
        takeUp(job);
      const waiting = runner.waiting().length;
      if (waiting > 0) log.info({ jobs: waiting }, 'going on with waiting jobs');
      sendPositions();
    },
    close() {
      closed ??= closeNow();
      return closed;
    },
  };

  function takeUp(job: Job): void {
    if (job.state === 'delivering' && store.clip(job.id)) deliver(job);
    else if (job.state === 'queued' || job.state === 'interrupted') runner.add(job);
    else if (job.attempts >= maxAttempts) {
      fail(job, new InferenceError('interrupted', 'The process died twice while this job was running.'));
    } else {
      writes.write(job.id, () => store.putBack(job.id, 'interrupted'));
      runner.add({ ...job, state: 'interrupted' });
    }
  }

  async function finished(): Promise<void> {
    await runner.onIdle();
    await deliveries.onIdle();
  }

  async function closeNow(): Promise<void> {
    for (const job of runner.waiting()) emit(job, () => listener.postponed(job));
    runner.stop();
    if (finishGraceMs > 0) await Promise.race([finished(), sleep(clock, finishGraceMs)]);
    const reason = new JobCancelledError('The bot is going down.');
    closing.abort(reason);
    for (const job of runner.interrupt(reason)) emit(job, () => listener.postponed(job));
    await runner.onIdle();
    await Promise.race([deliveries.onIdle(), sleep(clock, closeGraceMs)]);
  }
}
