import { Queue, QueueEvents, QueueEventsProducer } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Log } from '../../util/log.ts';
import type { namesUnder } from './bullmq-connection.ts';
import type { Lane } from './queue-engine.ts';

/** What {@link openQueues} works with. */
export interface QueuesOptions {
  /** Fails at once while Redis is away. */
  quick: Redis;
  /** Waits while Redis is away. */
  waiting: Redis;
  names: ReturnType<typeof namesUnder>;
  log: Log;
  onProgress: (id: string, data: unknown) => void;
  onResult: (id: string, returned: unknown) => void;
  /** BullMQ gave a task up, which it should not. */
  onGivenUp: (id: string) => void;
  /** A worker has announced itself, or left. */
  onWorker: () => void;
}

interface OpenQueue {
  queue: Queue;
  news: QueueEvents;
}

/** BullMQ's queues at the owner's end, one for each group of a lane; those of groups are opened when they are first asked for. */
export interface Queues {
  /** Rejects where it is not open yet and Redis cannot be reached. */
  of(lane: Lane, group: string): Promise<Queue>;
  /** The group that a task of a lane was handed to, by this process or one before it; undefined where it is in no open queue. */
  groupOfTask(lane: Lane, id: string): Promise<string | undefined>;
  /** Says something to all workers of a lane. */
  tell(lane: Lane, message: { eventName: string; [name: string]: string }): Promise<unknown>;
  close(): Promise<void>;
}

/** Opens the queues of the nameless groups. Resolves when the news of their tasks can be heard. */
export async function openQueues(options: QueuesOptions): Promise<Queues> {
  const { quick, waiting, names, log } = options;
  const logged = (err: unknown) => log.debug({ err }, 'the queue’s connection reports an error');
  const open = new Map<string, { lane: Lane; group: string; opened: Promise<OpenQueue> }>();

  async function openOne(name: string): Promise<OpenQueue> {
    // From here on: what was told before is in the tasks.
    const [last] = await quick.xrevrange(names.events(name), '+', '-', 'COUNT', 1);
    const queue = new Queue(name, { connection: quick, prefix: names.prefix });
    const lastEventId = last?.[0] ?? '0-0';
    const news = new QueueEvents(name, { connection: waiting, prefix: names.prefix, lastEventId });
    queue.on('error', logged);
    news.on('error', logged);
    news.on('progress', ({ jobId, data }) => options.onProgress(names.id(jobId), data));
    news.on('completed', ({ jobId, returnvalue }) => options.onResult(names.id(jobId), returnvalue));
    news.on('failed', ({ jobId, failedReason }) => {
      log.warn({ job: names.id(jobId), failedReason }, 'BullMQ gave a task up');
      options.onGivenUp(names.id(jobId));
    });
    (news as unknown as { on(event: string, listener: () => void): void }).on('kinora-worker', options.onWorker);
    return { queue, news };
  }

  async function of(lane: Lane, group: string): Promise<Queue> {
    const name = names.queue(lane, group);
    const known = open.get(name);
    if (known !== undefined) return (await known.opened).queue;
    const opened = openOne(name);
    open.set(name, { lane, group, opened });
    // Tried anew by whoever asks next.
    opened.catch(() => open.delete(name));
    return (await opened).queue;
  }

  function openProducer(lane: Lane): QueueEventsProducer {
    const producer = new QueueEventsProducer(names.queue(lane), { connection: quick, prefix: names.prefix });
    producer.on('error', logged);
    return producer;
  }

  const producers: Record<Lane, QueueEventsProducer> = {
    render: openProducer('render'),
    encode: openProducer('encode'),
  };
  await Promise.all([of('render', ''), of('encode', '')]);
  return {
    of,
    async groupOfTask(lane, id) {
      for (const each of open.values()) {
        if (each.lane === lane && (await (await each.opened).queue.getJob(names.job(id)))) return each.group;
      }
      return undefined;
    },
    tell: (lane, message) => producers[lane].publishEvent(message),
    async close() {
      const opened = await Promise.allSettled([...open.values()].map((each) => each.opened));
      const found = opened.flatMap((each) => (each.status === 'fulfilled' ? [each.value.queue, each.value.news] : []));
      await Promise.all([...found, ...Object.values(producers)].map((each) => each.close()));
    },
  };
}
