import { describe, expect, it } from 'vitest';
import { ConfigError, InferenceError } from '../../src/errors.ts';
import { createLocalEngine } from '../../src/queue/engine/local-engine.ts';
import { createJobHandler } from '../../src/queue/job-handler.ts';
import type { WorkerFault } from '../../src/storage/host-fault.ts';
import { settle } from '../support/fake-clock.ts';
import { newJob } from '../support/jobs.ts';
import { createRecordingLog } from '../support/recording-log.ts';
import { createScriptedRenderer, type ScriptedRenderer } from '../support/scripted-renderer.ts';
import { setUpQueue } from './set-up-queue.ts';

const noCard = () => new InferenceError('session-create', 'CUDA failure 999: unknown error.', { scope: 'host' });

/** A queue over workers of these names, each with a renderer of its own; one called `encoder` only encodes. */
function setUp(names: readonly string[], options: Parameters<typeof setUpQueue>[0] = {}) {
  const engine = createLocalEngine({ log: createRecordingLog() });
  const around = setUpQueue({ ...options, engine });
  const { queue, clock, log } = around;
  const renderers: Record<string, ScriptedRenderer> = {};
  for (const name of names) {
    const renderer = createScriptedRenderer();
    renderers[name] = renderer;
    const lane = name === 'encoder' ? 'encode' : 'render';
    engine.serve({ name, lane }, createJobHandler({ access: queue.access, renderer, clock, log }));
  }
  return { ...around, at: (name: string) => renderers[name]! };
}

/** Begins a job on each of two devices and finishes them, so that times are known: 28 s for the renders here. */
async function measure({ queue, at }: Pick<ReturnType<typeof setUp>, 'queue' | 'at'>): Promise<void> {
  await queue.submit(newJob());
  (await at('gpu 0').begun(0)).finish();
  await settle();
}

