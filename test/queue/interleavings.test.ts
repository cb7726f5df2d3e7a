import { expect, it } from 'vitest';
import { UserError } from '../../src/errors.ts';
import type { JobQueueOptions } from '../../src/queue/job-queue.ts';
import { settle } from '../support/fake-clock.ts';
import { createHeldStore, type HeldStore } from '../support/held-store.ts';
import { newJob } from '../support/jobs.ts';
import { setUpQueue, submitAll } from './set-up-queue.ts';

/** A queue over a store that answers when the test says so. */
function setUp(options: Parameters<typeof setUpQueue>[0] = {}) {
  let held!: HeldStore;
  const around = setUpQueue({
    ...options,
    wrapStore(store) {
      held = createHeldStore(store);
      return held;
    },
  });
  return { ...around, held };
}

const only = (news: readonly string[], ends: RegExp) => news.filter((word) => ends.test(word));

/** At most one job waits or runs. */
const oneAtATime: NonNullable<JobQueueOptions['admit']> = async (job, waiting) => {
  if (waiting.length > 0) throw new UserError('limit-waiting-user', 'full');
  return job;
};

it('a job is told of only when the store has it', async () => {
  const { queue, held, news, renderer } = setUp();
  held.hold('add');
  const submitted = queue.submit(newJob({ userId: 'ann' }));
  await settle();
  expect([news, renderer.renders, queue.overview().waiting]).toEqual([[], [], []]);
  await held.calls('add')[0]!.resolve();
  expect((await submitted).userId).toBe('ann');
  expect(news).toEqual(['ann prepare 0/1']);
});

it('two presses at once are taken in one after the other: the limit counts the first, and the order is the store’s', async () => {
  const { queue, held, store } = setUp({ admit: oneAtATime });
  queue.setMode('paused');
  held.hold('add');
  const presses = ['ann', 'bob'].map((userId) => queue.submit(newJob({ userId })));
  presses[1]!.catch(() => {});
  await settle();
  expect(held.calls('add')).toHaveLength(1);
  await held.calls('add')[0]!.resolve();
  expect((await presses[0]!).userId).toBe('ann');
  await expect(presses[1]).rejects.toThrow('full');
  expect(await store.unfinished()).toHaveLength(1);
});

it('a cancel of a job that the store has, and the queue not yet, waits until it is in the queue, and ends it', async () => {
  const { queue, held, store, news, renderer } = setUp();
  queue.setMode('paused');
  held.hold('add');
  const submitted = queue.submit(newJob({ userId: 'ann' }));
  await settle();
  await held.calls('add')[0]!.perform();
  const { id } = (await store.unfinished())[0]!;
  const cancelled = queue.cancel(id);
  await settle();
  await held.calls('add')[0]!.resolve();
  await submitted;
  expect(await cancelled).toBe('cancelled');
  expect((await store.find(id))?.state).toBe('cancelled');
  expect([only(news, /cancelled/), renderer.renders]).toEqual([['ann cancelled'], []]);
});

it('a job that is cancelled while it is claimed is never rendered, and its end stands', async () => {
  const { queue, held, store, news, renderer } = setUp();
  held.hold('claim');
  const [id] = (await submitAll(queue, ['ann', 'bob'])) as [string];
  const cancelled = queue.cancel(id);
  held.letGo('claim');
  await held.calls('claim')[0]!.resolve();
  expect(await cancelled).toBe('cancelled');
  (await renderer.begun(0)).finish();
  await settle();
  expect(renderer.renders).toHaveLength(1);
  expect((await store.find(id))?.state).toBe('cancelled');
  expect(only(news, /cancelled|delivered/)).toEqual(['ann cancelled', 'bob delivered']);
});

it('a job that is cancelled while its clip is stored is not delivered, and its clip is gone', async () => {
  const { queue, held, store, news, renderer } = setUp();
  held.hold('keepClip');
  const { id } = await queue.submit(newJob({ userId: 'ann' }));
  (await renderer.begun(0)).finish();
  await settle();
  const cancelled = queue.cancel(id);
  await held.calls('keepClip')[0]!.resolve();
  expect(await cancelled).toBe('cancelled');
  expect([(await store.find(id))?.state, await store.clip(id)]).toEqual(['cancelled', undefined]);
  expect(only(news, /cancelled|delivered|failed/)).toEqual(['ann cancelled']);
});

