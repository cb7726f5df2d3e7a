import type { HostFault, WorkerFault } from '../storage/host-fault.ts';
import type { Clock } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import { type CircuitBreaker, createCircuitBreaker } from './circuit-breaker.ts';
import { groupOf, type KnownWorker, type Lane, type QueueEngine } from './engine/queue-engine.ts';
import { createFailureJudge, type FailureJudge } from './judge-failure.ts';

/** How one worker does. */
interface WorkerHealth {
  breaker: CircuitBreaker;
  judge: FailureJudge;
}

/** How all workers do: each that fails is taken out by itself, and tried again after growing waits. */
export interface WorkersHealth {
  of(worker: string): WorkerHealth;
  /** A worker has rendered a job: it is well. */
  succeeded(worker: string, jobId: string): void;
  /** How many workers of a group may have a task. */
  ready(lane: Lane, group: string): number;
  /** Why no worker of a lane takes any task, or only on trial; undefined while one is well, or none is there. */
  fault(lane: Lane): HostFault | undefined;
  /** Of all workers that are taken out. */
  faults(): WorkerFault[];
  /** The job whose failure took the last worker of a lane out: a trial with another one tells more. */
  suspect(lane: Lane): string | undefined;
  /** Tries every worker now. */
  tryNow(): void;
  stop(): void;
}

/** What {@link createWorkersHealth} works with. */
export interface WorkersHealthOptions {
  engine: Pick<QueueEngine, 'workers' | 'release'>;
  clock: Clock;
  log: Log;
  /** A worker's fault began, changed or ended. */
  onChange: () => void;
  /** A worker may be tried. False where there is nothing for it to do. */
  onTrial: (worker: KnownWorker) => Promise<boolean>;
}

/** Every worker is believed to be well. */
export function createWorkersHealth({ engine, clock, log, onChange, onTrial }: WorkersHealthOptions): WorkersHealth {
  const known = new Map<string, WorkerHealth>();

  function of(name: string): WorkerHealth {
    const found = known.get(name);
    if (found) return found;
    const health: WorkerHealth = {
      judge: createFailureJudge(),
      breaker: createCircuitBreaker({
        clock,
        log,
        worker: name,
        onChange,
        async onTrial() {
          const worker = engine.workers().find((each) => each.name === name);
          // Gone: what it had is somebody else's.
          if (worker === undefined) return false;
          await engine.release(name);
          return onTrial(worker);
        },
      }),
    };
    known.set(name, health);
    return health;
  }

  const inLane = (lane: Lane) =>
    engine.workers().filter((worker) => worker.lane === lane && worker.unfit === undefined);

  function faulty(lane: Lane): WorkerHealth[] {
    const all = inLane(lane).map(({ name }) => of(name));
    return all.every(({ breaker }) => breaker.fault()) ? all : [];
  }

  return {
    of,
    succeeded(worker, jobId) {
      of(worker).judge.succeeded(jobId);
      of(worker).breaker.close();
    },
    ready: (lane, group) =>
      inLane(lane).filter((each) => !each.isHeld && groupOf(each) === group && !of(each.name).breaker.isBlocking())
        .length,
    fault: (lane) => faulty(lane)[0]?.breaker.fault(),
    faults: () =>
      engine.workers().flatMap(({ name }) => {
        const fault = of(name).breaker.fault();
        return fault ? [{ ...fault, worker: name }] : [];
      }),
    suspect: (lane) =>
      faulty(lane)
        .find(({ judge }) => judge.suspect() !== undefined)
        ?.judge.suspect(),
    tryNow() {
      for (const { breaker } of known.values()) breaker.tryNow();
    },
    stop() {
      for (const { breaker } of known.values()) breaker.stop();
    },
  };
}
