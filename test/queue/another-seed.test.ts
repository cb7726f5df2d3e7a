import { describe, expect, it } from 'vitest';
import { canReseed } from '../../src/storage/job.ts';
import { settle } from '../support/fake-clock.ts';
import { newJob } from '../support/jobs.ts';
import { setUpQueue, submitAll } from './set-up-queue.ts';

const delivered = (news: readonly string[]) => news.filter((word) => word.endsWith('delivered'));

describe('another seed', () => {
  it('begins the job anew at once, in its place, with its attempts and without its checkpoint', async () => {
    const { queue, store, renderer, news } = setUpQueue();
    const [ann] = await submitAll(queue, ['ann', 'bob']);
    (await renderer.begun(0)).progress({ stage: 'denoise', step: 1, steps: 2, secondsPerStep: 1 });
    renderer.checkpoint(0, Buffer.from('half'));
    await settle();
    expect(await store.checkpoint(ann!)).toBeDefined();
    expect(await queue.reseed(ann!)).toBe(true);
    // Its message goes back to the beginning at once, whatever the attempt before still does.
    expect(news.at(-1)).toBe('ann prepare 0/1');
    expect(renderer.renders[0]!.signal?.aborted).toBe(true);
    const again = await renderer.begun(1);
    const { settings, attempts } = (await store.find(ann!))!;
    expect([again.spec.settings.seed, again.spec.checkpoint, attempts]).toEqual([settings.seed, undefined, 1]);
    expect(settings.seed).not.toBe(7);
    again.finish();
    (await renderer.begun(2)).finish();
    await settle();
    expect(delivered(news)).toEqual(['ann delivered', 'bob delivered']);
  });

  it('refuses the clip, the checkpoints and the previews of the attempt before', async () => {
    const { queue, store, renderer } = setUpQueue({ listener: { wantsPreview: async () => true } });
    const [ann] = await submitAll(queue, ['ann']);
    await renderer.begun(0);
    const before = (await store.claim(ann!, { holder: 'x', nowMs: 1e15, leaseMs: 1 }))!;
    await queue.reseed(ann!);
    expect(await store.saveCheckpoint(before.attempt, Buffer.from('late'))).toBe(false);
    expect(await store.heartbeat(before.attempt, { nowMs: 1, leaseMs: 1 })).toBe(false);
    expect(await store.release(before.attempt, { isCounted: true })).toBe(false);
  });

  it('asked for again and again runs once, with the last one', async () => {
    const { queue, store, renderer, news } = setUpQueue();
    const [ann] = await submitAll(queue, ['ann']);
    await renderer.begun(0);
    await Promise.all([queue.reseed(ann!), queue.reseed(ann!)]);
    const again = await renderer.begun(1);
    expect(again.spec.settings.seed).toBe((await store.find(ann!))?.settings.seed);
    again.finish();
    await settle();
    expect(renderer.renders).toHaveLength(2);
    expect(delivered(news)).toEqual(['ann delivered']);
  });

  it('begins a job anew at most three times, also after a restart: nobody keeps a worker for one clip of the quota', async () => {
    const { queue, store, renderer, folder } = setUpQueue();
    const [ann] = await submitAll(queue, ['ann']);
    for (const round of [0, 1, 2]) {
      await renderer.begun(round);
      expect(await queue.reseed(ann!)).toBe(true);
    }
    const last = await renderer.begun(3);
    expect(await queue.reseed(ann!)).toBe(false);
    const job = (await store.find(ann!))!;
    expect([job.reseeds, canReseed(job), job.settings.seed]).toEqual([3, false, last.spec.settings.seed]);
    expect(last.signal?.aborted).toBe(false);
    const after = setUpQueue({ folder });
    await after.queue.resume();
    await after.renderer.begun(0);
    expect(await after.queue.reseed(ann!)).toBe(false);
  });

  it('of variations begins all of them anew, from the new seed on', async () => {
    const { queue, store, renderer } = setUpQueue();
    const { id } = await queue.submit(newJob({ form: { variations: 4, loop: 'none' } }));
    await renderer.begun(0);
    renderer.checkpoint(0, Buffer.from('two of four'));
    await settle();
    expect(await queue.reseed(id)).toBe(true);
    const { spec } = await renderer.begun(1);
    const { settings } = (await store.find(id))!;
    expect([spec.form?.variations, spec.settings.seed, spec.checkpoint]).toEqual([4, settings.seed, undefined]);
    expect(settings.seed).not.toBe(7);
  });

  it('is too late for a job that waits, has ended, or is not known', async () => {
    const { queue, store, renderer } = setUpQueue();
    const [ann, bob] = await submitAll(queue, ['ann', 'bob']);
    const render = await renderer.begun(0);
    expect(await queue.reseed(bob!)).toBe(false);
    expect((await store.find(bob!))?.settings.seed).toBe(7);
    render.finish();
    await settle();
    expect(await queue.reseed(ann!)).toBe(false);
    expect(await queue.reseed('00000000')).toBe(false);
  });

  it('survives a restart: the next start goes on with the new seed', async () => {
    const before = setUpQueue();
    const [ann] = await submitAll(before.queue, ['ann']);
    await before.renderer.begun(0);
    await before.queue.reseed(ann!);
    await before.renderer.begun(1);
    const { seed } = (await before.store.find(ann!))!.settings;
    const after = setUpQueue({ folder: before.folder });
    await after.queue.resume();
    expect((await after.renderer.begun(0)).spec.settings.seed).toBe(seed);
  });

  it('can be cancelled while the attempt before comes to an end', async () => {
    const { queue, renderer, news } = setUpQueue();
    const [ann] = await submitAll(queue, ['ann']);
    await renderer.begun(0);
    const reseeded = queue.reseed(ann!);
    await reseeded;
    expect(await queue.cancel(ann!)).toBe('cancelled');
    await settle();
    expect(news.at(-1)).toBe('ann cancelled');
    expect(renderer.renders.filter(({ signal }) => signal?.aborted !== true)).toEqual([]);
  });
});

describe('previews', () => {
  const guess = Buffer.from('guess');

  function listening(wanted: boolean) {
    const shown: string[] = [];
    const listener = {
      wantsPreview: async () => wanted,
      preview: ({ userId }: { userId: string }, bytes: Uint8Array) =>
        void shown.push(`${userId} ${Buffer.from(bytes)}`),
    };
    return { shown, ...setUpQueue({ listener }) };
  }

  it('reach whoever is told of the job', async () => {
    const { queue, renderer, shown } = listening(true);
    await queue.submit(newJob({ userId: 'ann' }));
    await renderer.begun(0);
    expect(renderer.preview(0, guess)).toBe(true);
    await settle();
    expect(shown).toEqual(['ann guess']);
  });

  it('are not made where nobody would see them', async () => {
    const { queue, renderer } = listening(false);
    await queue.submit(newJob({ userId: 'ann' }));
    await renderer.begun(0);
    expect(renderer.preview(0, guess)).toBe(false);
  });

  it('of an attempt that another one has taken over, or that was cancelled, are shown to nobody', async () => {
    const { queue, store, renderer, shown, clock } = listening(true);
    const [ann, bob] = await submitAll(queue, ['ann', 'bob']);
    await renderer.begun(0);
    await store.claim(ann!, { holder: 'remote other', nowMs: clock.now() + 1e9, leaseMs: 1e9 });
    renderer.preview(0, guess);
    await settle();
    await queue.cancel(ann!);
    await renderer.begun(1);
    await queue.cancel(bob!);
    renderer.preview(1, guess);
    await settle();
    expect(shown).toEqual([]);
  });
});
