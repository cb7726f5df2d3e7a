import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createBullmqEngine } from '../../src/queue/engine/bullmq-engine.ts';
import { serveBullmq } from '../../src/queue/engine/bullmq-worker.ts';
import { createJobHandler } from '../../src/queue/job-handler.ts';
import { systemClock } from '../../src/util/clock.ts';
import { newJob } from '../support/jobs.ts';
import { createRecordingLog } from '../support/recording-log.ts';
import { noRedis, startRedis } from '../support/redis-server.ts';
import { createScriptedRenderer } from '../support/scripted-renderer.ts';
import { createStallingProxy } from '../support/stalling-proxy.ts';
import { setUpQueue, submitAll } from './set-up-queue.ts';

/** A tenth of what is set in earnest; so an outage of 4 s is one of 40 s. */
const timing = { lock: 1_000, stalledCheck: 500, announce: 300, refresh: 300, hand: 500 };
const until = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 25_000, interval: 10 });

/** A queue over BullMQ with three workers; what the test does not hold is rendered at once. */
async function setUp() {
  const redis = await startRedis();
  const log = createRecordingLog();
  const options = { url: redis.url, prefix: 'outage', log, timing };
  const engine = await createBullmqEngine({ ...options, clock: systemClock });
  const around = setUpQueue({ engine, clock: systemClock, leaseMs: 1_500, holder: 'test' });
  const renderers = [0, 1, 2].map(createScriptedRenderer);
  const workers = await Promise.all(
    renderers.map((renderer, index) =>
      serveBullmq(
        options,
        { name: `worker ${index}`, lane: 'render' },
        createJobHandler({ access: around.queue.access, renderer, clock: systemClock, log }),
      ),
    ),
  );
  onTestFinished(async () => {
    await around.queue.close();
    await Promise.all(workers.map((worker) => worker.drain()));
    await engine.close();
    await redis.stop();
  });
  let isHeld = true;
  const held: (() => void)[] = [];
  for (const renderer of renderers) {
    void (async () => {
      for (let index = 0; ; index++) {
        const render = await renderer.begun(index);
        if (isHeld) held.push(() => render.finish());
        else render.finish();
      }
    })();
  }
  const letGo = () => {
    isHeld = false;
    for (const finish of held) finish();
  };
  const renders = () => renderers.reduce((sum, renderer) => sum + renderer.renders.length, 0);
  const ended = () => around.news.filter((word) => /delivered|failed/.test(word));
  return { ...around, redis, letGo, renders, ended };
}

describe.skipIf(noRedis !== undefined)(`Redis is killed${noRedis ? ` (${noRedis})` : ''}`, () => {
  const users = Array.from({ length: 12 }, (_, index) => `u${index}`);
  const allDelivered = users.map((user) => `${user} delivered`).toSorted();

  it('and stays away for four times the lock: what is rendered goes on, nothing is lost, nothing comes twice', async () => {
    const { queue, redis, letGo, renders, ended } = await setUp();
    await submitAll(queue, users);
    await until(() => expect(renders()).toBe(3));
    await redis.kill();
    // Clips that are ready meanwhile are delivered: the store knows of them, and not Redis.
    letGo();
    await until(() => expect(ended()).toHaveLength(3));
    await new Promise((resolve) => setTimeout(resolve, 4 * timing.lock));
    expect(await queue.submit(newJob({ userId: 'late' }))).toMatchObject({ state: 'queued' });
    await redis.start();
    await until(() => expect(ended()).toHaveLength(users.length + 1));
    expect(ended().toSorted()).toEqual([...allDelivered, 'late delivered'].toSorted());
    // Nor was anything rendered twice: the leases of the three stayed with their workers.
    expect(renders()).toBe(users.length + 1);
    expect(queue.overview()).toMatchObject({ hostFault: undefined, waiting: [], running: [] });
  });

  it('and comes back with nothing: the bot hands everything over again', async () => {
    const { queue, redis, letGo, renders, ended } = await setUp();
    await submitAll(queue, users);
    await until(() => expect(renders()).toBe(3));
    await redis.kill();
    redis.forget();
    await redis.start();
    letGo();
    await until(() => expect(ended()).toHaveLength(users.length));
    expect(ended().toSorted()).toEqual(allDelivered);
  });

  it('and the engine tells that it is there again, and is heard by a worker that had nothing to do', async () => {
    const redis = await startRedis();
    const options = { url: redis.url, prefix: 'again', log: createRecordingLog(), timing };
    const engine = await createBullmqEngine({ ...options, clock: systemClock });
    const begun: string[] = [];
    const worker = await serveBullmq(options, { name: 'idle', lane: 'render' }, async ({ id }) => {
      begun.push(id);
      return { type: 'done' };
    });
    onTestFinished(async () => {
      await worker.drain();
      await engine.close();
      await redis.stop();
    });
    const news: string[] = [];
    engine.listen({
      begun: () => {},
      progress: () => {},
      workersChanged: () => {},
      settled: ({ id }) => void news.push(`${id} settled`),
      reachable: () => void news.push('reachable'),
    });
    await engine.hand({ id: 'first', lane: 'render', group: '' });
    await until(() => expect(news).toEqual(['first settled']));
    await redis.kill();
    await expect(engine.hand({ id: 'second', lane: 'render', group: '' })).rejects.toMatchObject({
      code: 'queue-unreachable',
    });
    await redis.start();
    const startMs = Date.now();
    // The connection is tried again each second, and waited for no longer.
    await until(() => expect(news.at(-1)).toBe('reachable'));
    await engine.hand({ id: 'second', lane: 'render', group: '' });
    await until(() => expect(begun).toEqual(['first', 'second']));
    expect(Date.now() - startMs).toBeLessThan(10_000);
    await until(() => expect(news).toEqual(['first settled', 'reachable', 'second settled']));
  });

  it('its way is silent and no connection breaks: the engine tells that it is heard again', async () => {
    const redis = await startRedis();
    const way = await createStallingProxy(redis.port);
    const options = { url: `redis://127.0.0.1:${way.port}`, prefix: 'silent', log: createRecordingLog(), timing };
    const engine = await createBullmqEngine({ ...options, clock: systemClock });
    onTestFinished(async () => {
      way.resume();
      await engine.close();
      await way.close();
      await redis.stop();
    });
    let isTold = false;
    engine.listen({
      begun: () => {},
      progress: () => {},
      settled: () => {},
      workersChanged: () => {},
      reachable() {
        isTold = true;
      },
    });
    way.stall();
    await expect(engine.hand({ id: 'first', lane: 'render', group: '' })).rejects.toMatchObject({
      code: 'queue-unreachable',
    });
    expect(isTold).toBe(false);
    way.resume();
    await until(() => expect(isTold).toBe(true));
  });
});
