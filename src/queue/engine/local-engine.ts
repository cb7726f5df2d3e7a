import PQueue from 'p-queue';
import type { Log } from '../../util/log.ts';
import type {
  Delivery,
  EngineEvents,
  EngineTask,
  EngineWorker,
  KnownWorker,
  Lane,
  Outcome,
  QueueEngine,
  TaskHandler,
  WorkerInfo,
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
  handler: TaskHandler;
  entry?: Entry | undefined;
  /** Resolves when its present task is over. */
  idle: Promise<void>;
}

/** An engine over p-queue. Nothing of it survives the process: whoever starts next hands everything over again. */
export function createLocalEngine({ log }: { log: Log }): LocalEngine {
  const workers = new Map<string, LocalWorker>();
  const entries = new Map<string, Entry>();
  /** What is known of the workers, in the order of their names; undefined once something has changed since. */
  let known: readonly KnownWorker[] | undefined;
  let deliveries = 0;
  // They stand still until there is a worker.
  const lanes: Record<Lane, PQueue> = {
    render: new PQueue({ concurrency: 1, autoStart: false }),
    encode: new PQueue({ concurrency: 1, autoStart: false }),
  };
  let events: EngineEvents | undefined;

  /** One task at a time for each worker that is not held. */
  function regulate(lane: Lane): void {
    known = undefined;
    const ready = [...workers.values()].filter((worker) => worker.lane === lane && !worker.isHeld).length;
    if (ready === 0) {
      lanes[lane].pause();
      return;
    }
    lanes[lane].concurrency = ready;
    lanes[lane].start();
  }

  async function run(entry: Entry): Promise<void> {
    // Cancelled, and settled, while it waited.
    if (entries.get(entry.task.id) !== entry) return;
    const worker = [...workers.values()].find(
      ({ lane, isHeld, entry: present }) => lane === entry.task.lane && !isHeld && present === undefined,
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
    regulate(entry.task.lane);
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
      lanes[task.lane]
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
        .map(({ name, lane, facts, isHeld }) => ({ name, lane, isHeld, ...(facts && { facts }) }))
        .sort((a, b) => (a.name < b.name ? -1 : 1));
      return known;
    },
    async release(name) {
      const worker = workers.get(name);
      if (!worker?.isHeld) return;
      worker.isHeld = false;
      regulate(worker.lane);
      events?.workersChanged();
    },
    serve(info, handler) {
      if (workers.has(info.name)) throw new Error(`There is a worker ${info.name} already.`);
      const worker: LocalWorker = { ...info, handler, isHeld: false, idle: Promise.resolve() };
      workers.set(info.name, worker);
      regulate(info.lane);
      events?.workersChanged();
      return {
        async drain() {
          workers.delete(info.name);
          regulate(info.lane);
          worker.entry?.abort.abort();
          await worker.idle;
          events?.workersChanged();
        },
      };
    },
    async close() {
      events = undefined;
      for (const lane of Object.values(lanes)) lane.pause();
    },
  };
}
