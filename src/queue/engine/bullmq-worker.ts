import { QueueEvents, QueueEventsProducer, Worker } from 'bullmq';
import {
  type Announcement,
  type BullmqOptions,
  connect,
  defaultTiming,
  maxStalledCount,
  namesUnder,
  toWireOutcome,
} from './bullmq-connection.ts';
import { type EngineWorker, groupOf, type Outcome, type TaskHandler, type WorkerInfo } from './queue-engine.ts';

/** At most one piece of news of a render in so many milliseconds: Redis keeps each. */
const progressGapMs = 1_000;

/** After a broken connection, in milliseconds; BullMQ's own 15 s would leave a worker idle for so long after an outage. */
const retryMs = 1_000;

/** Leaving may take so long: its job is to be given back. */
const drainMs = 10_000;

/** Takes tasks of one lane from BullMQ, one at a time. Resolves when it is ready. */
export async function serveBullmq(
  { url, prefix, log, timing }: BullmqOptions,
  info: WorkerInfo,
  handler: TaskHandler,
): Promise<EngineWorker> {
  const { lock, stalledCheck, announce: announceMs } = { ...defaultTiming, ...timing };
  const names = namesUnder(prefix);
  const queueName = names.queue(info.lane);
  const redis = connect(url, { log, mustWait: true });
  const shared = { connection: redis, prefix: names.prefix };
  const producer = new QueueEventsProducer(queueName, shared);
  const announced: Announcement = { ...info, facts: { ...info.facts }, failedAt: 0, releasedAt: 0 };
  let isDraining = false;

  // The third parameter is what makes BullMQ give a signal.
  const worker = new Worker(
    names.queue(info.lane, groupOf(info)),
    async (job, _token, signal) => {
      const id: string = job.data.id;
      const delivery = { id, number: await redis.incr(names.deliveries), worker: info.name };
      const { id: _, ...sender } = delivery;
      // Never waited for: while Redis is away the render goes on.
      const tell = (news: object) =>
        void job.updateProgress({ ...news, ...sender }).catch((err: unknown) => log.debug({ job: id, err }, 'no news'));
      tell({ type: 'begun' });
      let toldAtMs = 0;
      let stage: string | undefined;
      let outcome: Outcome;
      try {
        outcome = await handler({
          ...delivery,
          signal: signal ?? new AbortController().signal,
          progress(progress) {
            if (signal?.aborted) return;
            if (progress.stage === stage && Date.now() - toldAtMs < progressGapMs) return;
            stage = progress.stage;
            toldAtMs = Date.now();
            tell({ type: 'progress', ...progress });
          },
        });
      } catch (error) {
        outcome = signal?.aborted ? { type: 'broken-off' } : { type: 'failed', at: 'worker', error };
      }
      if (outcome.type === 'failed' && outcome.at === 'worker') {
        announced.failedAt = delivery.number;
        await worker.pause(true);
        await announce();
      }
      return { ...sender, outcome: toWireOutcome(outcome) };
    },
    {
      ...shared,
      name: info.name,
      concurrency: 1,
      lockDuration: lock,
      stalledInterval: stalledCheck,
      maxStalledCount,
      runRetryDelay: retryMs,
      autorun: false,
    },
  );
  const logged = (err: unknown) => log.debug({ worker: info.name, err }, 'a worker’s connection reports an error');
  worker.on('error', logged);
  producer.on('error', logged);

  // What happened before is in the announcement.
  const control = new QueueEvents(queueName, { ...shared, lastEventId: await lastEventId() });
  control.on('error', logged);
  const onControl = control as unknown as {
    on(event: string, listener: (message: { id?: string; worker?: string; number?: string }) => void): void;
  };
  onControl.on('kinora-cancel', ({ id }) => {
    if (id !== undefined) worker.cancelJob(names.job(id));
  });
  onControl.on('kinora-release', ({ worker: name, number }) => {
    if (name !== info.name || isDraining) return;
    announced.releasedAt = Math.max(announced.releasedAt, Number(number) || 0);
    if (announced.releasedAt >= announced.failedAt && worker.isPaused()) void worker.resume();
    void announce();
  });

  async function lastEventId(): Promise<string> {
    const [last] = await redis.xrevrange(names.events(queueName), '+', '-', 'COUNT', 1);
    return last?.[0] ?? '0-0';
  }

  async function announce(): Promise<void> {
    try {
      await redis
        .multi()
        .set(names.worker(info.name), JSON.stringify(announced), 'PX', 4 * announceMs)
        .sadd(names.workers, info.name)
        .exec();
      await producer.publishEvent({ eventName: 'kinora-worker', worker: info.name });
    } catch (err) {
      log.debug({ worker: info.name, err }, 'a worker could not be announced; trying again');
    }
  }

  await control.waitUntilReady();
  if (info.unfit === undefined) {
    worker.run().catch((err: unknown) => log.error({ worker: info.name, err }, 'a worker stopped'));
  }
  await announce();
  const timer = setInterval(() => void announce(), announceMs);
  return {
    async drain() {
      isDraining = true;
      clearInterval(timer);
      const leave = async () => {
        if (info.unfit === undefined) await worker.pause(true);
        worker.cancelAllJobs();
        await worker.close();
        await redis.multi().del(names.worker(info.name)).srem(names.workers, info.name).exec();
        await producer.publishEvent({ eventName: 'kinora-worker', worker: info.name });
      };
      // While Redis is away there is nobody to take leave of: its lock and its announcement run out.
      let cancel = () => {};
      const late = new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, drainMs);
        cancel = () => clearTimeout(timer);
      });
      await Promise.race([leave().catch(logged), late]);
      cancel();
      await Promise.race([Promise.all([control.close(), producer.close(), worker.close(true)]).catch(logged), late]);
      redis.disconnect();
    },
  };
}
