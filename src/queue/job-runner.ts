import { attemptFields } from '../storage/attempts.ts';
import type { HostFault, WorkerFault } from '../storage/host-fault.ts';
import type { Job } from '../storage/job.ts';
import type { JobStore } from '../storage/job-store.ts';
import type { Clock } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import { createCircuitBreaker } from './circuit-breaker.ts';
import { createDispatcher, lanes, type Run } from './dispatcher.ts';
import type { KnownWorker, Lane, Outcome, QueueEngine } from './engine/queue-engine.ts';
import type { Estimates } from './estimates.ts';
import type { JobAccess } from './job-access.ts';
import { createFailureJudge } from './judge-failure.ts';
import { createLostJobs } from './lost-jobs.ts';
import { createOverview, type Overview } from './overview.ts';
import { createPendingWrites, type PendingWrites } from './pending-writes.ts';
import { createStoreAccess } from './store-access.ts';
import type { JobRunnerEvents } from './types.ts';
import { createWorkersHealth } from './worker-health.ts';
import { createWatches, type Watches } from './worker-watch.ts';

/** What {@link createJobRunner} works with. */
export interface JobRunnerOptions {
  store: JobStore;
  engine: QueueEngine;
  /** How the name begins of whoever claims a job: what no other process has. The worker's name follows. */
  holder: string;
  estimates: Estimates;
  /** How long a claim holds without a heartbeat, in milliseconds. */
  leaseMs: number;
  clock: Clock;
  log: Log;
  events: JobRunnerEvents;
  /** The bot's styles, as jobs keep them. */
  styles: readonly string[];
}

/** Runs waiting jobs in fair order over an engine, and stops while this machine cannot make clips. */
export interface JobRunner extends Overview, Pick<Watches, 'styleFaults' | 'isStranded'> {
  /** The store's writes that must happen sooner or later. */
  writes: PendingWrites;
  /** For whoever renders. */
  access: JobAccess;
  add(job: Job): void;
  /** Where such a job would wait. */
  laneOf(job: Pick<Job, 'parent'>): Lane;
  /** Of workers that are taken out. */
  workerFaults(): WorkerFault[];
  /** Takes a waiting job out, or breaks a running one off; undefined where it does neither. What was it is returned. */
  cancel(id: string): Job | undefined;
  /** Breaks a running job off and begins it anew with that seed, before everybody who waits; undefined where it does not run. */
  reseed(id: string, seed: number): Promise<Job | undefined>;
  hostFault(): HostFault | undefined;
  /** From now on it is told where there is nobody who renders. */
  watchWorkers(): void;
  /** The store or something else of the host failed outside of a job. */
  reportHostFault(error: unknown): void;
  setPaused(isPaused: boolean): void;
  /** Tries now whether the host is well again. */
  tryNow(): void;
  /** Begins no more jobs. Running ones go on. */
  stop(): void;
  /** Puts running jobs back for the next start, with no attempt lost; tells which. Workers that outlive this process go on. */
  interrupt(): Job[];
  /** Resolves when nothing runs that this process would take with it. */
  onIdle(): Promise<void>;
}

