import { randomInt, randomUUID } from 'node:crypto';
import PQueue from 'p-queue';
import { JobCancelledError, scopeOf, UserError } from '../errors.ts';
import { styleId } from '../settings/style.ts';
import type { HostFault, WorkerFault } from '../storage/host-fault.ts';
import type { Job, JobRequest, ModelCapabilities, NewJob } from '../storage/job.ts';
import type { JobStore } from '../storage/job-store.ts';
import { type Clock, sleep } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import { flatMapInTurns, oncePerTurn } from '../util/turns.ts';
import type { RenderProgress } from '../worker/types.ts';
import type { Admit, WaitingJob } from './admission.ts';
import type { QueueEngine } from './engine/queue-engine.ts';
import type { Estimates } from './estimates.ts';
import { createJobEndings } from './job-endings.ts';
import type { JobListener, QueuePosition } from './job-listener.ts';
import { createProgressTracker, noticeableShiftMs, type ProgressTracker } from './job-progress.ts';
import { createJobRunner } from './job-runner.ts';
import { defaultLeaseMs, localHolders } from './lease-keeper.ts';
import { positionsInLane } from './queue-positions.ts';
import type { EstimatedJob } from './render-work.ts';
import { resumeJobs } from './resume-jobs.ts';
import type { JobQueue, LaneOverview, QueueMode } from './types.ts';

/** What a job queue is made of. */
export interface JobQueueOptions {
  store: JobStore;
  estimates: Estimates;
  /** Brings jobs to those who render them, by {@link JobQueue.access}. Used by this queue alone. */
  engine: QueueEngine;
  listener: JobListener;
  model: ModelCapabilities;
  clock: Clock;
  log: Log;
  /** Who may ask for what; default: everybody for everything. */
  admit?: Admit;
  /** How the names begin of who claims jobs, in the store: {@link localHolders}, then something of this process alone. */
  holder?: string;
  /** How long a claim holds without a heartbeat, in milliseconds. Default 15,000. */
  leaseMs?: number;
  /** How long a finished clip is tried to be delivered. Default a week. */
  retentionMs?: number;
  /** The host, or single workers, began or ceased to be at fault: for what outlives the process. */
  onHostFault?: (fault: HostFault | undefined, workers: readonly WorkerFault[]) => Promise<void>;
  /** For the jitter of waits between two deliveries of the same thing. Default `Math.random`. */
  random?: (() => number) | undefined;
  /** How long {@link JobQueue.close} lets running jobs finish. Default 0: they are broken off at once. */
  finishGraceMs?: number;
  /** How long {@link JobQueue.close} then waits for uploads and final notices under way. Default 10,000. */
  closeGraceMs?: number;
}

