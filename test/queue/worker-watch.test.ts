import { expect, it } from 'vitest';
import { createLocalEngine } from '../../src/queue/engine/local-engine.ts';
import type { KnownWorker } from '../../src/queue/engine/queue-engine.ts';
import { createJobHandler } from '../../src/queue/job-handler.ts';
import { createWorkerWatch } from '../../src/queue/worker-watch.ts';
import type { HostFault } from '../../src/storage/host-fault.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { newJob } from '../support/jobs.ts';
import { createRecordingLog } from '../support/recording-log.ts';
import { createScriptedRenderer } from '../support/scripted-renderer.ts';
import { setUpQueue } from './set-up-queue.ts';

it('where no worker is there, people read "paused" after a while and the operator is told once, until one comes', async () => {
  const engine = createLocalEngine({ log: createRecordingLog() });
  const paused: string[] = [];
  const stored: (string | undefined)[] = [];
  const around = setUpQueue({
    engine,
    listener: { waiting: ({ userId }, { isHostPaused = false }) => void paused.push(`${userId} ${isHostPaused}`) },
    onHostFault: async (fault) => void stored.push(fault?.code),
  });
  const { queue, clock, log } = around;
  await queue.resume();
  await queue.submit(newJob({ userId: 'ann' }));
  await clock.advance(29_000);
  expect([queue.overview().hostFault, paused.at(-1)]).toEqual([undefined, 'ann false']);
  await clock.advance(2_000);
  expect(queue.overview().hostFault).toMatchObject({
    code: 'workers-missing',
    message: expect.stringMatching(/kinora worker/),
  });
  expect(paused.at(-1)).toBe('ann true');
  await clock.advance(600_000);
  expect(log.events.filter(({ level }) => level === 'error')).toMatchObject([{ fields: { code: 'workers-missing' } }]);
  expect(stored).toEqual([undefined, 'workers-missing']);

  const renderer = createScriptedRenderer();
  const handler = createJobHandler({ access: queue.access, renderer, clock, log });
  const worker = engine.serve({ name: 'gpu-1', lane: 'render' }, handler);
  (await renderer.begun(0)).finish();
  expect(queue.overview().hostFault).toBeUndefined();
  expect(stored.at(-1)).toBeUndefined();
  await expect.poll(() => around.news.at(-1), { timeout: 10_000 }).toBe('ann delivered');

  // One that goes and comes back in time is nothing to tell.
  await worker.drain();
  await clock.advance(20_000);
  engine.serve({ name: 'gpu-1', lane: 'render' }, handler);
  await clock.advance(60_000);
  expect(queue.overview().hostFault).toBeUndefined();
});

it('where workers are there and none fits, each one’s reason is told; an encoder alone makes no clips', async () => {
  const clock = createFakeClock();
  const log = createRecordingLog();
  let workers: KnownWorker[] = [{ name: 'encoder', lane: 'encode', isHeld: false }];
  let changes = 0;
  const watch = createWorkerWatch({ engine: { workers: () => workers }, clock, log, onChange: () => changes++ });
  const fault = (): Pick<HostFault, 'code' | 'message'> | undefined => watch.fault();
  watch.look();
  await clock.advance(60_000);
  expect(fault()).toBeUndefined();
  watch.start();
  await clock.advance(30_000);
  expect(fault()?.code).toBe('workers-missing');
  workers = [{ name: 'gpu-1', lane: 'render', isHeld: false, unfit: 'its model is not that of the bot' }, ...workers];
  watch.look();
  watch.look();
  expect(fault()).toMatchObject({ code: 'workers-unfit', message: expect.stringContaining('gpu-1: its model is not') });
  workers = [{ name: 'gpu-2', lane: 'render', isHeld: true }, ...workers];
  watch.look();
  expect([fault(), changes]).toEqual([undefined, 3]);
  expect(log.events.map(({ level }) => level)).toEqual(['error', 'info']);
});
