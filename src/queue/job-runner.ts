import { JobCancelledError } from '../errors.ts';
import type { Attempt } from '../storage/attempts.ts';
import type { HostFault } from '../storage/host-fault.ts';
import type { Job } from '../storage/job.ts';
import type { JobStore } from '../storage/job-store.ts';
import type { Clock } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import type { Clip, Renderer, RenderProgress } from '../worker/types.ts';
import { type CheckpointSaver, createCheckpointSaver } from './checkpoint-saver.ts';
import { createCircuitBreaker } from './circuit-breaker.ts';
import type { Estimates } from './estimates.ts';
import { createFairPQueue } from './fair-queue.ts';
import { createFailureJudge } from './judge-failure.ts';
import { keepLease, leaseMs } from './lease-keeper.ts';
import { createPendingWrites, type PendingWrites } from './pending-writes.ts';
import { specOf } from './render-spec.ts';

/** What {@link createJobRunner} works with. */
export interface JobRunnerOptions {
  store: JobStore;
  /** Who claims the jobs: a name that no other process has. */
  holder: string;
  estimates: Estimates;
  renderer: Pick<Renderer, 'render'>;
  clock: Clock;
  log: Log;
  /** Jobs that run at once: one per GPU. */
  concurrency: number;
  events: JobRunnerEvents;
}

/** What becomes of jobs. No function may throw. */
interface JobRunnerEvents {
  /** The job runs. Called often, the first time when it begins. */
  progress(job: Job, progress: RenderProgress): void;
  /** A job began, ended or was put back. */
  positionsChanged(): void;
  /** The clip is in the store. */
  rendered(job: Job): void;
  /** The attempt is undefined where the job could not even be claimed. */
  failed(job: Job, error: unknown, attempt: Attempt | undefined): void;
  /** The host began or ceased to be at fault, or its fault became another. */
  hostFault(fault: HostFault | undefined): void;
}

/** Runs waiting jobs in fair order, and stops while this machine cannot make clips. */
export interface JobRunner {
  /** The store's writes that must happen sooner or later. */
  writes: PendingWrites;
  add(job: Job): void;
  /** In the order in which they will run. */
  waiting(): Job[];
  running(): Job[];
  /** Takes a waiting job out, or breaks a running one off; undefined where it does neither. What was it is returned. */
  cancel(id: string): Job | undefined;
  hostFault(): HostFault | undefined;
  /** The store or something else of the host failed outside of a job. */
  reportHostFault(error: unknown): void;
  setPaused(isPaused: boolean): void;
  /** Tries now whether the host is well again. */
  tryNow(): void;
  /** Begins no more jobs. Running ones go on. */
  stop(): void;
  /** Breaks running jobs off and puts them back for the next start, with no attempt lost; tells which. */
  interrupt(reason: JobCancelledError): Job[];
  /** Resolves when nothing runs. */
  onIdle(): Promise<void>;
}

interface Run {
  job: Job;
  abort: AbortController;
  /** The claim of the store; undefined before it, and once the attempt is over. */
  attempt?: Attempt | undefined;
  checkpoints?: CheckpointSaver;
}

/** Another attempt has the job: whatever this one made is not wanted any more. */
class LeaseLostError extends Error {}

