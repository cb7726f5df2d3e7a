import { describe, expect, it } from 'vitest';
import { ConfigError, InferenceError } from '../../src/errors.ts';
import type { JobListener, QueuePosition } from '../../src/queue/job-listener.ts';
import { settle } from '../support/fake-clock.ts';
import { newJob } from '../support/jobs.ts';
import { setUpQueue as setUp } from './set-up-queue.ts';

const hourMs = 3_600_000;
const died = () => new InferenceError('render-process-died', 'The render process ended (SIGKILL).');
const noModel = () => new ConfigError('model-missing', 'MODEL_DIR=/models/svd cannot be read.');

const notified = (log: ReturnType<typeof setUp>['log']) => log.events.filter(({ level }) => level === 'error');

describe('a fault of the host', () => {
  it.each([
    ['the model folder is gone', noModel],
    ['the disk is full', () => new Error('cannot write', { cause: Object.assign(new Error(), { code: 'ENOSPC' }) })],
    ['the provider cannot be opened', () => new InferenceError('provider', 'no CUDA', { scope: 'host' })],
    ['ffmpeg is missing', () => new InferenceError('ffmpeg', 'no ffmpeg', { scope: 'host' })],
  ])('costs none of ten waiting jobs: %s', async (_, fault) => {
    const places: QueuePosition[] = [];
    const waiting: JobListener['waiting'] = (_job, place) => void places.push(place);
    const { queue, renderer, clock, log, news } = setUp({ listener: { waiting } });
    for (let index = 0; index < 10; index++) await queue.submit(newJob({ userId: `u${index}` }));
    // Broken for half an hour.
    let isBroken = true;
    const render = async () => {
      for (let index = 0; ; index++) {
        const begun = await renderer.begun(index);
        if (isBroken) begun.fail(fault());
        else begun.finish();
      }
    };
    void render();
    await clock.advance(hourMs / 2);
    expect(renderer.renders.length).toBeGreaterThan(20);
    expect(renderer.renders.length).toBeLessThan(60);
    expect(news.filter((word) => /failed|delivered/.test(word))).toEqual([]);
    expect(queue.overview().waiting).toHaveLength(10);
    expect(queue.overview().hostFault?.retryAtMs).toBeGreaterThan(clock.now());
    expect(places.at(-1)).toMatchObject({ isHostPaused: true, startsAtMs: undefined });
    expect(notified(log)).toHaveLength(1);
    isBroken = false;
    await clock.advance(60_000);
    for (let turn = 0; turn < 20; turn++) await settle();
    // Whose turn the trial was that succeeded depends on how many there were; the others keep their order.
    const delivered = news.filter((word) => word.endsWith('delivered')).map((word) => word.split(' ')[0]);
    expect(delivered.toSorted()).toEqual(Array.from({ length: 10 }, (_, index) => `u${index}`));
    expect(delivered.slice(2)).toEqual(Array.from({ length: 8 }, (_, index) => `u${index + 2}`));
    expect(queue.overview().hostFault).toBeUndefined();
    expect(notified(log)).toHaveLength(1);
  });

  it('costs no attempts, so that a job may still break the process once', async () => {
    const { queue, store, renderer, clock, news } = setUp();
    const { id } = await queue.submit(newJob({ userId: 'ann' }));
    for (let index = 0; index < 3; index++) {
      (await renderer.begun(index)).fail(noModel());
      await clock.advance(60_000);
    }
    expect((await store.find(id))?.attempts).toBe(1);
    (await renderer.begun(3)).finish();
    await settle();
    expect(news.at(-1)).toBe('ann delivered');
  });

  it('of which a single job waits is told once, and waits longer each time', async () => {
    const { queue, renderer, clock, log } = setUp();
    await queue.submit(newJob());
    const startMs = clock.now();
    const triedAt: number[] = [];
    void (async () => {
      for (let index = 0; ; index++) {
        const render = await renderer.begun(index);
        triedAt.push((clock.now() - startMs) / 1000);
        render.fail(noModel());
      }
    })();
    await clock.advance(200_000);
    expect(triedAt).toEqual([0, 5, 15, 35, 75, 135, 195]);
    expect(notified(log)).toHaveLength(1);
  });

  it('whose reason changes while it lasts is told once: each further reason is a warning, once', async () => {
    const { queue, renderer, clock, log } = setUp();
    await queue.submit(newJob());
    const noWeights = () => new ConfigError('weights-missing', 'There are no weights.');
    const told = () =>
      log.events.flatMap(({ level, fields }) => (/error|warn/.test(level) ? [`${level} ${fields.code}`] : []));
    for (const [index, fault] of [noWeights, noModel, noWeights, noModel].entries()) {
      (await renderer.begun(index)).fail(fault());
      await clock.advance(60_000);
    }
    expect(told()).toEqual(['error weights-missing', 'warn model-missing']);
    (await renderer.begun(4)).finish();
    await settle();
    await queue.submit(newJob());
    (await renderer.begun(5)).fail(noModel());
    await settle();
    expect(told().slice(2)).toEqual(['error model-missing']);
  });

  it('lets a waiting job be cancelled meanwhile, and new ones be asked for', async () => {
    const { queue, renderer, clock, news } = setUp();
    const { id } = await queue.submit(newJob({ userId: 'ann' }));
    (await renderer.begun(0)).fail(noModel());
    await settle();
    await queue.submit(newJob({ userId: 'bob' }));
    expect(await queue.cancel(id)).toBe('cancelled');
    await clock.advance(5_000);
    (await renderer.begun(1)).finish();
    await settle();
    expect(news.filter((word) => /cancelled|delivered/.test(word))).toEqual(['ann cancelled', 'bob delivered']);
  });

  it('is tried again at once when the operator opens the queue', async () => {
    const { queue, renderer } = setUp();
    await queue.submit(newJob());
    (await renderer.begun(0)).fail(noModel());
    await settle();
    expect(renderer.renders).toHaveLength(1);
    queue.setMode('open');
    await renderer.begun(1);
  });

  it('is remembered for the doctor from its beginning to its end', async () => {
    const faults: (string | undefined)[] = [];
    const { queue, renderer, clock } = setUp({ onHostFault: async (fault) => void faults.push(fault?.code) });
    await queue.resume(); // what an earlier process met is over
    await queue.submit(newJob());
    (await renderer.begun(0)).fail(noModel());
    await clock.advance(5_000);
    (await renderer.begun(1)).finish();
    await settle();
    expect(faults).toEqual([undefined, 'model-missing', undefined]);
  });
});

