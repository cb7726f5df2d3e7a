import { afterAll, beforeAll } from 'vitest';
import { createBullmqEngine } from '../../src/queue/engine/bullmq-engine.ts';
import { serveBullmq } from '../../src/queue/engine/bullmq-worker.ts';
import { systemClock } from '../../src/util/clock.ts';
import { createRecordingLog } from '../support/recording-log.ts';
import { noRedis, type RedisServer, startRedis } from '../support/redis-server.ts';
import { createStallingProxy } from '../support/stalling-proxy.ts';
import { describeEngine } from './engine-conformance.ts';
import type { EngineSuite, EngineUnderTest, TestWorker } from './engine-under-test.ts';
import { describeGroups } from './group-conformance.ts';
import { describeQueueOver } from './queue-over-engine.ts';

/** A tenth of what is set in earnest. */
const timing = { lock: 1_000, stalledCheck: 500, announce: 300, refresh: 300, hand: 3_000 };

let redis: RedisServer;
let tests = 0;

beforeAll(async () => {
  if (noRedis === undefined) redis = await startRedis();
});

afterAll(() => redis?.stop());

async function open(): Promise<EngineUnderTest> {
  const prefix = `test${++tests}`;
  const log = createRecordingLog();
  const openEngine = () => createBullmqEngine({ url: redis.url, prefix, log, timing, clock: systemClock });
  const closers: (() => Promise<void>)[] = [];
  let engine = await openEngine();
  return {
    engine,
    silenceMs: timing.lock,
    async serve(worker, handler) {
      const proxy = await createStallingProxy(redis.port);
      const options = { url: `redis://127.0.0.1:${proxy.port}`, prefix, log, timing };
      const served = await serveBullmq(options, worker, handler);
      let drained: Promise<void> | undefined;
      const drain = () => {
        proxy.resume();
        drained ??= served.drain();
        return drained;
      };
      closers.push(drain);
      closers.push(proxy.close);
      return { drain, fallSilent: proxy.stall, comeBack: proxy.resume } satisfies TestWorker;
    },
    async takeOver() {
      engine = await openEngine();
      return engine;
    },
    async close() {
      for (const close of closers) await close();
      await engine.close();
    },
  };
}

const suite: EngineSuite = { open, abilities: { silence: true, takeOver: true }, skipReason: noRedis };
describeEngine('the engine over BullMQ', suite);
describeGroups('the engine over BullMQ', suite);
describeQueueOver('BullMQ', suite);
