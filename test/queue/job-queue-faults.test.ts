import { describe, expect, it } from 'vitest';
import { ConfigError, DiscordError, InferenceError, UserError } from '../../src/errors.ts';
import type { JobListener, QueuePosition } from '../../src/queue/job-listener.ts';
import type { JobStore } from '../../src/storage/job-store.ts';
import { settle } from '../support/fake-clock.ts';
import { newJob } from '../support/jobs.ts';
import { setUpQueue as setUp, statesOf, submitAll } from './set-up-queue.ts';

const hourMs = 3_600_000;
const died = () => new InferenceError('render-process-died', 'The render process ended (SIGKILL).');
const noModel = () => new ConfigError('model-missing', 'MODEL_DIR=/models/svd cannot be read.');
const fullDisk = () => Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' });
const discordDown = () => new DiscordError('discord-unavailable', 'down', { scope: 'transient' });
const waysClosed = () => new UserError('clip-undeliverable', 'closed');

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

describe('an outage of Discord', () => {
  it('of six hours delays clips and the news of failures, and loses none', async () => {
    let isDown = true;
    const tries: string[] = [];
    const reach = (what: string) => async () => {
      tries.push(what);
      if (isDown) throw discordDown();
    };
    const listener = { deliver: reach('clip'), failed: reach('failure') };
    const { queue, store, renderer, clock } = setUp({ listener });
    const ids = await submitAll(queue, ['ann', 'bob']);
    (await renderer.begun(0)).finish();
    (await renderer.begun(1)).fail(new UserError('picture-broken', 'damaged'));
    await clock.advance(6 * hourMs);
    expect(await statesOf(store, ids)).toEqual(['delivering', 'failed']);
    expect(await store.clip(ids[0]!)).toBeDefined();
    expect(await store.pendingNotices()).toHaveLength(1);
    // Patient: about a dozen tries an hour for each.
    expect(tries.length).toBeLessThan(200);
    isDown = false;
    await clock.advance(5 * 60_000);
    expect((await store.find(ids[0]!))?.state).toBe('done');
    expect(await store.pendingNotices()).toEqual([]);
  });

  it('does not hold up rendering', async () => {
    const { queue, renderer, news } = setUp({ listener: { deliver: () => Promise.reject(discordDown()) } });
    for (const userId of ['ann', 'bob']) await queue.submit(newJob({ userId }));
    (await renderer.begun(0)).finish();
    await renderer.begun(1);
    expect(news.at(-1)).toBe('bob prepare 0/1');
  });

  it('ends for every clip at once when Discord is back', async () => {
    let isDown = true;
    const deliver = async () => {
      if (isDown) throw discordDown();
    };
    const { queue, store, renderer, clock } = setUp({ listener: { deliver } });
    const ids = [(await queue.submit(newJob())).id, (await queue.submit(newJob())).id];
    for (const index of [0, 1]) (await renderer.begun(index)).finish();
    await clock.advance(2 * hourMs);
    isDown = false;
    queue.wake();
    await settle();
    expect(await statesOf(store, ids)).toEqual(['done', 'done']);
  });

  it('goes on over a restart', async () => {
    const before = setUp({ listener: { deliver: () => Promise.reject(discordDown()) } });
    const { id } = await before.queue.submit(newJob({ userId: 'ann' }));
    (await before.renderer.begun(0)).finish();
    await before.clock.advance(hourMs);
    await before.queue.close();
    const after = setUp({ folder: before.folder });
    await after.queue.resume();
    await settle();
    expect(after.news).toEqual(['ann delivered']);
    expect((await after.store.find(id))?.state).toBe('done');
  });

  it('that outlasts retention ends the job, and its requester reads why once Discord is back', async () => {
    const errors: unknown[] = [];
    let isDown = true;
    const listener: Partial<JobListener> = {
      deliver: () => Promise.reject(discordDown()),
      failed: async (_job, error) => {
        if (isDown) throw discordDown();
        errors.push(error);
      },
    };
    const { queue, store, renderer, clock } = setUp({ listener, retentionMs: 10 * hourMs });
    const { id } = await queue.submit(newJob());
    (await renderer.begun(0)).finish();
    await clock.advance(9 * hourMs);
    expect((await store.find(id))?.state).toBe('delivering');
    await clock.advance(2 * hourMs);
    expect((await store.find(id))?.state).toBe('failed');
    isDown = false;
    await clock.advance(hourMs);
    expect(errors).toEqual([expect.objectContaining({ code: 'clip-expired' })]);
  });

  it('keeps no clip in memory while it lasts', async () => {
    let reads = 0;
    const wrapStore = (store: JobStore): JobStore => ({
      ...store,
      clip(id) {
        reads++;
        return store.clip(id);
      },
    });
    const { queue, renderer, clock } = setUp({
      wrapStore,
      listener: { deliver: () => Promise.reject(discordDown()) },
    });
    await queue.submit(newJob());
    (await renderer.begun(0)).finish();
    await clock.advance(60_000);
    expect(reads).toBeGreaterThan(3);
  });
});

describe('a clip that can be posted nowhere', () => {
  const closed = { deliver: () => Promise.reject(waysClosed()) };

  it('is kept for its requester, who may fetch it at another address', async () => {
    const sentTo: unknown[] = [];
    let isClosed = true;
    const deliver: JobListener['deliver'] = async (job) => {
      if (isClosed) throw waysClosed();
      sentTo.push(job.address);
    };
    const { queue, store, renderer } = setUp({ listener: { deliver } });
    const { id } = await queue.submit(newJob({ userId: 'ann' }));
    (await renderer.begun(0)).finish();
    await settle();
    expect((await store.find(id))?.state).toBe('undelivered');
    expect((await queue.undelivered('ann')).map((job) => job.id)).toEqual([id]);
    expect(await queue.undelivered('bob')).toEqual([]);
    isClosed = false;
    expect(await queue.redeliver(id, { channelId: 'elsewhere' })).toBe(true);
    await settle();
    expect(sentTo).toEqual([{ channelId: 'elsewhere' }]);
    expect((await store.find(id))?.state).toBe('done');
    expect(await queue.redeliver(id, {})).toBe(false);
  });

  it('is kept over a restart, and cleared when retention is over', async () => {
    const before = setUp({ listener: closed });
    const { id } = await before.queue.submit(newJob({ userId: 'ann' }));
    (await before.renderer.begun(0)).finish();
    await settle();
    await before.queue.close();
    const after = setUp({ folder: before.folder });
    await after.queue.resume();
    await settle();
    expect(after.news).toEqual([]);
    expect(await after.queue.undelivered('ann')).toHaveLength(1);
    await after.store.expire(after.clock.now() + 1);
    expect(await after.queue.undelivered('ann')).toEqual([]);
    expect(await after.queue.redeliver(id, {})).toBe(false);
  });

  it('is kept as well where no try succeeds for a reason that nobody knows', async () => {
    const { queue, store, renderer, clock } = setUp({
      listener: { deliver: () => Promise.reject(new TypeError('x')) },
    });
    const { id } = await queue.submit(newJob());
    (await renderer.begun(0)).finish();
    await clock.advance(hourMs);
    expect((await store.find(id))?.state).toBe('undelivered');
  });
});

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
  running.progress({ stage: 'denoise', step: 0, steps: 2, secondsPerStep: 3_000 });
  await queue.submit(newJob({ userId: 'bob' }));
  expect(starts.at(-1)! - clock.now()).toBeGreaterThan(5_000_000);
  await queue.cancel(id);
  expect(starts.at(-1)).toBe(clock.now());
});