/** A runner with nothing to do. */
export function createJobRunner(options: JobRunnerOptions): JobRunner {
  const { store, engine, holder, estimates, leaseMs, clock, log, events, styles } = options;
  let isStopped = false;
  const writes = createPendingWrites({ log, onFailure: (error) => storage.open(error) });
  /** Of what all workers need: the store, and the engine itself. */
  const storage = createCircuitBreaker({ clock, log, onChange: onHealthChange, onTrial: () => onTrial() });
  const storageJudge = createFailureJudge();
  const health = createWorkersHealth({ engine, clock, log, onChange: onHealthChange, onTrial });
  const dispatcher = createDispatcher({ engine, storage, storageJudge, health, styles });
  const { dispatch } = dispatcher;
  const watches = createWatches({ engine, wanted: dispatcher.wantedStyles, clock, log, onChange: onHealthChange });
  const access = createStoreAccess({
    store,
    holder,
    writes,
    estimates,
    clock,
    log,
    leaseMs,
    dispatcher,
    health,
    storage,
    storageJudge,
    events,
  });

  function hostFault(): HostFault | undefined {
    return storage.fault() ?? health.fault('render') ?? watches.fault();
  }

  function onHealthChange(): void {
    dispatch();
    events.healthChanged(hostFault());
  }

  /** Half open: first the writes that wait, then one job. False: there is nothing to try. */
  async function onTrial(worker?: KnownWorker): Promise<boolean> {
    try {
      await writes.flush();
    } catch (error) {
      storage.open(error);
      // A worker's trial waits for the storage's.
      if (worker === undefined) return true;
    }
    // Asked first: a job that may begin is no longer among those that wait. One that runs tells as much.
    const hasWork = dispatcher.hasWork(worker?.lane);
    dispatch();
    return hasWork;
  }

  const lostJobs = createLostJobs({
    store,
    clock,
    log,
    // The lease of somebody who died is over at a moment that nobody tells of.
    gapMs: leaseMs / 15,
    isKnown: dispatcher.isKnown,
    onFree: dispatcher.add,
  });

  engine.listen({
    begun({ id, worker }) {
      const run = dispatcher.run(id);
      if (run === undefined || run.isOver) return;
      run.worker = worker;
      if (run.restart) return;
      events.progress(run.job, { stage: 'prepare', step: 0, steps: 1, secondsPerStep: undefined }, worker);
      events.positionsChanged();
    },
    progress({ id, worker }, progress) {
      const run = dispatcher.run(id);
      if (run && !run.isOver && !run.restart) events.progress(run.job, progress, worker);
    },
    settled({ id, worker }, outcome) {
      const run = dispatcher.run(id);
      if (run?.restart && !run.isOver) {
        if (worker !== undefined && outcome.type === 'failed') release(worker);
        dispatcher.handAgain({ ...run, job: run.restart });
      } else if (run) settle(run, outcome);
      // Nobody's any more: a worker that failed at it may go on.
      else if (worker !== undefined && outcome.type === 'failed') release(worker);
      if (worker !== undefined) endTrial(worker);
      dispatch();
    },
    workersChanged() {
      watches.look();
      dispatch();
      events.positionsChanged();
    },
    reachable: () => dispatcher.isEngineAway() && storage.tryNow(),
  });

  function settle(run: Run, outcome: Outcome): void {
    if (outcome.type === 'failed') {
      fail(run, outcome);
      return;
    }
    dispatcher.end(run);
    if (run.isOver || outcome.type === 'done') return;
    if (outcome.type === 'lost') {
      log.info({ job: run.job.id }, 'somebody else has a job, or it has ended');
      lostJobs.watch(run.job.id);
    }
    // Nobody cancelled it: a worker gave it back.
    else dispatcher.add({ ...run.job, state: 'interrupted', attempts: attemptsWithout(run) });
  }

  function fail(run: Run, { at, error }: Extract<Outcome, { type: 'failed' }>): void {
    const worker = at === 'worker' ? run.worker : undefined;
    const { judge, breaker } = worker === undefined ? { judge: storageJudge, breaker: storage } : health.of(worker);
    const isHostSuspected = breaker.fault() !== undefined;
    const verdict = run.isOver ? undefined : judge.judge(run.job, error, { isHostSuspected });
    if (verdict !== 'put-back' && worker !== undefined) release(worker);
    if (verdict === 'retry') {
      log.warn(
        { job: run.job.id, ...(run.attempt && attemptFields(run.attempt)), err: error },
        'rendering broke; trying once more',
      );
      giveBack(run, { isCounted: true });
      dispatcher.handAgain(run);
      return;
    }
    dispatcher.end(run);
    if (verdict === 'fail') events.failed(run.job, error, run.attempt);
    if (verdict !== 'put-back') return;
    // The job keeps its place and its attempts, and the worker waits until it is well.
    giveBack(run, { isCounted: false });
    dispatcher.add({ ...run.job, state: 'interrupted', attempts: attemptsWithout(run) });
    breaker.open(error);
  }

  const attemptsWithout = ({ job, attempt }: Run) => job.attempts - (attempt ? 1 : 0);

  function release(worker: string): void {
    engine.release(worker).catch((err: unknown) => log.warn({ worker, err }, 'a worker could not be told to go on'));
  }

  /** A trial that ended by the job's own fault says nothing against the host. */
  function endTrial(worker: string): void {
    const isIdle = lanes.every((lane) => dispatcher.waiting(lane).length === 0);
    for (const breaker of [storage, health.of(worker).breaker]) {
      if (isIdle && breaker.fault() && !breaker.isBlocking()) breaker.close();
    }
  }

  /** Gives the attempt's claim back, where it has one, after its last checkpoint. */
  function giveBack({ attempt, saving }: Run, options: { isCounted: boolean }): void {
    if (attempt === undefined) return;
    void writes.write(attempt.jobId, async () => {
      await saving;
      await store.release(attempt, options);
    });
  }

  function breakOff(run: Run): void {
    run.isOver = true;
    stopAttempt(run);
  }

  function stopAttempt(run: Run): void {
    engine.cancel(run.job.id).catch((err: unknown) => {
      // It goes on in vain: what it brings is refused.
      log.warn({ job: run.job.id, err }, 'a worker could not be told that a job is over');
    });
  }

  return {
    writes,
    access,
    add(job) {
      dispatcher.add(job);
      watches.look();
    },
    laneOf: dispatcher.laneOf,
    ...createOverview({ engine, dispatcher, health }),
    workerFaults: health.faults,
    hostFault,
    styleFaults: watches.styleFaults,
    isStranded: watches.isStranded,
    watchWorkers: watches.start,
    reportHostFault: storage.open,
    tryNow() {
      storage.tryNow();
      health.tryNow();
    },
    cancel(id) {
      access.forget(id);
      const waitingJob = dispatcher.remove(id);
      watches.look();
      const run = dispatcher.active().find(({ job }) => job.id === id);
      if (run) breakOff(run);
      return waitingJob ?? run?.job;
    },
    async reseed(id, seed) {
      const running = () => dispatcher.active().find(({ job, worker }) => job.id === id && worker !== undefined);
      if (running() === undefined) return undefined;
      // From here on the present attempt's clip and checkpoints are refused.
      const job = await writes.writeNow(() => store.reseed(id, seed));
      const run = running();
      if (job === undefined || run === undefined) return undefined;
      access.forget(id);
      run.restart = job;
      delete run.attempt;
      stopAttempt(run);
      return job;
    },
    setPaused: (isPaused) => dispatcher.setOpen(!isPaused && !isStopped),
    stop() {
      isStopped = true;
      dispatcher.setOpen(false);
      for (const each of [lostJobs, watches, storage, health]) each.stop();
    },
    interrupt() {
      if (engine.outlivesOwner) return [];
      return dispatcher.active().map((run) => {
        breakOff(run);
        giveBack(run, { isCounted: false });
        return run.job;
      });
    },
    onIdle: async () => (engine.outlivesOwner ? undefined : dispatcher.onIdle()),
  };
}
