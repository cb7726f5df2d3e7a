import { describe, expect, it } from 'vitest';
import { DiscordError, UserError } from '../../src/errors.ts';
import type { JobListener } from '../../src/queue/job-listener.ts';
import type { JobStore } from '../../src/storage/job-store.ts';
import { settle } from '../support/fake-clock.ts';
import { newJob } from '../support/jobs.ts';
import { setUpQueue as setUp, statesOf, submitAll } from './set-up-queue.ts';

const hourMs = 3_600_000;
const discordDown = () => new DiscordError('discord-unavailable', 'down', { scope: 'transient' });
const waysClosed = () => new UserError('clip-undeliverable', 'closed');

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
