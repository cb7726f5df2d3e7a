import { createHash } from 'node:crypto';
import type { RenderProgress } from '../../worker/types.ts';

/**
 * What a task is for, and so who can do it. `render`: the networks run, on a device. `encode`: kept frames become another
 * file; no network runs, so it never waits behind a render.
 */
export type Lane = 'render' | 'encode';

/** A job that may run now. Everything else about it is asked for by whoever does it ({@link JobAccess}). */
export interface EngineTask {
  /** The job's id. A task with the id of one that has not been settled is that one. */
  id: string;
  lane: Lane;
  /** Only workers of this group are given it ({@link groupOf}). */
  group: string;
}

/** One time that a task was given to a worker. */
export interface Delivery {
  id: string;
  /** Rises with every delivery of the same task. */
  number: number;
  /** The worker's name. */
  worker: string;
}

/** How a delivery ended. */
export type Outcome =
  /** What was to be done is stored. */
  | { type: 'done' }
  /** Its signal was aborted: it was cancelled, or the worker goes away. */
  | { type: 'broken-off' }
  /** The job is another attempt's, has ended, or the worker that had it is gone: only the store knows how it stands. */
  | { type: 'lost' }
  /** `worker`: at whoever did it, which takes nothing more until {@link QueueEngine.release}. `store`: on the way to the job's data. */
  | { type: 'failed'; at: 'worker' | 'store'; error: unknown };

/** Does one task. Should not reject; where it does, that is a failure at the worker. */
export type TaskHandler = (
  delivery: Delivery & {
    /** Aborted when the task is cancelled, when the worker drains, and when the task may have been given to another one. */
    signal: AbortSignal;
    progress: (progress: RenderProgress) => void;
  },
) => Promise<Outcome>;

/** Who does tasks of one lane, one at a time. */
export interface WorkerInfo {
  /** Nobody else has it. */
  name: string;
  lane: Lane;
  /** The ids of the styles that it can draw; left out: all that the owner knows. */
  styles?: readonly string[];
  /** What an operator wants to know of it, and what decides what it can do. */
  facts?: Readonly<Record<string, string | number>>;
  /** Why it takes no tasks, for the operator: it could not do what is asked for. */
  unfit?: string;
}

/** Workers that can draw the same styles are a group. The empty name is that of the workers that can draw all of them. */
export function groupOf({ styles }: Pick<WorkerInfo, 'styles'>): string {
  if (styles === undefined) return '';
  const known = groups.get(styles);
  if (known !== undefined) return known;
  const group = createHash('sha256').update(styles.toSorted().join('\n')).digest('hex').slice(0, 12);
  groups.set(styles, group);
  return group;
}

/** Of lists that were asked for before: every worker's is, at every event. */
const groups = new WeakMap<readonly string[], string>();

/** A worker as the engine knows it. */
export interface KnownWorker extends WorkerInfo {
  /** It failed, and takes nothing until {@link QueueEngine.release}. */
  isHeld: boolean;
}

/**
 * News of tasks, in order: of one task `begun`, `progress` and `settled` come in this order, never of an earlier delivery
 * after the news of a later one, and nothing comes after `settled` but a new beginning. No function may throw.
 */
export interface EngineEvents {
  begun(delivery: Delivery): void;
  progress(delivery: Delivery, progress: RenderProgress): void;
  /** The engine has forgotten the task: it may be handed over again. */
  settled(delivery: Delivery | { id: string; worker: undefined }, outcome: Outcome): void;
  /** A worker came, went, or is held no longer or from now on. */
  workersChanged(): void;
  /** What could not be reached when {@link QueueEngine.hand} rejected last is there again: handing over may be tried now. */
  reachable(): void;
}

/**
 * Brings tasks to workers. It is transport: which job comes next, who may cancel it, how often it is tried and what became
 * of it is decided and stored by its owner, who hands over only what can run now. Its promises:
 *
 * - A task is given to one worker at a time, as far as anybody can know: where a worker falls silent its task is given to
 *   another one, with a higher {@link Delivery.number}. Hence at least once, and the owner's store keeps the fence.
 * - A worker that lives keeps its task, however long that takes.
 * - A task is given to a worker of its group alone. Where all of these are gone while workers of another group are there,
 *   it is settled as `lost`, unless the engine's workers end with its owner.
 * - A task that was handed over is settled sooner or later, or its workers are at work.
 */
export interface QueueEngine {
  /** Whether workers live on when this process ends: then {@link QueueEngine.close} leaves their tasks alone. */
  readonly outlivesOwner: boolean;
  /** Call once, before anything else. */
  listen(events: EngineEvents): void;
  /** Rejects where the task could not be handed over, as far as anybody can know; handing it over again does no harm. */
  hand(task: EngineTask): Promise<void>;
  /** A task that waits is settled as `broken-off` and never begun; one that runs has its signal aborted. */
  cancel(id: string): Promise<void>;
  /** Those that are there now, in the order of their names. */
  workers(): readonly KnownWorker[];
  /** A worker that failed may go on. */
  release(worker: string): Promise<void>;
  /** No more news. */
  close(): Promise<void>;
}

/** The other end: a worker that takes tasks from an engine. */
export interface EngineWorker {
  /** Takes nothing more, breaks off what runs so that somebody else goes on with it, and leaves. Call once. */
  drain(): Promise<void>;
}
