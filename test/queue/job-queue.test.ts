import { describe, expect, it } from 'vitest';
import { InferenceError, UserError } from '../../src/errors.ts';
import type { JobListener } from '../../src/queue/job-listener.ts';
import type { JobQueueOptions } from '../../src/queue/job-queue.ts';
import { settle } from '../support/fake-clock.ts';
import { newJob } from '../support/jobs.ts';
import { setUpQueue as setUp } from './set-up-queue.ts';

const died = () => new InferenceError('render-process-died', 'The render process ended (SIGKILL).');

describe('createJobQueue', () => {
  it('stores a job before it says so, renders it with its picture and delivers it', async () => {
    const { queue, store, renderer, news } = setUp();
    const { id } = await queue.submit(newJob({ userId: 'ann', picture: Buffer.from('ann’s picture') }));
    expect((await store.picture(id))?.toString()).toBe('ann’s picture');
    const render = await renderer.begun(0);
    expect(render.spec).toEqual({
      picture: Buffer.from('ann’s picture'),
      settings: { seed: 7 },
      fit: 'crop',
      maxBytes: 1000,
      // Kept for the buttons under the clip.
      keepMaster: true,
    });
    expect((await store.find(id))?.state).toBe('running');
    render.progress({ stage: 'denoise', step: 1, steps: 2, secondsPerStep: 3 });
    render.finish();
    await settle();
    expect(news).toEqual(['ann prepare 0/1', 'ann denoise 1/2', 'ann delivered']);
    expect((await store.find(id))?.state).toBe('done');
    expect(await store.unfinished()).toEqual([]);
  });

  it('runs one at a time, in order, and moves the places up', async () => {
    const { queue, renderer, news } = setUp();
    for (const userId of ['ann', 'bob', 'cy']) await queue.submit(newJob({ userId }));
    const first = await renderer.begun(0);
    await settle();
    expect(renderer.renders).toHaveLength(1);
    news.length = 0;
    first.finish();
    await renderer.begun(1);
    expect(news).toContain('cy waits 1/1');
    renderer.renders[1]!.finish();
    (await renderer.begun(2)).finish();
    await settle();
    expect(news.filter((word) => word.endsWith('delivered'))).toEqual([
      'ann delivered',
      'bob delivered',
      'cy delivered',
    ]);
  });

  it('serves users in turn, and tells places and times in that order', async () => {
    const starts = new Map<string, number | undefined>();
    const { queue, renderer, news } = setUp({
      listener: {
        waiting: (job, { position, startsAtMs }) => void starts.set(`${job.userId} ${position}`, startsAtMs),
      },
    });
    await queue.submit(newJob({ userId: 'zoe' }));
    (await renderer.begun(0)).finish();
    await settle();
    for (const userId of ['ann', 'ann', 'ann', 'bob']) await queue.submit(newJob({ userId }));
    await renderer.begun(1);
    // Each render takes 28 s: bob, who came last, is next, and ann's others wait one and two renders longer.
    const [bob, second, third] = ['bob 1', 'ann 2', 'ann 3'].map((place) => starts.get(place)!);
    expect([second! - bob!, third! - bob!]).toEqual([28_000, 56_000]);
    for (const index of [1, 2, 3, 4]) (await renderer.begun(index)).finish();
    await settle();
    const delivered = news.filter((word) => word.endsWith('delivered')).map((word) => word.split(' ')[0]);
    expect(delivered).toEqual(['zoe', 'ann', 'bob', 'ann', 'ann']);
  });

  it('tells those who wait when they start, from measured times', async () => {
    const starts: (number | undefined)[] = [];
    const listener = {
      waiting: (_: unknown, place: { startsAtMs: number | undefined }) => starts.push(place.startsAtMs),
    };
    const { queue, renderer, clock } = setUp({ listener });
    await queue.submit(newJob());
    (await renderer.begun(0)).finish();
    await settle();
    await queue.submit(newJob({ settings: { numInferenceSteps: 6 } }));
    await renderer.begun(1);
    starts.length = 0;
    await queue.submit(newJob());
    // 2 s before, 6 steps of 10 s, 6 s after: as measured with the first job.
    expect(starts).toEqual([clock.now() + 68_000]);
    const told = starts.at(-1)!;
    // Its steps take 30 s instead of 10: those who wait are told a later start while it runs.
    const { progress } = renderer.renders[1]!;
    progress({ stage: 'denoise', step: 0, steps: 6, secondsPerStep: undefined });
    for (const step of [1, 2, 3]) {
      await clock.advance(30_000);
      progress({ stage: 'denoise', step, steps: 6, secondsPerStep: 30 });
    }
    expect(starts.at(-1)! - told).toBeGreaterThan(60_000);
  });

  it('begins the next job while a clip is still being delivered', async () => {
    let arrive = () => {};
    const deliver = () => new Promise<void>((resolve) => (arrive = resolve));
    const { queue, store, renderer } = setUp({ listener: { deliver } });
    const { id } = await queue.submit(newJob());
    await queue.submit(newJob());
    (await renderer.begun(0)).finish();
    await renderer.begun(1);
    expect((await store.find(id))?.state).toBe('delivering');
    expect(await queue.cancel(id)).toBe('too-late');
    arrive();
    await settle();
    expect((await store.find(id))?.state).toBe('done');
  });

  describe('cancel', () => {
    it('takes a waiting job out', async () => {
      const { queue, store, renderer, news } = setUp();
      await queue.submit(newJob({ userId: 'ann' }));
      const { id } = await queue.submit(newJob({ userId: 'bob' }));
      await queue.submit(newJob({ userId: 'cy' }));
      const first = await renderer.begun(0);
      expect(await queue.cancel(id)).toBe('cancelled');
      expect(news.slice(-2)).toEqual(['cy waits 1/1', 'bob cancelled']);
      expect((await store.find(id))?.state).toBe('cancelled');
      first.finish();
      (await renderer.begun(1)).finish();
      await settle();
      expect(renderer.renders).toHaveLength(2);
      expect(news.at(-1)).toBe('cy delivered');
    });

    it('breaks a running job off and goes on with the next', async () => {
      const { queue, store, renderer, news } = setUp();
      const { id } = await queue.submit(newJob({ userId: 'ann' }));
      await queue.submit(newJob({ userId: 'bob' }));
      const first = await renderer.begun(0);
      expect(await queue.cancel(id)).toBe('cancelled');
      expect(first.signal?.aborted).toBe(true);
      expect((await store.find(id))?.state).toBe('cancelled');
      (await renderer.begun(1)).finish();
      await settle();
      expect(news.filter((word) => word.startsWith('ann')).at(-1)).toBe('ann cancelled');
      expect(news.at(-1)).toBe('bob delivered');
    });

    it('knows when it is too late and what it does not know', async () => {
      const { queue, renderer } = setUp();
      const { id } = await queue.submit(newJob());
      (await renderer.begun(0)).finish();
      await settle();
      expect(await queue.cancel(id)).toBe('too-late');
      expect(await queue.cancel('deadbeef')).toBe('unknown');
    });
  });

  describe('mode', () => {
    it('paused: takes jobs in and begins none, until it is open again', async () => {
      const { queue, renderer, news } = setUp();
      await queue.submit(newJob({ userId: 'ann' }));
      const running = await renderer.begun(0);
      queue.setMode('paused');
      await queue.submit(newJob({ userId: 'bob' }));
      running.finish();
      await settle();
      expect(news).toContain('ann delivered');
      expect(renderer.renders).toHaveLength(1);
      const { mode, waiting } = queue.overview();
      expect([mode, waiting.map(({ job, place }) => [job.userId, place.startsAtMs])]).toEqual([
        'paused',
        [['bob', undefined]],
      ]);
      queue.setMode('open');
      (await renderer.begun(1)).finish();
      await settle();
      expect(news.at(-1)).toBe('bob delivered');
    });

    it('paused: can still be closed', async () => {
      const { queue, store, renderer } = setUp();
      queue.setMode('paused');
      await queue.submit(newJob());
      await queue.close();
      expect(renderer.renders).toEqual([]);
      expect(await store.unfinished()).toHaveLength(1);
    });

    it('draining: does what is there, and takes nothing in', async () => {
      const { queue, renderer, news } = setUp();
      for (const userId of ['ann', 'bob']) await queue.submit(newJob({ userId }));
      queue.setMode('draining');
      await expect(queue.submit(newJob())).rejects.toThrow(expect.objectContaining({ code: 'draining' }));
      for (const index of [0, 1]) (await renderer.begun(index)).finish();
      await settle();
      expect(news.at(-1)).toBe('bob delivered');
      expect(queue.overview()).toEqual({ mode: 'draining', hostFault: undefined, running: [], waiting: [] });
    });
  });

  it('stores what was admitted, and nothing of what was refused', async () => {
    const admit: NonNullable<JobQueueOptions['admit']> = async (job, waiting) => {
      if (waiting.length > 0) throw new UserError('limit-waiting-user', 'full');
      return { ...job, settings: { ...job.settings, numInferenceSteps: 1 } };
    };
    const { queue, store } = setUp({ admit });
    const { id } = await queue.submit(newJob());
    expect((await store.find(id))?.settings.numInferenceSteps).toBe(1);
    await queue.submit(newJob());
    await expect(queue.submit(newJob())).rejects.toThrow('full');
    expect(await store.unfinished()).toHaveLength(2);
    const { running, waiting } = queue.overview();
    expect([running.map(({ job }) => job.id), waiting.length]).toEqual([[id], 1]);
  });

  describe('when rendering breaks', () => {
    it('tries once more when the render process died', async () => {
      const { queue, renderer, news } = setUp();
      await queue.submit(newJob({ userId: 'ann' }));
      (await renderer.begun(0)).fail(died());
      (await renderer.begun(1)).finish();
      await settle();
      expect(renderer.renders[1]!.spec).toEqual(renderer.renders[0]!.spec);
      expect(news.at(-1)).toBe('ann delivered');
    });

    it('gives up when it dies again, and the next job works', async () => {
      const { queue, store, renderer, news } = setUp();
      const { id } = await queue.submit(newJob({ userId: 'ann' }));
      await queue.submit(newJob({ userId: 'bob' }));
      (await renderer.begun(0)).fail(died());
      (await renderer.begun(1)).fail(died());
      (await renderer.begun(2)).finish();
      await settle();
      expect(news).toContain('ann failed: The render process ended (SIGKILL).');
      expect((await store.find(id))?.state).toBe('failed');
      expect(news.at(-1)).toBe('bob delivered');
    });

    it('does not repeat what would fail again', async () => {
      const { queue, renderer, news } = setUp();
      await queue.submit(newJob({ userId: 'ann' }));
      (await renderer.begun(0)).fail(new UserError('picture-broken', 'damaged'));
      await settle();
      await queue.submit(newJob({ userId: 'bob' }));
      (await renderer.begun(1)).fail(new InferenceError('session', 'no such operator', { scope: 'job' }));
      await settle();
      expect(renderer.renders).toHaveLength(2);
      expect(news).toContain('ann failed: damaged');
      expect(news).toContain('bob failed: no such operator');
    });

    it('fails a job that cannot be delivered', async () => {
      const deliver = () => Promise.reject(new UserError('clip-too-large', 'too large'));
      const { queue, store, renderer, news } = setUp({ listener: { deliver } });
      const { id } = await queue.submit(newJob({ userId: 'ann' }));
      (await renderer.begun(0)).finish();
      await settle();
      expect(news.at(-1)).toBe('ann failed: too large');
      expect((await store.find(id))?.state).toBe('failed');
    });

    it('goes on when the listener throws', async () => {
      const progress = () => {
        throw new Error('no reader');
      };
      const { queue, renderer, log, news } = setUp({ listener: { progress } });
      await queue.submit(newJob({ userId: 'ann' }));
      (await renderer.begun(0)).finish();
      await settle();
      expect(news.at(-1)).toBe('ann delivered');
      expect(log.events.some(({ level }) => level === 'error')).toBe(true);
    });
  });

  describe('over a restart', () => {
    it.each(['killed', 'stopped'])(
      'does the interrupted job first, although it is not the oldest, after the bot was %s',
      async (how) => {
        const before = setUp();
        // In fair order bob, who came last, is served before ann's second job.
        for (const userId of ['ann', 'ann', 'bob'])
          await before.queue.submit(newJob({ userId, settings: { seed: 1 } }));
        (await before.renderer.begun(0)).finish();
        await before.renderer.begun(1);
        expect(before.news).toContain('bob prepare 0/1');
        // After SIGKILL nobody closes anything.
        if (how === 'stopped') await before.queue.close();
        const after = setUp({ folder: before.folder });
        await after.queue.resume();
        for (const index of [0, 1]) (await after.renderer.begun(index)).finish();
        await settle();
        expect(after.news.filter((word) => word.endsWith('delivered'))).toEqual(['bob delivered', 'ann delivered']);
      },
    );

    it('does an interrupted job again once only', async () => {
      const first = setUp();
      const { id } = await first.queue.submit(newJob({ userId: 'ann' }));
      await first.renderer.begun(0);
      const second = setUp({ folder: first.folder });
      await second.queue.resume();
      await second.renderer.begun(0);
      const third = setUp({ folder: first.folder });
      await third.queue.resume();
      await settle();
      expect(third.renderer.renders).toEqual([]);
      expect(third.news).toEqual([expect.stringMatching(/^ann failed: .*died twice/)]);
      expect((await third.store.find(id))?.state).toBe('failed');
    });

    it('tells what became of a job when the process died before it was told', async () => {
      const silent = () => new Promise<void>(() => {});
      const before = setUp({ listener: { failed: silent, cancelled: silent } });
      await before.queue.submit(newJob({ userId: 'ann' }));
      const { id } = await before.queue.submit(newJob({ userId: 'bob' }));
      await before.queue.submit(newJob({ userId: 'cy' }));
      await before.queue.cancel(id);
      (await before.renderer.begun(0)).fail(new UserError('picture-broken', 'damaged', { details: { limitMb: 1 } }));
      (await before.renderer.begun(1)).fail(new Error('secret'));
      await settle();
      const errors: unknown[] = [];
      const failed = async (_: unknown, error: unknown) => void errors.push(error);
      const after = setUp({ folder: before.folder, listener: { failed } });
      await after.queue.resume();
      await settle();
      expect(errors[0]).toEqual(new UserError('picture-broken', 'damaged', { details: { limitMb: 1 } }));
      expect(errors[1]).toBeInstanceOf(InferenceError);
      expect(after.news).toEqual(['bob cancelled']);
      // Once is enough.
      const later = setUp({ folder: before.folder });
      await later.queue.resume();
      await settle();
      expect(later.news).toEqual([]);
    });

    it('delivers a rendered clip without rendering it again', async () => {
      const before = setUp({ listener: { deliver: () => new Promise(() => {}) } });
      await before.queue.submit(newJob({ userId: 'ann' }));
      (await before.renderer.begun(0)).finish({ bytes: Buffer.from('the clip') });
      await settle();
      const delivered: string[] = [];
      const deliver: JobListener['deliver'] = async (_, { bytes }) => void delivered.push(bytes.toString());
      const after = setUp({ folder: before.folder, listener: { deliver } });
      await after.queue.resume();
      await settle();
      expect(delivered).toEqual(['the clip']);
      expect(after.renderer.renders).toEqual([]);
    });
  });

  describe('close', () => {
    it('leaves running and waiting jobs to the next start, with no attempt lost, and says so', async () => {
      const { queue, store, renderer, news } = setUp();
      const { id } = await queue.submit(newJob({ userId: 'ann' }));
      await queue.submit(newJob({ userId: 'bob' }));
      const { signal } = await renderer.begun(0);
      await queue.close();
      expect(signal?.aborted).toBe(true);
      expect(news.slice(-2)).toEqual(['bob postponed', 'ann postponed']);
      expect(await store.find(id)).toMatchObject({ state: 'interrupted', attempts: 0 });
      expect(await store.unfinished()).toHaveLength(2);
      await expect(queue.submit(newJob())).rejects.toThrow(UserError);
    });

    it('lets the running job finish within its grace, and begins no other', async () => {
      const { queue, store, renderer, news } = setUp({ finishGraceMs: 5_000 });
      const { id } = await queue.submit(newJob({ userId: 'ann' }));
      const waiting = await queue.submit(newJob({ userId: 'bob' }));
      const render = await renderer.begun(0);
      const closed = queue.close();
      expect(news.at(-1)).toBe('bob postponed');
      await expect(queue.submit(newJob())).rejects.toThrow(UserError);
      render.finish();
      await closed;
      expect(news.at(-1)).toBe('ann delivered');
      expect((await store.find(id))?.state).toBe('done');
      expect(renderer.renders).toHaveLength(1);
      expect((await store.find(waiting.id))?.state).toBe('queued');
    });

    it('breaks it off when the grace is over', async () => {
      const { queue, store, renderer, clock, news } = setUp({ finishGraceMs: 5_000 });
      const { id } = await queue.submit(newJob({ userId: 'ann' }));
      const { signal } = await renderer.begun(0);
      const closed = queue.close();
      await clock.advance(4_999);
      expect(signal?.aborted).toBe(false);
      await clock.advance(1);
      await closed;
      expect(signal?.aborted).toBe(true);
      expect(news.at(-1)).toBe('ann postponed');
      expect(await store.find(id)).toMatchObject({ state: 'interrupted', attempts: 0 });
    });

    it('waits for a delivery, but not for ever', async () => {
      const { queue, store, renderer, clock } = setUp({ listener: { deliver: () => new Promise(() => {}) } });
      const { id } = await queue.submit(newJob());
      (await renderer.begun(0)).finish();
      await settle();
      let isClosed = false;
      void queue.close().then(() => {
        isClosed = true;
      });
      await clock.advance(9_000);
      expect(isClosed).toBe(false);
      await clock.advance(2_000);
      expect(isClosed).toBe(true);
      expect((await store.find(id))?.state).toBe('delivering');
    });
  });
});