/** A runner with nothing to do. */
export function createJobRunner(options: JobRunnerOptions): JobRunner {
  const { store, holder, estimates, renderer, clock, log, concurrency, events } = options;
  const { tasks, waiting } = createFairPQueue(concurrency);
  waiting.passedOver = () => (breaker.fault() ? judge.suspect() : undefined);
  const runs = new Map<string, Run>();
  /** Clips that the store could not keep yet: their jobs wait, and are stored instead of rendered when they run. */
  const unsaved = new Map<string, Clip>();
  let isPaused = false;
  let isStopped = false;
  const judge = createFailureJudge();
  const writes = createPendingWrites({ log, onFailure: (error) => breaker.open(error) });
  const breaker = createCircuitBreaker({
    clock,
    log,
    onTrial,
    onChange(fault) {
      regulate();
      events.hostFault(fault);
    },
  });

  /** Half open: first the writes that wait, then one job. False: there is nothing to try. */
  async function onTrial(): Promise<boolean> {
    try {
      await writes.flush();
    } catch (error) {
      breaker.open(error);
      return true;
    }
    // Asked first: a job that may begin is no longer among those that wait. One that runs tells as much.
    const hasWork = waiting.size > 0 || runs.size > 0;
    regulate();
    return hasWork;
  }

  function regulate(): void {
    if (isStopped) return;
    tasks.concurrency = breaker.fault() ? 1 : concurrency;
    if (isPaused || breaker.isBlocking()) tasks.pause();
    else tasks.start();
  }

  function add(job: Job): void {
    tasks.add(() => run(job), { job }).catch((err: unknown) => log.error({ jobId: job.id, err }, 'the queue broke'));
  }

  async function run(job: Job): Promise<void> {
    const started: Run = { job, abort: new AbortController() };
    runs.set(job.id, started);
    events.progress(job, { stage: 'prepare', step: 0, steps: 1, secondsPerStep: undefined });
    events.positionsChanged();
    try {
      await runToItsEnd(started);
    } finally {
      if (runs.get(job.id) === started) runs.delete(job.id);
      // A trial that ended by the job's own fault says nothing against the host.
      if (breaker.fault() && !breaker.isBlocking() && waiting.size === 0) breaker.close();
    }
  }

  async function runToItsEnd(run: Run): Promise<void> {
    const { signal } = run.abort;
    for (;;) {
      try {
        await attemptOnce(run);
        return;
      } catch (error) {
        if (error instanceof LeaseLostError || signal.reason instanceof LeaseLostError) {
          run.attempt = undefined;
          unsaved.delete(run.job.id);
          log.warn({ jobId: run.job.id }, 'a job is rendered elsewhere by now; it is left alone here');
          return;
        }
        // Whoever aborted sees to the job.
        if (signal.aborted) return;
        switch (judge.judge(run.job, error, { isHostSuspected: breaker.fault() !== undefined })) {
          case 'fail':
            return events.failed(run.job, error, run.attempt);
          case 'put-back':
            return putBack(run, error);
          case 'retry':
            log.warn({ jobId: run.job.id, attempt: run.job.attempts, err: error }, 'rendering broke; trying once more');
        }
      }
    }
  }

  /** Claims the job, renders it and has the clip stored. Rejects with what went wrong, the store's errors included. */
  async function attemptOnce(run: Run): Promise<void> {
    const { signal } = run.abort;
    const { id } = run.job;
    await run.checkpoints?.onIdle();
    const claimed = await writes.writeNow(() => store.claim(id, { holder, nowMs: clock.now(), leaseMs }));
    if (claimed === undefined) throw new LeaseLostError();
    const { attempt, job } = claimed;
    run.attempt = attempt;
    run.job = job;
    // Cancelled, or broken off for the next start, while it was claimed.
    if (signal.aborted) return release(run, { isCounted: false });
    let isKeeping = false;
    // While the clip is being stored the store itself says whether the attempt still counts.
    const onLost = () => isKeeping || run.abort.abort(new LeaseLostError());
    const stopHeartbeats = keepLease(attempt, { store, clock, log, onLost });
    try {
      const clip = unsaved.get(id) ?? (await render(run, attempt));
      if (signal.aborted) return;
      isKeeping = true;
      await keep(run, attempt, clip);
    } finally {
      stopHeartbeats();
    }
  }

  async function render(run: Run, attempt: Attempt): Promise<Clip> {
    const { id } = run.job;
    const { signal } = run.abort;
    const checkpoints = createCheckpointSaver(
      (bytes) => store.saveCheckpoint(attempt, bytes),
      (err) => log.warn({ jobId: id, err }, 'a checkpoint could not be kept'),
    );
    run.checkpoints = checkpoints;
    const expected = estimates.of(run.job);
    const spec = await specOf(run.job, store);
    signal.throwIfAborted();
    return renderer.render(spec, {
      signal,
      onProgress: (progress) => !signal.aborted && events.progress(run.job, progress),
      onCheckpoint: checkpoints.save,
      ...(expected && { expected }),
    });
  }

  /** Where the store rejects, the clip is kept in memory, and the job is put back. */
  async function keep(run: Run, attempt: Attempt, clip: Clip): Promise<void> {
    const { id } = run.job;
    unsaved.set(id, clip);
    const job = await writes.writeNow(() => store.keepClip(attempt, clip, clock.now()));
    if (job === undefined) throw new LeaseLostError();
    unsaved.delete(id);
    run.attempt = undefined;
    judge.succeeded(id);
    breaker.close();
    estimates.learn(job, clip).catch((err: unknown) => {
      log.warn({ jobId: id, err }, 'nothing could be learnt from a clip');
    });
    // Cancelled while it was stored: the end that follows takes the clip away. Broken off: the next start delivers it.
    if (!run.abort.signal.aborted) events.rendered(job);
  }

  /** The job keeps its place and its attempts, and the queue waits until the host is well. */
  function putBack(run: Run, error: unknown): void {
    const { job, attempt } = run;
    release(run, { isCounted: false });
    runs.delete(job.id);
    add({ ...job, state: 'interrupted', attempts: job.attempts - (attempt ? 1 : 0) });
    breaker.open(error);
  }

  /** Gives the attempt's claim back, where it has one, after its last checkpoint. */
  function release(run: Run, options: { isCounted: boolean }): void {
    const { attempt, checkpoints } = run;
    run.attempt = undefined;
    if (attempt === undefined) return;
    void writes.write(attempt.jobId, async () => {
      await checkpoints?.onIdle();
      await store.release(attempt, options);
    });
  }

  function activeRuns(): Run[] {
    return [...runs.values()].filter(({ abort }) => !abort.signal.aborted);
  }

  return {
    writes,
    add,
    waiting: () => waiting.jobs(),
    running: () => activeRuns().map(({ job }) => job),
    hostFault: breaker.fault,
    reportHostFault: breaker.open,
    tryNow: breaker.tryNow,
    cancel(id) {
      const waitingJob = waiting.jobs().find((job) => job.id === id);
      const run = activeRuns().find(({ job }) => job.id === id);
      waiting.remove(id);
      unsaved.delete(id);
      run?.abort.abort(new JobCancelledError());
      return waitingJob ?? run?.job;
    },
    setPaused(wanted) {
      isPaused = wanted;
      regulate();
    },
    stop() {
      isStopped = true;
      breaker.stop();
      tasks.pause();
    },
    interrupt(reason) {
      return activeRuns().map((run) => {
        run.abort.abort(reason);
        release(run, { isCounted: false });
        return run.job;
      });
    },
    onIdle: () => tasks.onPendingZero(),
  };
}
