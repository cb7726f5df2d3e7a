import type { Attempt } from '../storage/attempts.ts';
import type { Job } from '../storage/job.ts';
import type { CircuitBreaker } from './circuit-breaker.ts';
import { groupOf, type Lane, type QueueEngine } from './engine/queue-engine.ts';
import { FairQueue } from './fair-queue.ts';
import type { FailureJudge } from './judge-failure.ts';
import { canDraw, type StyledJob, styleNeeded } from './style-needs.ts';
import type { WorkersHealth } from './worker-health.ts';

/** A job that was handed to the engine, until the engine has settled it. */
export interface Run {
  job: Job;
  lane: Lane;
  /** Those whom it was handed to. */
  group: string;
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
  /** The bot's styles, as jobs keep them. A job with another one is anybody's, and ends where it is made. */
  styles: readonly string[];
}

/** One that takes no style. */
const anyJob: StyledJob = {};

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
  /** The styles that jobs wait for. */
  wantedStyles(): Set<string>;
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
export function createDispatcher({ engine, storage, storageJudge, health, styles }: DispatcherOptions): Dispatcher {
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

  const handedIn = (lane: Lane, group?: string) =>
    [...runs.values()].filter((run) => run.lane === lane && (group === undefined || run.group === group)).length;

  const isEngineAway = () => refusal !== undefined && storage.cause() === refusal;

  /** Whom a job of a lane that takes this style may be given to now; undefined: nobody. */
  function roomFor(style: string | undefined, lane: Lane): string | undefined {
    const able = engine
      .workers()
      .filter((each) => each.lane === lane && each.unfit === undefined && canDraw(each, style));
    // Those first that can do least: the others may be needed for what these cannot.
    able.sort(
      (a, b) => (a.styles?.length ?? Number.POSITIVE_INFINITY) - (b.styles?.length ?? Number.POSITIVE_INFINITY),
    );
    const groups = [...new Set(able.map(groupOf))];
    const free = groups.find((group) => handedIn(lane, group) < health.ready(lane, group));
    // That one job is taken tells enough of the engine, whatever runs meanwhile.
    if (isEngineAway()) return handing > 0 ? undefined : (free ?? (runs.size === 0 ? groups[0] : undefined));
    // On trial one job at a time tells enough.
    if (storage.fault()) return runs.size > 0 ? undefined : (free ?? groups[0]);
    return free;
  }

  function neededOf(job: StyledJob): string | undefined {
    const style = styleNeeded(job);
    return style !== undefined && styles.includes(style) ? style : undefined;
  }

  function dispatch(): void {
    for (const lane of lanes) while (dispatchOne(lane));
  }

  /** False where there is nobody for any job. */
  function dispatchOne(lane: Lane): boolean {
    if (!isOpen || waiting[lane].size === 0 || storage.isBlocking()) return false;
    const rooms = new Map<string | undefined, string | undefined>();
    const groupFor = (job: StyledJob) => {
      const style = neededOf(job);
      if (!rooms.has(style)) rooms.set(style, roomFor(style, lane));
      return rooms.get(style);
    };
    const passedOver = storage.fault() ? storageJudge.suspect() : health.suspect(lane);
    // What takes no style can be given to everybody.
    const job =
      groupFor(anyJob) === undefined
        ? undefined
        : waiting[lane].take(passedOver, (each) => groupFor(each) !== undefined);
    if (job === undefined) return false;
    void hand({ job, lane, group: groupFor(job)!, isOver: false });
    return true;
  }

  async function hand(run: Run): Promise<void> {
    const { id } = run.job;
    runs.set(id, run);
    handing++;
    try {
      await engine.hand({ id, lane: run.lane, group: run.group }).finally(() => handing--);
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
    handAgain: ({ job, lane, group }) => void hand({ job, lane, group, isOver: false }),
    end,
    run: (id) => runs.get(id),
    active: () => [...runs.values()].filter(({ isOver }) => !isOver),
    wantedStyles: () => new Set(waiting.render.jobs().flatMap((job) => neededOf(job) ?? [])),
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
