import { expect, it } from 'vitest';
import { createLocalEngine } from '../../src/queue/engine/local-engine.ts';
import { createJobHandler } from '../../src/queue/job-handler.ts';
import { settle } from '../support/fake-clock.ts';
import { newJob, tinyModel } from '../support/jobs.ts';
import { createRecordingLog } from '../support/recording-log.ts';
import { createScriptedRenderer } from '../support/scripted-renderer.ts';
import { setUpQueue } from './set-up-queue.ts';

const ink = 'ink@0123456789abcdef';
const styles = [
  { name: 'ink', hash: '0123456789abcdef' },
  { name: 'oil', hash: 'fedcba9876543210' },
];
const inInk = (userId: string, seed = 7) => newJob({ userId, settings: { seed }, form: { style: ink } });

/** A queue of a bot with two styles, and how workers come that have some of them. */
function setUp(options: Parameters<typeof setUpQueue>[0] = {}) {
  const engine = createLocalEngine({ log: createRecordingLog() });
  const around = setUpQueue({ model: { ...tinyModel, styles }, ...options, engine });
  const { queue, clock, log } = around;
  const addWorker = (name: string, drawn?: string[]) => {
    const renderer = createScriptedRenderer();
    const handler = createJobHandler({ access: queue.access, renderer, clock, log });
    const served = engine.serve({ name, lane: 'render', ...(drawn && { styles: drawn }) }, handler);
    return { ...served, renderer };
  };
  return { ...around, addWorker };
}

it('a job in a style goes to a worker that has it, any other one first to those that can do least', async () => {
  const { queue, addWorker } = setUp();
  const all = addWorker('all');
  const draws = addWorker('draws', [ink]);
  const plain = addWorker('plain', []);
  await queue.submit(newJob({ userId: 'ann' }));
  await queue.submit(inInk('bob'));
  await queue.submit(inInk('cy'));
  expect((await plain.renderer.begun(0)).spec.form).toBeUndefined();
  expect((await draws.renderer.begun(0)).spec.form).toEqual({ style: ink });
  expect((await all.renderer.begun(0)).spec.form).toEqual({ style: ink });
});

it('a network of the same name that is another one is not the style', async () => {
  const { queue, addWorker } = setUp();
  const other = addWorker('other', ['ink@ffffffffffffffff']);
  await queue.submit(inInk('ann'));
  await settle();
  expect([other.renderer.renders.length, queue.overview().waiting.length]).toEqual([0, 1]);
});

it('a job that waits for a busy worker with its style holds nobody up, and keeps its turn', async () => {
  const { queue, addWorker, news } = setUp();
  const [draws, plain] = [addWorker('draws', [ink]), addWorker('plain', [])];
  await queue.submit(inInk('ann', 1));
  const first = await draws.renderer.begun(0);
  await queue.submit(inInk('bob', 2));
  for (const userId of ['cy', 'dan']) await queue.submit(newJob({ userId }));
  for (const index of [0, 1]) (await plain.renderer.begun(index)).finish();
  await settle();
  expect(news.filter((word) => word.endsWith('delivered'))).toEqual(['cy delivered', 'dan delivered']);
  await queue.submit(newJob({ userId: 'eve' }));
  await plain.renderer.begun(2);
  await queue.submit(newJob({ userId: 'fay' }));
  first.finish();
  // Before fay, who came later, though the worker could make both.
  expect((await draws.renderer.begun(1)).spec.settings.seed).toBe(2);
});

it('where nobody who is there has the style, its people read "paused", the operator is told once, and the others go on', async () => {
  const paused: string[] = [];
  const stored: string[][] = [];
  const { queue, addWorker, clock, log, news } = setUp({
    listener: {
      waiting: ({ userId }, { position, waiting, isHostPaused = false }) =>
        void paused.push(`${userId} ${position}/${waiting} ${isHostPaused}`),
    },
    onHostFault: async (_, workers) => void stored.push(workers.map(({ code }) => code)),
  });
  await queue.resume();
  const plain = addWorker('plain', []);
  await queue.submit(inInk('ann'));
  await clock.advance(29_000);
  expect([queue.styleFaults(), paused.at(-1)]).toEqual([[], 'ann 1/1 false']);
  await clock.advance(2_000);
  expect([queue.overview().hostFault, paused.at(-1)]).toEqual([undefined, 'ann 1/1 true']);
  expect(queue.styleFaults()).toMatchObject([{ code: 'style-missing', message: expect.stringContaining(ink) }]);
  expect(stored.at(-1)).toEqual(['style-missing']);

  await queue.submit(newJob({ userId: 'bob' }));
  await queue.submit(newJob({ userId: 'cy' }));
  expect(paused.slice(-2)).toEqual(['ann 2/2 true', 'cy 1/2 false']);
  for (const index of [0, 1]) (await plain.renderer.begun(index)).finish();
  await settle();
  expect(news.filter((word) => word.endsWith('delivered'))).toEqual(['bob delivered', 'cy delivered']);
  await clock.advance(600_000);
  expect(log.events.filter(({ level }) => level === 'error')).toMatchObject([{ fields: { code: 'style-missing' } }]);

  const draws = addWorker('draws', [ink]);
  (await draws.renderer.begun(0)).finish();
  await settle();
  expect([news.at(-1), queue.styleFaults(), stored.at(-1)]).toEqual(['ann delivered', [], []]);
});

it('a job that is cancelled waits for no style any more', async () => {
  const { queue, addWorker, clock } = setUp();
  await queue.resume();
  addWorker('plain', []);
  const { id } = await queue.submit(inInk('ann'));
  await clock.advance(31_000);
  expect(queue.styleFaults()).toHaveLength(1);
  expect(await queue.cancel(id)).toBe('cancelled');
  expect(queue.styleFaults()).toEqual([]);
});

it('what takes no style is anybody’s: frames that are drawn already, and a style that the bot has no more', async () => {
  const { queue, addWorker } = setUp();
  const plain = addWorker('plain', []);
  await queue.submit(newJob({ userId: 'ann', form: { style: 'gone@0123456789abcdef' } }));
  const first = await plain.renderer.begun(0);
  first.finish();
  await settle();
  const parent = { id: (await queue.submit(newJob({ userId: 'bob' }))).id, use: 'extend' } as const;
  (await plain.renderer.begun(1)).finish();
  await settle();
  await queue.submit(newJob({ userId: 'bob', form: { style: ink }, parent }));
  expect((await plain.renderer.begun(2)).spec.base?.use).toBe('extend');
});
