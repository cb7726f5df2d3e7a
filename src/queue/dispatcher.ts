import type { Attempt } from '../storage/attempts.ts';
import type { Job } from '../storage/job.ts';
import type { CircuitBreaker } from './circuit-breaker.ts';
import type { Lane, QueueEngine } from './engine/queue-engine.ts';
import { FairQueue } from './fair-queue.ts';
import type { FailureJudge } from './judge-failure.ts';
import type { WorkersHealth } from './worker-health.ts';

/** A job that was handed to the engine, until the engine has settled it. */
export interface Run {
  job: Job;
  lane: Lane;
  /** Who does it; undefined until somebody has begun. */
  worker?: string;
  /** The claim of the store; undefined before it. */
  attempt?: Attempt;
  /** A checkpoint that is being written. */
  saving?: Promise<unknown>;
  /** The job as it begins anew, once the present attempt, of which nothing is wanted any more, has come to an end. */
  restart?: Job;
  /** Rendered, cancelled, or left to the next start: what else comes of it is nobody's any more. */
  isOver: boolean;
}

/** The lanes, in the order in which they are looked at. */
export const lanes: readonly Lane[] = ['render', 'encode'];

/** What {@link createDispatcher} works with. */
export interface DispatcherOptions {
  engine: Pick<QueueEngine, 'hand' | 'workers'>;
  /** Of what all workers need: the store, and the engine itself. */
  storage: Pick<CircuitBreaker, 'fault' | 'cause' | 'isBlocking' | 'open' | 'close'>;
  storageJudge: Pick<FailureJudge, 'suspect'>;
  health: Pick<WorkersHealth, 'ready' | 'suspect'>;
}

/** Jobs that wait in fair order, and those that were handed over: only what can run now. */
export interface Dispatcher {
  /** The job waits, and is handed over if it may. */
  add(job: Job): void;
  /** Whether anything may be handed over. True at first. */
  setOpen(isOpen: boolean): void;
  /** Whether nothing is handed over because the engine did not take what it was handed last. */
  isEngineAway(): boolean;
  /** Hands over what may be. */
  dispatch(): void;
  /** Hands a run's job over once more, whoever waits. */
  handAgain(run: Run): void;
  /** The run is settled. */
  end(run: Run): void;
  run(id: string): Run | undefined;
  /** Those that somebody still wants something of. */
  active(): Run[];
  /** In the order in which they will run. */
  waiting(lane: Lane): Job[];
  /** Whether there is something to do, begun or not, in a lane or in all. */
  hasWork(lane?: Lane): boolean;
  /** Whether the job waits or was handed over. */
  isKnown(id: string): boolean;
  /** Takes a job out that waits. */
  remove(id: string): Job | undefined;
  /** Where such a job waits. */
  laneOf(job: Pick<Job, 'parent'>): Lane;
  /** Resolves when nothing is handed over. */
  onIdle(): Promise<void>;
}

/** A dispatcher with nothing to do. */
export function createDispatcher({ engine, storage, storageJudge, health }: DispatcherOptions): Dispatcher {
  const waiting: Record<Lane, FairQueue> = { render: new FairQueue(), encode: new FairQueue() };
  const runs = new Map<string, Run>();
  let idle: { resolve: () => void }[] = [];
  let isOpen = true;
  /** Jobs on their way to the engine. */
  let handing = 0;
  /** Why the engine did not take what it was handed last. */
  let refusal: unknown;

  function laneOf({ parent }: Pick<Job, 'parent'>): Lane {
    // Without somebody who does nothing else, whoever renders encodes as well.
    const hasEncoder = engine.workers().some(({ lane }) => lane === 'encode');
    return parent?.use === 'reencode' && hasEncoder ? 'encode' : 'render';
  }

  const handedIn = (lane: Lane) => [...runs.values()].filter((run) => run.lane === lane).length;

  function isFree(lane: Lane): boolean {
    if (!isOpen || storage.isBlocking()) return false;
    const hasRoom = handedIn(lane) < health.ready(lane);
    // That one job is taken tells enough of the engine, whatever runs meanwhile.
    if (isEngineAway()) return handing === 0 && (hasRoom || runs.size === 0);
    // On trial one job at a time tells enough.
    return storage.fault() ? runs.size === 0 : hasRoom;
  }

  const isEngineAway = () => refusal !== undefined && storage.cause() === refusal;

  function dispatch(): void {
    for (const lane of lanes) {
      while (waiting[lane].size > 0 && isFree(lane)) {
        const passedOver = storage.fault() ? storageJudge.suspect() : health.suspect(lane);
        void hand({ job: waiting[lane].take(passedOver)!, lane, isOver: false });
      }
    }
  }

  async function hand(run: Run): Promise<void> {
    const { id } = run.job;
    runs.set(id, run);
    handing++;
    try {
      await engine.hand({ id, lane: run.lane }).finally(() => handing--);
      if (isEngineAway()) storage.close();
    } catch (error) {
      refusal = error;
      if (runs.get(id) !== run) return;
      end(run);
      if (!run.isOver) waiting[run.lane].add({ ...run.job, state: 'interrupted' });
      storage.open(error);
    }
  }

  function end(run: Run): void {
    if (runs.get(run.job.id) === run) runs.delete(run.job.id);
    if (runs.size > 0) return;
    for (const { resolve } of idle) resolve();
    idle = [];
  }

  return {
    add(job) {
      waiting[laneOf(job)].add(job);
      dispatch();
    },
    setOpen(wanted) {
      isOpen = wanted;
      dispatch();
    },
    isEngineAway,
    dispatch,
    handAgain: ({ job, lane }) => void hand({ job, lane, isOver: false }),
    end,
    run: (id) => runs.get(id),
    active: () => [...runs.values()].filter(({ isOver }) => !isOver),
    waiting: (lane) => waiting[lane].jobs(),
    hasWork(lane) {
      const meant = lane === undefined ? lanes : [lane];
      return meant.some((each) => waiting[each].size > 0 || handedIn(each) > 0);
    },
    isKnown: (id) => runs.has(id) || lanes.some((lane) => waiting[lane].jobs().some((job) => job.id === id)),
    remove: (id) => waiting.render.remove(id) ?? waiting.encode.remove(id),
    laneOf,
    onIdle: () =>
      new Promise((resolve) => {
        if (runs.size === 0) resolve();
        else idle.push({ resolve });
      }),
  };
}