/** The queue over a store and a renderer. */
export function createJobQueue(options: JobQueueOptions): JobQueue {
  const { store, estimates, engine, listener, model, clock, log, leaseMs = defaultLeaseMs } = options;
  const {
    admit = async <Request extends JobRequest>(job: Request) => job,
    onHostFault = async () => {},
    holder = localHolders + randomUUID(),
    retentionMs = 168 * 3_600_000,
    finishGraceMs = 0,
    closeGraceMs = 10_000,
  } = options;
  const closing = new AbortController();
  let closed: Promise<void> | undefined;
  let mode: QueueMode = 'open';
  const trackers = new Map<string, ProgressTracker>();
  // One at a time: the limits count the job before, and arrival here is the order of arrival in the store.
  const submissions = new PQueue({ concurrency: 1 });
  const shared = { store, clock, log };
  const runner = createJobRunner({
    ...shared,
    engine,
    holder,
    leaseMs,
    estimates,
    styles: (model.styles ?? []).map(styleId),
    events: {
      progress: onProgress,
      preview: (job, bytes) => emit(job, () => listener.preview?.(job, bytes)),
      wantsPreview: async (job) => (await listener.wantsPreview?.(job)) ?? false,
      positionsChanged: sendPositions,
      rendered: (job) => deliver(job),
      failed: (job, error, attempt) => void fail(job, error, attempt),
      healthChanged(fault) {
        rememberHostFault(fault);
        sendPositions();
      },
    },
  });
  const endings = createJobEndings({
    ...shared,
    write: runner.writes.write,
    listener,
    signal: closing.signal,
    retentionMs,
    random: options.random,
  });
  const { end, fail, deliver } = endings;

  function emit(job: Job, event: () => void): void {
    try {
      event();
    } catch (err) {
      log.error({ job: job.id, err }, 'telling news failed');
    }
  }

  function rememberHostFault(fault: HostFault | undefined): void {
    // A style that is missing is told of beside the workers: it is theirs to have.
    const styleFaults = runner.styleFaults().map((each) => ({ ...each, worker: 'a style' }));
    onHostFault(fault, [...runner.workerFaults(), ...styleFaults]).catch((err: unknown) =>
      log.error({ err }, 'the state of this machine could not be stored'),
    );
  }

  function runningEnds({ running }: LaneOverview): (number | undefined)[] {
    // Nobody knows how long a pause lasts.
    if (mode === 'paused' || runner.hostFault()) return [undefined];
    return running.map(({ id }) => trackers.get(id)?.endsAtMs());
  }

  function positionsIn(lane: LaneOverview, waiting: readonly EstimatedJob[]): QueuePosition[] {
    const [runningEndsAtMs, isHostPaused] = [runningEnds(lane), runner.hostFault() !== undefined];
    const { isStranded } = runner;
    const known = { lane, runningEndsAtMs, estimates, isHostPaused, isStranded, model, nowMs: clock.now() };
    return positionsInLane(waiting, known);
  }

  // Reckoned once for all who ask in one turn of the event loop: where a thousand wait it takes milliseconds.
  const waitingJobs = oncePerTurn(() =>
    runner.lanes().flatMap((lane): WaitingJob[] => {
      const places = positionsIn(lane, lane.waiting);
      return lane.waiting.map((job, index) => ({ job, place: places[index]! }));
    }),
  );

  /** After everything that may change who waits, or how long. */
  function sendPositions(): void {
    waitingJobs.forget();
    const running = new Set(runner.lanes().flatMap((lane) => lane.running.map(({ id }) => id)));
    for (const id of trackers.keys()) if (!running.has(id)) trackers.delete(id);
    for (const { job, place } of waitingJobs()) emit(job, () => listener.waiting(job, place));
  }

  function onProgress(job: Job, progress: RenderProgress, worker: string): void {
    const known = { estimate: estimates.of(job, worker), upscaleSeconds: estimates.upscaleSeconds(job) };
    const tracker = trackers.get(job.id) ?? createProgressTracker({ job, model, ...known });
    trackers.set(job.id, tracker);
    const before = tracker.endsAtMs();
    const { share, endsAtMs: after } = tracker.at(progress, clock.now());
    emit(job, () => listener.progress(job, { ...progress, share, endsAtMs: after }));
    if (Math.abs((after ?? 0) - (before ?? 0)) > noticeableShiftMs) sendPositions();
  }

  function refuseIfNotOpen(): void {
    if (closed) throw new UserError('going-down', 'The bot is restarting; ask again in a minute.');
    if (mode === 'draining') throw new UserError('draining', 'The operator lets no more jobs in for now.');
  }

  async function takeIn(newJob: NewJob): Promise<Job> {
    refuseIfNotOpen();
    const admitted = await admit(newJob, waitingJobs());
    refuseIfNotOpen();
    const job = await stored(admitted);
    log.info({ job: job.id, userId: job.userId, guildId: job.guildId }, 'job accepted');
    runner.add(job);
    // It was being stored when the bot began to go down: accepted, and the next start's.
    if (closed) emit(job, () => listener.postponed(job));
    else sendPositions();
    return job;
  }

  async function stored(job: NewJob): Promise<Job> {
    try {
      return await store.add(job, clock.now());
    } catch (cause) {
      if (cause instanceof UserError) throw cause;
      if (scopeOf(cause) === 'host') runner.reportHostFault(cause);
      throw new UserError('storage-failed', 'The job could not be stored, so it was not accepted.', { cause });
    }
  }

  /** The job that was taken out or broken off, if the queue knows it. */
  async function takeOut(id: string): Promise<Job | 'unknown' | 'too-late'> {
    const known = runner.cancel(id);
    if (known) return known;
    const job = await store.find(id);
    if (job === undefined) return 'unknown';
    if (!['queued', 'running', 'interrupted'].includes(job.state)) return 'too-late';
    // Stored, and not yet in the queue: whoever takes it in is asked to come to an end first.
    await submissions.add(() => {});
    return runner.cancel(id) ?? 'too-late';
  }

  return {
    find: store.find,
    undelivered: store.undelivered,
    wake: endings.wake,
    async check(job) {
      refuseIfNotOpen();
      await admit(job, waitingJobs());
    },
    submit: (newJob) => submissions.add(() => takeIn(newJob)),
    estimatePosition(job) {
      const lane = runner.lanes().find(({ lane }) => lane === runner.laneOf(job))!;
      return positionsIn(lane, [...lane.waiting, job]).at(-1)!;
    },
    access: runner.access,
    workers: runner.workers,
    styleFaults: runner.styleFaults,
    overview: () => ({
      mode,
      hostFault: runner.hostFault(),
      waiting: waitingJobs(),
      running: runner
        .lanes()
        .flatMap(({ running }) => running.map((job) => ({ job, endsAtMs: trackers.get(job.id)?.endsAtMs() }))),
    }),
    setMode(newMode) {
      mode = newMode;
      log.info({ mode }, 'the queue has a new mode');
      runner.setPaused(mode === 'paused');
      if (mode === 'open') runner.tryNow();
      sendPositions();
    },
    async redeliver(id, address) {
      if ((await store.find(id))?.state !== 'undelivered' || (await store.clip(id)) === undefined) return false;
      try {
        deliver(await store.readdress(id, address));
      } catch (error) {
        // Somebody was quicker.
        if (error instanceof UserError && error.code === 'too-late') return false;
        throw error;
      }
      return true;
    },
    async cancel(id) {
      const job = await takeOut(id);
      if (job === 'unknown' || job === 'too-late') return job;
      const ended = end(job, { state: 'cancelled', pendingNotice: { kind: 'cancelled' } });
      // Those behind it move up whether or not the store is quick.
      sendPositions();
      if (!(await ended)) return 'too-late';
      endings.notify(job, clock.now(), () => listener.cancelled({ ...job, state: 'cancelled' }));
      return 'cancelled';
    },
    async reseed(id) {
      const job = await runner.reseed(id, randomInt(2 ** 32));
      if (job === undefined) return false;
      trackers.delete(id);
      log.info({ job: id }, 'a running job begins anew with another seed');
      // Who takes it up is not known yet.
      onProgress(job, { stage: 'prepare', step: 0, steps: 1, secondsPerStep: undefined }, '');
      return true;
    },
    // In turn with what comes in: a job that is submitted meanwhile must not be taken up once more.
    resume: () => submissions.add(resume),
    close() {
      closed ??= closeNow();
      return closed;
    },
  };

  async function resume(): Promise<void> {
    rememberHostFault(undefined);
    runner.watchWorkers();
    await resumeJobs({ ...shared, runner, endings, listener, leaseMs });
    // What was asked before all of them were taken up does not hold.
    waitingJobs.forget();
    const waiting = waitingJobs().length;
    if (waiting > 0) log.info({ jobs: waiting }, 'going on with waiting jobs');
    sendPositions();
  }

  async function closeNow(): Promise<void> {
    waitingJobs.forget();
    const waiting = waitingJobs();
    runner.stop();
    await flatMapInTurns(waiting, ({ job }) => {
      emit(job, () => listener.postponed(job));
      return [];
    });
    if (finishGraceMs > 0) await Promise.race([runner.onIdle().then(endings.onIdle), sleep(clock, finishGraceMs)]);
    closing.abort(new JobCancelledError('The bot is going down.'));
    for (const job of runner.interrupt()) emit(job, () => listener.postponed(job));
    await runner.onIdle();
    // Nothing is being taken in, delivered or written any more.
    const settled = submissions.onIdle().then(endings.onIdle).then(runner.writes.onIdle);
    await Promise.race([settled, sleep(clock, closeGraceMs)]);
  }
}
