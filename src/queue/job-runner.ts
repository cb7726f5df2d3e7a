import { JobCancelledError } from '../errors.ts';
import type { HostFault } from '../storage/host-fault.ts';
import type { Job } from '../storage/job.ts';
import type { JobStore } from '../storage/job-store.ts';
import type { Clock } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import type { Clip, Renderer, RenderProgress } from '../worker/types.ts';
import { createCircuitBreaker } from './circuit-breaker.ts';
import type { Estimates } from './estimates.ts';
import { createFairPQueue } from './fair-queue.ts';
import { createFailureJudge } from './judge-failure.ts';
import { createPendingWrites, type PendingWrites } from './pending-writes.ts';
import { specOf } from './render-spec.ts';

/** What {@link createJobRunner} works with. */
export interface JobRunnerOptions {
  store: JobStore;
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
  failed(job: Job, error: unknown): void;
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
  /** Whether the store counts this attempt. */
  isStarted: boolean;
}

/** A runner with nothing to do. */
export function createJobRunner(options: JobRunnerOptions): JobRunner {
  const { store, estimates, renderer, clock, log, concurrency, events } = options;
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
  function onTrial(): boolean {
    try {
      writes.flush();
    } catch (error) {
      breaker.open(error);
      return true;
    }
    // Asked first: a job that may begin is no longer among those that wait.
    const hasWork = waiting.size > 0;
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
    const started: Run = { job, abort: new AbortController(), isStarted: false };
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
        const clip = unsaved.get(run.job.id) ?? (await render(run));
        if (signal.aborted) return;
        succeed(run.job, clip);
        return;
      } catch (error) {
        // Whoever aborted sees to the job.
        if (signal.aborted) return;
        switch (judge.judge(run.job, error, { isHostSuspected: breaker.fault() !== undefined })) {
          case 'fail':
            return events.failed(run.job, error);
          case 'put-back':
            return putBack(run, error);
          case 'retry':
            log.warn({ jobId: run.job.id, attempt: run.job.attempts, err: error }, 'rendering broke; trying once more');
        }
      }
    }
  }

  async function render(run: Run): Promise<Clip> {
    writes.flush();
    run.job = store.start(run.job.id);
    run.isStarted = true;
    const { id, settings } = run.job;
    const expected = estimates.of(settings);
    return renderer.render(specOf(run.job, store), {
      signal: run.abort.signal,
      onProgress: (progress) => !run.abort.signal.aborted && events.progress(run.job, progress),
      onCheckpoint: (bytes) => logged('a checkpoint could not be kept', id, () => store.saveCheckpoint(id, bytes)),
      ...(expected && { expected }),
    });
  }

  /** @throws what the store throws: the clip is kept here, and the job is put back */
  function succeed({ id }: Job, clip: Clip): void {
    unsaved.set(id, clip);
    writes.flush();
    const job = store.keepClip(id, clip, clock.now());
    unsaved.delete(id);
    judge.succeeded(id);
    breaker.close();
    logged('nothing could be learnt from a clip', id, () => estimates.learn(job.settings, clip));
    events.rendered(job);
  }

  /** The job keeps its place and its attempts, and the queue waits until the host is well. */
  function putBack({ job, isStarted }: Run, error: unknown): void {
    if (isStarted) writes.write(job.id, () => store.putBack(job.id, 'interrupted', { refundAttempt: true }));
    runs.delete(job.id);
    add({ ...job, state: 'interrupted', attempts: job.attempts - (isStarted ? 1 : 0) });
    breaker.open(error);
  }

  /** Does what nothing depends on. */
  function logged(message: string, jobId: string, work: () => void): void {
    try {
      work();
    } catch (err) {
      log.warn({ jobId, err }, message);
    }
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
      return activeRuns().map(({ job, abort, isStarted }) => {
        abort.abort(reason);
        if (isStarted) writes.write(job.id, () => store.putBack(job.id, 'interrupted', { refundAttempt: true }));
        return job;
      });
    },
    onIdle: () => tasks.onPendingZero(),
  };
}
