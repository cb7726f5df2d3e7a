import PQueue from 'p-queue';
import type { Log } from '../../util/log.ts';
import {
  type Delivery,
  type EngineEvents,
  type EngineTask,
  type EngineWorker,
  groupOf,
  type KnownWorker,
  type Outcome,
  type QueueEngine,
  type TaskHandler,
  type WorkerInfo,
} from './queue-engine.ts';

/** The engine of one host, with the workers of this process. */
export interface LocalEngine extends QueueEngine {
  /** A worker takes tasks from now on. */
  serve(worker: WorkerInfo, handler: TaskHandler): EngineWorker;
}

interface Entry {
  task: EngineTask;
  abort: AbortController;
  delivery?: Delivery;
}

interface LocalWorker extends KnownWorker {
  group: string;
  handler: TaskHandler;
  entry?: Entry | undefined;
  /** Resolves when its present task is over. */
  idle: Promise<void>;
}

/** What worker and task have in common. */
type Shared = Pick<EngineTask, 'lane' | 'group'>;

const shares = (one: Shared, other: Shared) => one.lane === other.lane && one.group === other.group;

/** An engine over p-queue. Nothing of it survives the process: whoever starts next hands everything over again. */
export function createLocalEngine({ log }: { log: Log }): LocalEngine {
  const workers = new Map<string, LocalWorker>();
  const entries = new Map<string, Entry>();
  /** What is known of the workers, in the order of their names; undefined once something has changed since. */
  let known: readonly KnownWorker[] | undefined;
  let deliveries = 0;
  /** By lane and group. */
  const queues = new Map<string, PQueue>();
  let events: EngineEvents | undefined;

  function queueOf({ lane, group }: Shared): PQueue {
    const name = `${lane} ${group}`;
    // It stands still until there is a worker.
    const queue = queues.get(name) ?? new PQueue({ concurrency: 1, autoStart: false });
    queues.set(name, queue);
    return queue;
  }

  /** One task at a time for each worker that is not held. */
  function regulate(of: Shared): void {
    known = undefined;
    const ready = [...workers.values()].filter((worker) => shares(worker, of) && !worker.isHeld).length;
    const queue = queueOf(of);
    if (ready === 0) {
      queue.pause();
      return;
    }
    queue.concurrency = ready;
    queue.start();
  }

  async function run(entry: Entry): Promise<void> {
    // Cancelled, and settled, while it waited.
    if (entries.get(entry.task.id) !== entry) return;
    const worker = [...workers.values()].find(
      (each) => shares(each, entry.task) && !each.isHeld && each.entry === undefined,
    );
    if (worker === undefined) throw new Error(`No worker of the lane ${entry.task.lane} is free.`);
    worker.entry = entry;
    let becomeIdle = () => {};
    worker.idle = new Promise((resolve) => {
      becomeIdle = resolve;
    });
    const { id } = entry.task;
    const delivery: Delivery = { id, number: ++deliveries, worker: worker.name };
    entry.delivery = delivery;
    events?.begun(delivery);
    const outcome = await outcomeOf(worker, entry, delivery);
    worker.entry = undefined;
    worker.isHeld = outcome.type === 'failed' && outcome.at === 'worker' && workers.has(worker.name);
    becomeIdle();
    regulate(entry.task);
    settle(entry, outcome);
    if (worker.isHeld) events?.workersChanged();
  }

  async function outcomeOf({ handler }: LocalWorker, entry: Entry, delivery: Delivery): Promise<Outcome> {
    const { signal } = entry.abort;
    const isCurrent = () => entries.get(delivery.id) === entry;
    try {
      return await handler({
        ...delivery,
        signal,
        progress: (progress) => isCurrent() && !signal.aborted && events?.progress(delivery, progress),
      });
    } catch (error) {
      return signal.aborted ? { type: 'broken-off' } : { type: 'failed', at: 'worker', error };
    }
  }

  function settle(entry: Entry, outcome: Outcome): void {
    const { id } = entry.task;
    entries.delete(id);
    events?.settled(entry.delivery ?? { id, worker: undefined }, outcome);
  }

  return {
    outlivesOwner: false,
    listen(listener) {
      events = listener;
    },
    async hand(task) {
      if (entries.has(task.id)) return;
      const entry: Entry = { task, abort: new AbortController() };
      entries.set(task.id, entry);
      queueOf(task)
        .add(() => run(entry))
        .catch((err: unknown) => log.error({ job: task.id, err }, 'the queue broke'));
    },
    async cancel(id) {
      const entry = entries.get(id);
      if (entry === undefined) return;
      entry.abort.abort();
      if (entry.delivery === undefined) settle(entry, { type: 'broken-off' });
    },
    workers() {
      // Asked several times at every event.
      known ??= [...workers.values()]
        .map(({ name, lane, styles, facts, isHeld }) => ({
          name,
          lane,
          isHeld,
          ...(styles && { styles }),
          ...(facts && { facts }),
        }))
        .sort((a, b) => (a.name < b.name ? -1 : 1));
      return known;
    },
    async release(name) {
      const worker = workers.get(name);
      if (!worker?.isHeld) return;
      worker.isHeld = false;
      regulate(worker);
      events?.workersChanged();
    },
    serve(info, handler) {
      if (workers.has(info.name)) throw new Error(`There is a worker ${info.name} already.`);
      const worker: LocalWorker = {
        ...info,
        group: groupOf(info),
        handler,
        isHeld: false,
        idle: Promise.resolve(),
      };
      workers.set(info.name, worker);
      regulate(worker);
      events?.workersChanged();
      return {
        async drain() {
          workers.delete(info.name);
          regulate(worker);
          worker.entry?.abort.abort();
          await worker.idle;
          events?.workersChanged();
        },
      };
    },
    async close() {
      events = undefined;
      for (const queue of queues.values()) queue.pause();
    },
  };
}
