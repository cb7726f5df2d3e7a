import { InferenceError } from '../../errors.ts';
import type { Clock } from '../../util/clock.ts';
import {
  type Announcement,
  announcementSchema,
  type BullmqOptions,
  connect,
  defaultTiming,
  fromWireOutcome,
  namesUnder,
  newsSchema,
  resultSchema,
  waitForRedis,
} from './bullmq-connection.ts';
import { openQueues } from './bullmq-queues.ts';
import {
  type EngineEvents,
  type EngineTask,
  groupOf,
  type KnownWorker,
  type Outcome,
  type QueueEngine,
} from './queue-engine.ts';

interface Handed extends Pick<EngineTask, 'lane' | 'group'> {
  /** The number of the latest delivery of which there was news, and whose it is. */
  number: number;
  worker?: string;
  /** It was not in Redis when it was looked for last. */
  isMissing: boolean;
  /** Nobody of its group was there when it was looked for last, though others were. */
  isForsaken: boolean;
}

/**
 * The owner's end of BullMQ. Resolves when the news of tasks can be heard.
 * @throws JobCancelledError the signal was aborted while Redis was away
 */
export async function createBullmqEngine({
  url,
  prefix,
  log,
  timing,
  clock,
  signal,
}: BullmqOptions & { clock: Clock; signal?: AbortSignal | undefined }): Promise<QueueEngine> {
  const { refresh: refreshMs, hand: handMs } = { ...defaultTiming, ...timing };
  const names = namesUnder(prefix);
  const waiting = connect(url, { log, mustWait: true });
  // What is asked on behalf of somebody fails at once while Redis is away, and is tried again by the caller.
  const quick = connect(url, { log, mustWait: false });
  await waitForRedis(quick, { others: [waiting], signal });
  const handed = new Map<string, Handed>();
  const announced = new Map<string, Announcement>();
  /** The number up to which each worker was told to go on. */
  const released = new Map<string, number>();
  let events: EngineEvents | undefined;
  let isClosed = false;
  let hasLooked = false;
  /** A task could not be handed over, and Redis has not answered since. */
  let isAway = false;
  let cancelTimer = () => {};
  // What comes after a broken connection; after one that was silent, the next look at the workers is answered.
  quick.on('ready', tellReachable);
  const logged = (err: unknown) => log.debug({ err }, 'the queue’s connection reports an error');

  const queues = await openQueues({
    quick,
    waiting,
    names,
    log,
    onProgress,
    onResult,
    onGivenUp: (id) => settle(id, 0, { type: 'lost' }),
    onWorker: () => void lookForWorkers().catch(logged),
  });

  function tellReachable(): void {
    if (!isAway) return;
    isAway = false;
    events?.reachable();
  }

  function onProgress(id: string, data: unknown): void {
    const task = handed.get(id);
    const parsed = newsSchema.safeParse(data);
    if (task === undefined || !parsed.success) return;
    const { number, worker } = parsed.data;
    // Of a worker that was thought dead and still goes on.
    if (number < task.number) return;
    const delivery = { id, number, worker };
    const isNew = number > task.number;
    task.number = number;
    task.worker = worker;
    if (isNew) events?.begun(delivery);
    if (parsed.data.type === 'begun') return;
    const { stage, step, steps, secondsPerStep } = parsed.data;
    events?.progress(delivery, { stage, step, steps, secondsPerStep });
  }

  function onResult(id: string, returned: unknown): void {
    const parsed = resultSchema.safeParse(typeof returned === 'string' ? JSON.parse(returned) : returned);
    if (!parsed.success) {
      log.error(
        { job: id, err: parsed.error },
        'a worker’s result cannot be read; are its version and this one alike?',
      );
      settle(id, 0, { type: 'lost' });
      return;
    }
    const { number, worker, outcome } = parsed.data;
    const known = announced.get(worker);
    // Sooner than by its next announcement.
    if (known && outcome.type === 'failed' && outcome.at === 'worker')
      known.failedAt = Math.max(known.failedAt, number);
    const task = handed.get(id);
    if (task === undefined) {
      if (outcome.type === 'failed') void release(worker).catch(logged);
      return;
    }
    if (number > task.number) events?.begun({ id, number, worker });
    task.number = Math.max(task.number, number);
    task.worker = worker;
    settle(id, number, fromWireOutcome(outcome));
  }

  function settle(id: string, number: number, outcome: Outcome): void {
    const task = handed.get(id);
    if (task === undefined) return;
    handed.delete(id);
    const { worker } = task;
    events?.settled(worker === undefined ? { id, worker } : { id, number: number || task.number, worker }, outcome);
  }

  function isHeld({ name, failedAt, releasedAt }: Announcement): boolean {
    return failedAt > Math.max(releasedAt, released.get(name) ?? 0);
  }

  const workers = (): KnownWorker[] =>
    [...announced.values()]
      .map((each) => {
        const { name, lane, facts = {}, styles, unfit } = each;
        const known = { name, lane, facts, isHeld: isHeld(each) };
        return { ...known, ...(styles && { styles }), ...(unfit !== undefined && { unfit }) };
      })
      .sort((a, b) => (a.name < b.name ? -1 : 1));

  async function release(name: string): Promise<void> {
    const worker = announced.get(name);
    if (worker === undefined) return;
    const number = worker.failedAt;
    released.set(name, number);
    await queues.tell(worker.lane, { eventName: 'kinora-release', worker: name, number: String(number) });
  }

  async function lookForWorkers(): Promise<void> {
    if (isClosed) return;
    const before = JSON.stringify(workers());
    const all = await quick.smembers(names.workers);
    const found = all.length === 0 ? [] : await quick.mget(all.map(names.worker));
    const isFirst = !hasLooked;
    hasLooked = true;
    const present = new Set<string>();
    for (const [index, name] of all.entries()) {
      const parsed = announcementSchema.safeParse(JSON.parse(found[index] ?? 'null'));
      if (!parsed.success) {
        announced.delete(name);
        await quick.srem(names.workers, name);
        continue;
      }
      present.add(name);
      // Before anything is handed to it, so that no news of it is missed.
      if (parsed.data.unfit === undefined) await queues.of(parsed.data.lane, groupOf(parsed.data));
      const failedAt = Math.max(parsed.data.failedAt, announced.get(name)?.failedAt ?? 0);
      announced.set(name, { ...parsed.data, failedAt });
      // What a worker failed at before this process began is over; and a release may not have reached it.
      if (isFirst) released.set(name, failedAt);
      const told = released.get(name) ?? 0;
      if (parsed.data.failedAt > parsed.data.releasedAt && told >= parsed.data.failedAt) await release(name);
    }
    for (const name of announced.keys()) if (!present.has(name)) announced.delete(name);
    if (JSON.stringify(workers()) !== before) events?.workersChanged();
  }

  /** Looks for tasks of whose end no news came: the stream of news is cut, and may have been. */
  async function lookForTasks(): Promise<void> {
    for (const [id, task] of handed) {
      const job = await (await queues.of(task.lane, task.group)).getJob(names.job(id));
      if (handed.get(id) !== task) continue;
      const [wasMissing, wasForsaken] = [task.isMissing, task.isForsaken];
      task.isMissing = job === undefined;
      task.isForsaken = isForsaken(task);
      // Twice: its news, or its workers, may be on their way.
      if (task.isMissing && wasMissing) settle(id, 0, { type: 'lost' });
      else if (job !== undefined && task.isForsaken && wasForsaken) await takeBack(id, job);
    }
  }

  /** Whether nobody is there who could do a task of that group, while there are others. */
  function isForsaken({ lane, group }: Handed): boolean {
    const fit = [...announced.values()].filter((each) => each.lane === lane && each.unfit === undefined);
    return fit.length > 0 && fit.every((each) => groupOf(each) !== group);
  }

  async function takeBack(id: string, job: { remove(): Promise<unknown> }): Promise<void> {
    try {
      await job.remove();
    } catch {
      // The lock of whoever had it has not run out.
      return;
    }
    log.info({ job: id }, 'those who could do a task are gone: it is given to others');
    settle(id, 0, { type: 'lost' });
  }

  async function refresh(): Promise<void> {
    try {
      await lookForWorkers();
      tellReachable();
      await lookForTasks();
    } catch (err) {
      log.debug({ err }, 'what workers there are could not be asked; trying again');
    }
    if (!isClosed) cancelTimer = clock.after(refreshMs, () => void refresh());
  }

  return {
    outlivesOwner: true,
    listen(listener) {
      void lookForWorkers().then(() => listener.workersChanged(), logged);
      events = listener;
      cancelTimer = clock.after(refreshMs, () => void refresh());
    },
    async hand({ id, lane, group }) {
      if (handed.has(id)) return;
      const task: Handed = { lane, group, number: 0, isMissing: false, isForsaken: false };
      handed.set(id, task);
      try {
        // Somebody of another group may have had it since before this process began.
        task.group = (await inTime(queues.groupOfTask(lane, id))) ?? group;
        const queue = await inTime(queues.of(lane, task.group));
        const job = await inTime(
          queue.add('job', { id }, { jobId: names.job(id), removeOnComplete: true, removeOnFail: true }),
        );
        // It was handed over before, by this process or one before it, and runs: what is known of it.
        const stored = await inTime(queue.getJob(job.id ?? names.job(id)));
        if (stored !== undefined) onProgress(id, stored.progress);
      } catch (cause) {
        if (handed.get(id) === task) handed.delete(id);
        isAway = true;
        throw new InferenceError('queue-unreachable', 'The queue (QUEUE_URL) cannot be reached.', {
          cause,
          scope: 'host',
        });
      }
    },
    async cancel(id) {
      const task = handed.get(id);
      if (task === undefined) return;
      const queue = await inTime(queues.of(task.lane, task.group));
      const job = await inTime(queue.getJob(names.job(id)));
      try {
        await job?.remove();
        settle(id, 0, { type: 'broken-off' });
      } catch {
        // A worker has it.
        await queues.tell(task.lane, { eventName: 'kinora-cancel', id });
      }
    },
    workers,
    release,
    async close() {
      isClosed = true;
      events = undefined;
      cancelTimer();
      await queues.close();
      quick.disconnect();
      waiting.disconnect();
    },
  };

  /** Not for longer than somebody waits for an answer. */
  async function inTime<Result>(work: Promise<Result>): Promise<Result> {
    let cancel = () => {};
    const late = new Promise<never>((_, reject) => {
      cancel = clock.after(handMs, () => reject(new Error(`Redis did not answer within ${handMs} ms.`)));
    });
    try {
      return await Promise.race([work, late]);
    } finally {
      cancel();
    }
  }
}