it('two presses on Cancel end a job once', async () => {
  const { queue, held, news } = setUp();
  queue.setMode('paused');
  const { id } = await queue.submit(newJob({ userId: 'ann' }));
  held.hold('finish');
  const presses = [queue.cancel(id), queue.cancel(id)];
  await settle();
  await held.calls('finish')[0]!.resolve();
  expect(await Promise.all(presses)).toEqual(['cancelled', 'too-late']);
  expect(held.calls('finish')).toHaveLength(1);
  expect(only(news, /cancelled/)).toEqual(['ann cancelled']);
});

it('a job that is being stored when the bot goes down is accepted, and left to the next start', async () => {
  const { queue, held, store, news, renderer } = setUp();
  held.hold('add');
  const submitted = queue.submit(newJob({ userId: 'ann' }));
  const behind = queue.submit(newJob({ userId: 'bob' }));
  behind.catch(() => {});
  await settle();
  let isClosed = false;
  const closed = queue.close().then(() => {
    isClosed = true;
  });
  await settle();
  expect(isClosed).toBe(false);
  await held.calls('add')[0]!.resolve();
  await submitted;
  await expect(behind).rejects.toThrow(expect.objectContaining({ code: 'going-down' }));
  await closed;
  expect([news, renderer.renders]).toEqual([['ann postponed'], []]);
  expect(await store.unfinished()).toMatchObject([{ userId: 'ann', state: 'queued' }]);
});

it('a job that is claimed when the bot goes down loses no attempt', async () => {
  const { queue, held, store, renderer } = setUp();
  held.hold('claim');
  const { id } = await queue.submit(newJob());
  const closed = queue.close();
  await held.calls('claim')[0]!.resolve();
  await closed;
  expect(await store.find(id)).toMatchObject({ state: 'interrupted', attempts: 0 });
  expect(renderer.renders).toEqual([]);
});

it('a clip that is being stored when the bot goes down is delivered by the next start, and not rendered again', async () => {
  const before = setUp();
  before.held.hold('keepClip');
  await before.queue.submit(newJob({ userId: 'ann' }));
  (await before.renderer.begun(0)).finish();
  await settle();
  const closed = before.queue.close();
  await before.held.calls('keepClip')[0]!.resolve();
  await closed;
  const after = setUp({ folder: before.folder });
  await after.queue.resume();
  await settle();
  expect([only(before.news, /delivered/), after.news, after.renderer.renders]).toEqual([[], ['ann delivered'], []]);
});

it('two presses on a clip that waits to be fetched bring it once', async () => {
  const sent: unknown[] = [];
  let isClosed = true;
  const { queue, renderer } = setUp({
    listener: {
      async deliver(job) {
        if (isClosed) throw new UserError('clip-undeliverable', 'closed');
        sent.push(job.address);
      },
    },
  });
  const { id } = await queue.submit(newJob());
  (await renderer.begun(0)).finish();
  await settle();
  isClosed = false;
  expect(await Promise.all([queue.redeliver(id, 'first'), queue.redeliver(id, 'second')])).toEqual([true, false]);
  await settle();
  expect(sent).toEqual(['first']);
});

it('what is submitted while earlier jobs are taken up waits for that, and is rendered once', async () => {
  const before = setUp();
  before.queue.setMode('paused');
  await before.queue.submit(newJob({ userId: 'ann' }));
  const after = setUp({ folder: before.folder });
  after.held.hold('unfinished');
  const resumed = after.queue.resume();
  const submitted = after.queue.submit(newJob({ userId: 'bob' }));
  await settle();
  await after.held.calls('unfinished')[0]!.resolve();
  await Promise.all([resumed, submitted]);
  for (const index of [0, 1]) (await after.renderer.begun(index)).finish();
  await settle();
  expect(after.renderer.renders).toHaveLength(2);
  expect(only(after.news, /delivered/)).toEqual(['ann delivered', 'bob delivered']);
});
