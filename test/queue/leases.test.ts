import { expect, it } from 'vitest';
import { defaultLeaseMs as leaseMs } from '../../src/queue/lease-keeper.ts';
import { settle } from '../support/fake-clock.ts';
import { newJob } from '../support/jobs.ts';
import { makeClip } from '../support/scripted-renderer.ts';
import { setUpQueue } from './set-up-queue.ts';

const other = 'remote other';

it('a long render keeps its lease: nobody else can claim the job', async () => {
  const { queue, store, renderer, clock, news } = setUpQueue();
  const { id } = await queue.submit(newJob({ userId: 'ann' }));
  const render = await renderer.begun(0);
  for (let minute = 0; minute < 10; minute++) {
    await clock.advance(60_000);
    expect(await store.claim(id, { holder: other, nowMs: clock.now(), leaseMs })).toBeUndefined();
  }
  render.finish();
  await settle();
  expect(news.at(-1)).toBe('ann delivered');
  expect(clock.pending()).toBe(0);
});

it('a render whose job another holder has taken is broken off, and nothing of it is stored or told', async () => {
  const { queue, store, renderer, clock, news } = setUpQueue();
  const { id } = await queue.submit(newJob({ userId: 'ann' }));
  const render = await renderer.begun(0);
  const taken = await store.claim(id, { holder: other, nowMs: clock.now() + leaseMs + 1, leaseMs });
  expect(taken?.job.attempts).toBe(2);
  await clock.advance(5_000);
  expect(render.signal?.aborted).toBe(true);
  renderer.checkpoint(0, Buffer.from('late'));
  await settle();
  expect([await store.checkpoint(id), (await store.find(id))?.state]).toEqual([undefined, 'running']);
  expect(news.filter((word) => /failed|delivered|cancelled/.test(word))).toEqual([]);
  expect(await store.heartbeat(taken!.attempt, { nowMs: clock.now(), leaseMs })).toBe(true);
});

it('a clip and a failure that come after the lease was lost are refused, and nobody is told', async () => {
  const { queue, store, renderer, clock, news } = setUpQueue();
  const ids = [(await queue.submit(newJob({ userId: 'ann' }))).id, (await queue.submit(newJob({ userId: 'bob' }))).id];
  for (const [index, id] of ids.entries()) {
    const render = await renderer.begun(index);
    await store.claim(id, { holder: other, nowMs: clock.now() + leaseMs + 1, leaseMs });
    if (index === 0) render.finish();
    else render.fail(Object.assign(new Error('late'), { scope: 'job' }));
    await settle();
    expect([await store.clip(id), (await store.find(id))?.state]).toEqual([undefined, 'running']);
  }
  expect(news.filter((word) => /failed|delivered/.test(word))).toEqual([]);
});

it('a start takes over what its predecessor held, with the attempt counted, and what that one still brings is refused', async () => {
  const before = setUpQueue();
  const { id } = await before.queue.submit(newJob({ userId: 'ann' }));
  await before.renderer.begun(0);
  const after = setUpQueue({ folder: before.folder });
  await after.queue.resume();
  (await after.renderer.begun(0)).finish();
  await settle();
  expect(after.news.at(-1)).toBe('ann delivered');
  expect(await after.store.find(id)).toMatchObject({ state: 'done', attempts: 2 });
  // What the first process still has in hand comes too late.
  before.renderer.renders[0]!.finish();
  await settle();
  expect(before.news.filter((word) => word.endsWith('delivered'))).toEqual([]);
});

it('a start leaves a second attempt to the other host that has it, and takes the clip that it brings', async () => {
  const before = setUpQueue({ workers: 0 });
  const { id } = await before.queue.submit(newJob({ userId: 'ann' }));
  await before.store.claim(id, { holder: other, nowMs: 1, leaseMs });
  // The first died of something, and the bot did while the second renders; that one's lease is over by now.
  const second = await before.store.claim(id, { holder: `${other} two`, nowMs: 2 * leaseMs, leaseMs });
  const after = setUpQueue({ folder: before.folder, workers: 0 });
  await after.queue.resume();
  await settle();
  expect(await after.store.find(id)).toMatchObject({ state: 'running', attempts: 2 });
  const job = await after.store.find(id);
  await after.queue.access.keepClip(second!.attempt, makeClip({ ...job!, picture: Buffer.from('picture') }));
  await settle();
  expect(after.news.filter((word) => /failed|delivered/.test(word))).toEqual(['ann delivered']);
});
