import { describe, expect, it } from 'vitest';
import { ConfigError, UserError } from '../../src/errors.ts';
import type { JobListener } from '../../src/queue/job-listener.ts';
import type { JobStore } from '../../src/storage/job-store.ts';
import { settle } from '../support/fake-clock.ts';
import { newJob } from '../support/jobs.ts';
import { setUpQueue as setUp, statesOf } from './set-up-queue.ts';

const hourMs = 3_600_000;
const noModel = () => new ConfigError('model-missing', 'MODEL_DIR=/models/svd cannot be read.');
const fullDisk = () => Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' });
const waysClosed = () => new UserError('clip-undeliverable', 'closed');

describe('a full disk', () => {
  /** Every write fails while it is full. */
  function disk() {
    const state = { isFull: false };
    const failing = ['add', 'claim', 'release', 'keepClip', 'finish', 'notified', 'saveCheckpoint', 'keepUndelivered'];
    const wrapStore = (store: JobStore): JobStore =>
      new Proxy(store, {
        get: (target, name: keyof JobStore) =>
          failing.includes(name)
            ? async (...values: never[]) => {
                if (state.isFull) throw fullDisk();
                return (target[name] as (...values: never[]) => unknown)(...values);
              }
            : target[name],
      });
    return { state, wrapStore };
  }

  it('while a clip is finished: the job waits, can be seen and cancelled, and is not rendered again', async () => {
    const { state, wrapStore } = disk();
    const { queue, renderer, clock, news } = setUp({ wrapStore });
    const { id } = await queue.submit(newJob({ userId: 'ann' }));
    const second = await queue.submit(newJob({ userId: 'bob' }));
    const render = await renderer.begun(0);
    state.isFull = true;
    render.finish();
    await clock.advance(600_000);
    expect(queue.overview()).toMatchObject({
      hostFault: { code: 'SQLITE_FULL' },
      running: [],
      waiting: [{ job: { id }, place: { isHostPaused: true } }, { job: { id: second.id } }],
    });
    expect(await queue.cancel(second.id)).toBe('cancelled');
    await settle();
    state.isFull = false;
    await clock.advance(60_000);
    expect(renderer.renders).toHaveLength(1);
    expect(news.filter((word) => /cancelled|delivered/.test(word))).toEqual(['bob cancelled', 'ann delivered']);
  });

  it('while a clip is delivered: it is not delivered again, in this process or the next', async () => {
    const { state, wrapStore } = disk();
    const deliver = async () => {
      state.isFull = true;
    };
    const { queue, renderer, clock, store, news } = setUp({ wrapStore, listener: { deliver } });
    const { id } = await queue.submit(newJob());
    (await renderer.begun(0)).finish();
    await clock.advance(600_000);
    expect((await store.find(id))?.state).toBe('delivering');
    state.isFull = false;
    await clock.advance(60_000);
    expect((await store.find(id))?.state).toBe('done');
    expect(news.filter((word) => word.includes('failed'))).toEqual([]);
    expect(queue.overview().hostFault).toBeUndefined();
  });

  it('at the start, with a job left running: the job goes on when there is room', async () => {
    const before = setUp();
    await before.queue.submit(newJob({ userId: 'ann' }));
    await before.renderer.begun(0);
    const { state, wrapStore } = disk();
    state.isFull = true;
    const after = setUp({ folder: before.folder, wrapStore });
    await after.queue.resume();
    await after.clock.advance(600_000);
    expect(after.renderer.renders).toEqual([]);
    state.isFull = false;
    await after.clock.advance(60_000);
    (await after.renderer.begun(0)).finish();
    await settle();
    expect(after.news.at(-1)).toBe('ann delivered');
  });

  it('refuses new jobs in a sentence that is for people', async () => {
    const { state, wrapStore } = disk();
    const { queue } = setUp({ wrapStore });
    state.isFull = true;
    await expect(queue.submit(newJob())).rejects.toThrow(expect.objectContaining({ code: 'storage-failed' }));
    expect(queue.overview().hostFault?.code).toBe('SQLITE_FULL');
  });
});

describe('a write of the store that fails once', () => {
  const writes = ['claim', 'keepClip', 'finish', 'notified', 'release', 'saveCheckpoint', 'keepUndelivered'] as const;
  const errors = [
    ['of the disk', fullDisk],
    ['that nobody knows', () => new Error('some error')],
  ] as const;

  /** A life with every kind of end: delivered, failed, cancelled, poisonous, undeliverable, put back. */
  async function live(fail: (write: (typeof writes)[number], count: number) => void) {
    const counts = new Map<string, number>();
    const wrapStore = (store: JobStore): JobStore =>
      new Proxy(store, {
        get: (target, name: keyof JobStore) =>
          (writes as readonly string[]).includes(name)
            ? async (...values: never[]) => {
                const count = (counts.get(name) ?? 0) + 1;
                counts.set(name, count);
                fail(name as (typeof writes)[number], count);
                return (target[name] as (...values: never[]) => unknown)(...values);
              }
            : target[name],
      });
    const delivered = new Map<string, number>();
    const deliver: JobListener['deliver'] = async (job) => {
      if (job.userId === 'unreachable') throw waysClosed();
      delivered.set(job.userId, (delivered.get(job.userId) ?? 0) + 1);
    };
    const { queue, store, renderer, clock, news, log } = setUp({ wrapStore, listener: { deliver } });
    const users = ['ann', 'broken', 'cancels', 'unreachable', 'hostless', 'zoe'];
    const ids = new Map<string, string>();
    for (const [seed, userId] of users.entries()) {
      ids.set(userId, (await queue.submit(newJob({ userId, settings: { seed } }))).id);
    }
    let hostFaults = 1;
    let isOver = false;
    void (async () => {
      for (let index = 0; !isOver; index++) {
        const { spec, ...render } = await renderer.begun(index);
        const userId = users[spec.settings.seed!];
        if (userId === 'broken') render.fail(new UserError('picture-broken', 'damaged'));
        else if (userId === 'hostless' && hostFaults-- > 0) render.fail(noModel());
        else if (userId !== 'cancels') {
          render.progress({ stage: 'denoise', step: 1, steps: 2, secondsPerStep: 1 });
          renderer.checkpoint(index, Buffer.from('latents'));
          render.finish();
        } else await queue.cancel(ids.get('cancels')!);
      }
    })();
    await clock.advance(24 * hourMs);
    isOver = true;
    const ends = await statesOf(
      store,
      users.map((userId) => ids.get(userId)!),
    );
    const states = Object.fromEntries(users.map((userId, index) => [userId, ends[index]]));
    return {
      counts,
      states,
      delivered: Object.fromEntries(delivered),
      pendingNotice: await store.pendingNotices(),
      news,
      log,
    };
  }

  const wanted = {
    states: {
      ann: 'done',
      broken: 'failed',
      cancels: 'cancelled',
      unreachable: 'undelivered',
      hostless: 'done',
      zoe: 'done',
    },
    delivered: { ann: 1, hostless: 1, zoe: 1 },
    pendingNotice: [],
  };

  it.each(errors)('loses nothing and does nothing twice, at every call, with an error %s', async (_, error) => {
    const whole = await live(() => {});
    expect(whole).toMatchObject(wanted);
    for (const write of writes) {
      const calls = whole.counts.get(write) ?? 0;
      expect(calls, write).toBeGreaterThan(0);
      for (let failing = 1; failing <= calls; failing++) {
        const outcome = await live((name, count) => {
          if (name === write && count === failing) throw error();
        });
        expect({ write, failing, ...outcome }).toMatchObject(wanted);
      }
    }
  });
});