it('a fault that only one job meets, while others are rendered, is in the end that job’s', async () => {
  const { queue, renderer, clock, news } = setUp();
  const users = ['ann', 'unlucky', 'bob', 'cy', 'dan'];
  for (const [seed, userId] of users.entries()) await queue.submit(newJob({ userId, settings: { seed } }));
  void (async () => {
    for (let index = 0; ; index++) {
      const render = await renderer.begun(index);
      if (render.spec.settings.seed === 1)
        render.fail(new InferenceError('encode-failed', 'ffmpeg', { scope: 'host' }));
      else render.finish();
    }
  })();
  await clock.advance(hourMs);
  expect(news.filter((word) => /failed|delivered/.test(word)).map((word) => word.split(':')[0])).toEqual([
    ...['ann delivered', 'bob delivered', 'cy delivered', 'unlucky failed', 'dan delivered'],
  ]);
  expect(queue.overview().hostFault).toBeUndefined();
});

describe('an error that nobody knows', () => {
  it('is the job’s for its two attempts, and does not stop the queue', async () => {
    const { queue, renderer, news } = setUp();
    for (const userId of ['poison', 'bob']) await queue.submit(newJob({ userId }));
    (await renderer.begun(0)).fail(died());
    (await renderer.begun(1)).fail(died());
    (await renderer.begun(2)).finish();
    await settle();
    expect(news.filter((word) => /failed|delivered/.test(word))).toEqual([
      'poison failed: The render process ended (SIGKILL).',
      'bob delivered',
    ]);
    expect(queue.overview().hostFault).toBeUndefined();
  });

  it('is the host’s when a second job in a row meets it: nobody after the first loses anything', async () => {
    const { queue, renderer, clock, news } = setUp();
    for (const userId of ['ann', 'bob', 'cy', 'dan']) await queue.submit(newJob({ userId }));
    for (const index of [0, 1, 2]) (await renderer.begun(index)).fail(died());
    await settle();
    expect(queue.overview().hostFault?.code).toBe('render-process-died');
    for (let index = 3; index < 8; index++) {
      await clock.advance(60_000);
      (await renderer.begun(index)).fail(died());
    }
    await clock.advance(60_000);
    for (const index of [8, 9, 10]) (await renderer.begun(index)).finish();
    await settle();
    // Whose turn the trial was that succeeded depends on how many there were.
    expect(
      news
        .filter((word) => /failed|delivered/.test(word))
        .map((word) => word.split(':')[0])
        .sort(),
    ).toEqual(['ann failed', 'bob delivered', 'cy delivered', 'dan delivered']);
  });

  it('does not let two poisonous jobs hold up the others: another one is tried first', async () => {
    const { queue, renderer, clock, news } = setUp();
    for (const userId of ['poison', 'venom', 'ann']) await queue.submit(newJob({ userId }));
    for (const index of [0, 1, 2]) (await renderer.begun(index)).fail(died());
    await clock.advance(5_000);
    (await renderer.begun(3)).finish(); // ann: the host is well
    for (const index of [4, 5]) (await renderer.begun(index)).fail(died());
    await settle();
    expect(news.filter((word) => /failed|delivered/.test(word)).map((word) => word.split(':')[0])).toEqual([
      'poison failed',
      'ann delivered',
      'venom failed',
    ]);
  });
});

