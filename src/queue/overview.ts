import type { Dispatcher } from './dispatcher.ts';
import { lanes } from './dispatcher.ts';
import type { Lane, QueueEngine } from './engine/queue-engine.ts';
import type { LaneOverview, WorkerOverview } from './types.ts';
import type { WorkersHealth } from './worker-health.ts';

/** Who works, at what, and who waits. */
export interface Overview {
  lanes(): LaneOverview[];
  workers(): WorkerOverview[];
}

/** What is seen of an engine's workers and of the jobs that wait for them. */
export function createOverview({
  engine,
  dispatcher,
  health,
}: {
  engine: QueueEngine;
  dispatcher: Dispatcher;
  health: WorkersHealth;
}): Overview {
  const faultOf = (name: string) => health.of(name).breaker.fault();

  function overviewOf(lane: Lane): LaneOverview {
    const runs = dispatcher.active().filter((run) => run.lane === lane);
    const runningAt = runs.map(({ worker }) => worker);
    const well = engine
      .workers()
      .filter((each) => each.lane === lane && each.unfit === undefined && faultOf(each.name) === undefined);
    const busy = new Set(runningAt);
    return {
      lane,
      waiting: dispatcher.waiting(lane),
      running: runs.map(({ job }) => job),
      runningAt,
      workers: well.length,
      idle: well.map(({ name }) => name).filter((name) => !busy.has(name)),
    };
  }

  return {
    lanes: () => lanes.map(overviewOf),
    workers: () =>
      engine.workers().map(({ isHeld: _, ...worker }) => ({
        ...worker,
        fault: faultOf(worker.name),
        job: dispatcher.active().find((run) => run.worker === worker.name)?.job,
      })),
  };
}