describe('two devices', () => {
  it('make two clips at once, and positions and times know it', async () => {
    const around = setUp(['gpu 0', 'gpu 1']);
    const { queue, at, clock } = around;
    await measure(around);
    for (const userId of ['ann', 'bob', 'cy', 'dan']) await queue.submit(newJob({ userId }));
    await at('gpu 0').begun(1);
    await at('gpu 1').begun(0);
    const { running, waiting } = queue.overview();
    expect(running).toHaveLength(2);
    // Two begin when the two that run end, and the next when those do.
    const starts = [...waiting.map(({ place }) => place), queue.estimatePosition(newJob())].map(
      ({ position, startsAtMs }) => [position, Math.round((startsAtMs! - clock.now()) / 1000)],
    );
    expect(starts).toEqual([
      [1, 28],
      [2, 28],
      [3, 56],
    ]);
    expect(queue.workers()).toMatchObject([
      { name: 'gpu 0', job: { userId: 'ann' }, fault: undefined },
      { name: 'gpu 1', job: { userId: 'bob' }, fault: undefined },
    ]);
  });

  it('share one fair queue', async () => {
    const { queue, at } = setUp(['gpu 0', 'gpu 1']);
    queue.setMode('paused');
    const users = ['ann', 'ann', 'ann', 'ann', 'bob', 'cy'];
    for (const [seed, userId] of users.entries()) await queue.submit(newJob({ userId, settings: { seed } }));
    queue.setMode('open');
    const order: (number | undefined)[] = [];
    for (let turn = 0; turn < 3; turn++) {
      for (const name of ['gpu 0', 'gpu 1']) {
        const render = await at(name).begun(turn);
        order.push(render.spec.settings.seed);
        render.finish();
        await settle();
      }
    }
    expect(order).toEqual([0, 4, 5, 1, 2, 3]);
  });

  it('of which one breaks: it is taken out and tried again by itself, the other goes on, and nobody is told "paused"', async () => {
    const faults: [string | undefined, string[]][] = [];
    const onHostFault = async (host: { code: string } | undefined, workers: readonly WorkerFault[]) =>
      void faults.push([host?.code, workers.map(({ worker }) => worker)]);
    const { queue, at, clock, log, news } = setUp(['gpu 0', 'gpu 1'], { onHostFault });
    for (const userId of ['ann', 'bob', 'cy']) await queue.submit(newJob({ userId }));
    (await at('gpu 0').begun(0)).fail(noCard());
    await settle();
    expect(queue.overview().hostFault).toBeUndefined();
    expect(queue.workers()).toMatchObject([{ name: 'gpu 0', fault: { code: 'session-create' } }, { fault: undefined }]);
    expect(queue.overview().waiting.every(({ place }) => place.isHostPaused === undefined)).toBe(true);
    // What it had is the first that the other one does, and cost it nothing.
    (await at('gpu 1').begun(0)).finish();
    (await at('gpu 1').begun(1)).finish();
    (await at('gpu 1').begun(2)).finish();
    await settle();
    expect(news.filter((word) => /delivered|failed/.test(word))).toEqual([
      'bob delivered',
      'ann delivered',
      'cy delivered',
    ]);
    await clock.advance(5_000);
    expect(queue.workers().map(({ fault }) => fault)).toEqual([undefined, undefined]);
    expect(faults).toEqual([
      [undefined, ['gpu 0']],
      [undefined, []],
    ]);
    expect(log.events.filter(({ level }) => level === 'error')).toMatchObject([{ fields: { worker: 'gpu 0' } }]);
  });

  it('of which both break: the queue is paused and says so, until one is well', async () => {
    const { queue, at, clock, news } = setUp(['gpu 0', 'gpu 1']);
    for (const userId of ['ann', 'bob']) await queue.submit(newJob({ userId }));
    for (const name of ['gpu 0', 'gpu 1']) (await at(name).begun(0)).fail(noCard());
    await settle();
    expect(queue.overview().hostFault?.code).toBe('session-create');
    await clock.advance(5_000);
    (await at('gpu 0').begun(1)).finish();
    (await at('gpu 1').begun(1)).fail(noCard());
    await settle();
    expect(queue.overview().hostFault).toBeUndefined();
    (await at('gpu 0').begun(2)).finish();
    await settle();
    expect(news.filter((word) => /delivered|failed/.test(word)).toSorted()).toEqual(['ann delivered', 'bob delivered']);
  });

  it('a broken device, however often it is tried, ends nobody’s job', async () => {
    const { queue, at, clock, news } = setUp(['gpu 0', 'gpu 1']);
    void (async () => {
      for (let index = 0; ; index++) (await at('gpu 0').begun(index)).fail(new ConfigError('model-missing', 'gone'));
    })();
    void (async () => {
      for (let index = 0; ; index++) {
        const render = await at('gpu 1').begun(index);
        clock.after(20_000, () => render.finish());
      }
    })();
    const users = Array.from({ length: 20 }, (_, index) => `u${index}`);
    for (const userId of users) await queue.submit(newJob({ userId }));
    await clock.advance(1_000_000);
    for (let turn = 0; turn < 20; turn++) await settle();
    expect(news.filter((word) => /failed/.test(word))).toEqual([]);
    expect(news.filter((word) => /delivered/.test(word))).toHaveLength(20);
    expect(at('gpu 0').renders.length).toBeGreaterThan(5);
  });
});

it('a re-encode does not wait behind renders, and has its own position', async () => {
  const around = setUp(['gpu 0', 'encoder']);
  const { queue, at, news } = around;
  await measure(around);
  const parent = (await queue.submit(newJob({ userId: 'ann' }))).id;
  (await at('gpu 0').begun(1)).finish();
  await settle();
  for (const userId of ['bob', 'cy', 'dan']) await queue.submit(newJob({ userId }));
  const reencode = { parent: { id: parent, use: 'reencode' }, form: { loop: 'ping-pong' } } as const;
  expect(queue.estimatePosition(newJob(reencode))).toMatchObject({ position: 1, waiting: 1 });
  await queue.submit(newJob({ userId: 'eve', ...reencode }));
  const encode = await at('encoder').begun(0);
  expect(encode.spec.base?.use).toBe('reencode');
  encode.finish();
  await settle();
  expect(news.at(-1)).toBe('eve delivered');
  expect(queue.overview()).toMatchObject({ running: [{ job: { userId: 'bob' } }], waiting: [{}, {}] });
});