describe('a job that was broken off in the middle', () => {
  it('goes on from its latest checkpoint, after a fault of the host and after a crash, and the checkpoint ends with it', async () => {
    const before = setUp();
    const { id } = await before.queue.submit(newJob({ userId: 'ann' }));
    const first = await before.renderer.begun(0);
    expect(first.spec.checkpoint).toBeUndefined();
    before.renderer.checkpoint(0, Buffer.from('step 7'));
    before.renderer.checkpoint(0, Buffer.from('step 9'));
    first.fail(noModel());
    await before.clock.advance(5_000);
    const second = await before.renderer.begun(1);
    expect(second.spec.checkpoint).toEqual(Buffer.from('step 9'));
    before.renderer.checkpoint(1, Buffer.from('step 30'));
    // As after SIGKILL: nobody closes anything.
    const after = setUp({ folder: before.folder });
    await after.queue.resume();
    const third = await after.renderer.begun(0);
    expect(third.spec.checkpoint).toEqual(Buffer.from('step 30'));
    third.finish();
    await settle();
    expect(after.news.at(-1)).toBe('ann delivered');
    expect(await after.store.checkpoint(id)).toBeUndefined();
  });
});

it('after Cancel, those who wait are not told the cancelled job’s end', async () => {
  const starts: (number | undefined)[] = [];
  const waiting: JobListener['waiting'] = (_job, place) => void starts.push(place.startsAtMs);
  const { queue, renderer, clock } = setUp({ listener: { waiting } });
  await queue.submit(newJob());
  (await renderer.begun(0)).finish();
  await settle();
  const { id } = await queue.submit(newJob({ userId: 'ann' }));
  const running = await renderer.begun(1);
  // The first step loads the network; the second tells how slow they are.
  running.progress({ stage: 'denoise', step: 0, steps: 2_000, secondsPerStep: undefined });
  for (const step of [1, 2, 3]) running.progress({ stage: 'denoise', step, steps: 2_000, secondsPerStep: 3_000 });
  await queue.submit(newJob({ userId: 'bob' }));
  expect(starts.at(-1)! - clock.now()).toBeGreaterThan(5_000_000);
  await queue.cancel(id);
  expect(starts.at(-1)).toBe(clock.now());
});
