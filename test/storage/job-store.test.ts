import { describe, expect, it } from 'vitest';
import { specOf } from '../../src/queue/store-access.ts';
import type { Attempt } from '../../src/storage/attempts.ts';
import { openDatabase } from '../../src/storage/database.ts';
import { createJobStore, type JobStore } from '../../src/storage/job-store.ts';
import { addAll, claim, keepClip, newJob } from '../support/jobs.ts';
import { makeClip } from '../support/scripted-renderer.ts';
import { tempFolder } from '../support/temp-folder.ts';

function open(folder = tempFolder()) {
  const database = openDatabase(folder);
  return { folder, database, store: createJobStore(database) };
}

const spec = { picture: Buffer.alloc(0), settings: { seed: 7 }, fit: 'crop' as const };

describe('createJobStore', () => {
  it('keeps an accepted job with its picture over a restart', async () => {
    const { store, folder } = open();
    const { picture, ...request } = newJob({ guildId: null, picture: Buffer.from([0, 255, 10]) });
    const { id } = await store.add({ ...request, picture }, 123);
    // The first connection stays open, as after a kill.
    const again = open(folder).store;
    expect(await again.find(id)).toEqual({ ...request, id, state: 'queued', attempts: 0, createdAtMs: 123 });
    expect([...(await again.picture(id))!]).toEqual([0, 255, 10]);
  });

  it('reads back jobs and clips that an earlier version stored, under the names that settings have today', async () => {
    const { store, database } = open();
    const { id } = await store.add(newJob(), 1);
    await keepClip(store, id, { clip: makeClip(spec), atMs: 2 });
    database.exec(`UPDATE jobs SET settings = '{"seed":7,"stepCache":3}'`);
    database.exec(`UPDATE clips SET made = '{"settings":{"seed":7,"stepCache":3},"secondsPerStage":{}}'`);
    expect((await store.find(id))?.settings).toEqual({ seed: 7, deepCacheInterval: 3 });
    expect((await store.made(id))?.settings).toEqual({ seed: 7, deepCacheInterval: 3 });
    expect(await store.damaged()).toEqual([]);
  });

  it('gives every job an id of its own that fits a custom id', async () => {
    const { store } = open();
    const ids = await addAll(
      store,
      Array.from({ length: 50 }, () => newJob()),
    );
    expect(new Set(ids).size).toBe(50);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}$/);
  });

  it('takes one job of a unique key, until that one fails or is cancelled, over restarts', async () => {
    const { store, folder } = open();
    const keyed = newJob({ uniqueKey: 'reaction 1 2' });
    for (const state of ['failed', 'cancelled', 'done'] as const) {
      const { id } = await store.add(keyed, 1);
      await expect(open(folder).store.add(keyed, 2)).rejects.toMatchObject({ code: 'already-asked' });
      expect(await store.hasUniqueKey('reaction 1 2')).toBe(true);
      await store.finish(id, { state, finishedAtMs: 3 });
      expect(await store.hasUniqueKey('reaction 1 2')).toBe(state === 'done');
    }
    await expect(store.add(keyed, 4)).rejects.toMatchObject({ code: 'already-asked' });
    expect(await store.hasUniqueKey('reaction 1 3')).toBe(false);
    await addAll(store, [newJob(), newJob()]);
  });

  it('lists what is not over in the order of arrival, and nothing else', async () => {
    const { store } = open();
    const [queued, running, delivering, done, failed, cancelled, interrupted] = (await addAll(
      store,
      Array.from({ length: 7 }, () => newJob()),
    )) as [string, string, string, string, string, string, string];
    await claim(store, running);
    await keepClip(store, delivering, { clip: makeClip(spec), atMs: 2 });
    await store.finish(done, { state: 'done', finishedAtMs: 9 });
    await store.finish(failed, { state: 'failed', finishedAtMs: 9, errorCode: 'x' });
    await store.finish(cancelled, { state: 'cancelled', finishedAtMs: 9 });
    await store.release(await claim(store, interrupted), { isCounted: true });
    expect((await store.unfinished()).map(({ id }) => id)).toEqual([queued, running, delivering, interrupted]);
  });

  it('counts attempts, and takes one back that was broken off on purpose', async () => {
    const { store } = open();
    const { id } = await store.add(newJob(), 1);
    const first = await claim(store, id);
    expect(await store.find(id)).toMatchObject({ state: 'running', attempts: 1 });
    expect(await store.release(first, { isCounted: true })).toBe(true);
    expect(await store.find(id)).toMatchObject({ state: 'interrupted', attempts: 1 });
    expect(await store.release(await claim(store, id), { isCounted: false })).toBe(true);
    expect(await store.find(id)).toMatchObject({ state: 'interrupted', attempts: 1 });
  });

  it('gives back a kept clip as it was', async () => {
    const { store } = open();
    const { id } = await store.add(newJob(), 1);
    const clip = makeClip(spec, { reduced: { crf: 30, width: 32, height: 32 } });
    expect((await keepClip(store, id, { clip, atMs: 2 })).state).toBe('delivering');
    expect(await store.clip(id)).toEqual(clip);
  });

  it('keeps a delivered clip and its picture until they expire, and then what it was made with', async () => {
    const { store, database } = open();
    const { id } = await store.add(newJob(), 1);
    await keepClip(store, id, { clip: makeClip(spec), atMs: 2 });
    expect((await store.finish(id, { state: 'done', finishedAtMs: 2 }))?.state).toBe('done');
    expect(database.prepare('SELECT finished_at_ms FROM jobs').get([])).toMatchObject({ finished_at_ms: 2 });
    const waiting = (await store.add(newJob(), 1)).id;
    expect(await store.expire(2)).toBe(0);
    expect(await store.clip(id)).toEqual(makeClip(spec));
    expect(await store.expire(3)).toBe(1);
    expect(await store.picture(id)).toBeUndefined();
    expect(await store.clip(id)).toBeUndefined();
    expect(await store.find(id)).toMatchObject({ state: 'done', settings: { seed: 7 } });
    expect(database.prepare('SELECT length(bytes) AS size, made FROM clips').get([])).toMatchObject({
      size: 0,
      made: expect.stringContaining('"seed":7'),
    });
    // However long a job waits, its picture stays.
    expect(await store.picture(waiting)).toBeDefined();
  });

  it('keeps a clip as long as another job goes on from it', async () => {
    const { store } = open();
    const { id } = await store.add(newJob(), 1);
    await keepClip(store, id, { clip: makeClip(spec), atMs: 2 });
    await store.finish(id, { state: 'done', finishedAtMs: 2 });
    const child = (await store.add(newJob({ parent: { id, use: 'extend' } }), 1)).id;
    expect(await store.expire(3)).toBe(0);
    expect(await store.clip(id)).toBeDefined();
    await store.finish(child, { state: 'failed', finishedAtMs: 2 });
    expect(await store.expire(3)).toBe(1);
    expect(await store.clip(id)).toBeUndefined();
  });

  it.each(['failed', 'cancelled'] as const)('deletes picture and clip of what %s', async (state) => {
    const { store } = open();
    const { id } = await store.add(newJob(), 1);
    await keepClip(store, id, { clip: makeClip(spec), atMs: 2 });
    await store.finish(id, { state, finishedAtMs: 2 });
    expect(await store.picture(id)).toBeUndefined();
    expect(await store.clip(id)).toBeUndefined();
  });

  it('forgets a user: rows, pictures and clips, but nothing that has not ended, and nothing of others', async () => {
    const { store, database } = open();
    const [done, waiting, others] = await addAll(
      store,
      ['ann', 'ann', 'bob'].map((userId) => newJob({ userId })),
    );
    for (const id of [done!, others!]) {
      await keepClip(store, id, { clip: makeClip(spec), atMs: 2 });
      await store.finish(id, { state: 'done', finishedAtMs: 2 });
    }
    expect(await store.forget('ann')).toEqual({ deleted: 1, left: 1 });
    expect(await store.find(done!)).toBeUndefined();
    // Forgotten is forgotten: the job that waits does without.
    expect(await Promise.all([waiting!, others!].map(store.hasPicture))).toEqual([false, true]);
    expect(await store.find(waiting!)).toMatchObject({ state: 'queued' });
    expect(database.prepare('SELECT user_id FROM pictures').all([])).toMatchObject([{ user_id: 'bob' }]);
    expect(database.prepare('SELECT job_id FROM clips').all([])).toMatchObject([{ job_id: others }]);
  });

  it('takes nothing in when the picture cannot be stored', async () => {
    const { store, database } = open();
    database.exec(`DROP TABLE pictures;
      CREATE TABLE pictures (id INTEGER PRIMARY KEY, user_id TEXT, padding BLOB, bytes BLOB CHECK (length(bytes) < 3), file TEXT)`);
    const fresh = createJobStore(database);
    await expect(fresh.add(newJob(), 1)).rejects.toThrow(/CHECK/);
    expect(await store.unfinished()).toEqual([]);
  });
});

describe('a clip that nobody can be given', () => {
  it('waits for its requester with its picture, and its quota is not given back', async () => {
    const { store, database } = open();
    const [first, second] = [(await store.add(newJob(), 1)).id, (await store.add(newJob(), 2)).id];
    for (const id of [second, first]) {
      await keepClip(store, id, { clip: makeClip(spec), atMs: 5 });
      await store.keepUndelivered(id);
      expect(await store.find(id)).toMatchObject({ state: 'undelivered', renderedAtMs: 5 });
    }
    expect(await store.unfinished()).toEqual([]);
    expect(await store.damaged()).toEqual([]);
    expect((await store.undelivered('u1')).map(({ id }) => id)).toEqual([first, second]);
    expect(await store.undelivered('u2')).toEqual([]);
    expect(await store.clip(first)).toEqual(makeClip(spec));
    expect(await store.hasPicture(first)).toBe(true);
    expect(database.prepare('SELECT count(*) AS uses FROM uses WHERE refunded = 0').get([])).toMatchObject({ uses: 2 });
  });

  it('is on its way again once its requester asks for it, and once only', async () => {
    const { store } = open();
    const { id } = await store.add(newJob(), 1);
    await keepClip(store, id, { clip: makeClip(spec), atMs: 5 });
    await store.keepUndelivered(id);
    const moved = { state: 'delivering', address: { channelId: 'c2' }, renderedAtMs: 5 };
    expect(await store.readdress(id, { channelId: 'c2' })).toMatchObject(moved);
    expect(await store.unfinished()).toMatchObject([moved]);
    await expect(store.readdress(id, { channelId: 'c3' })).rejects.toThrow(
      expect.objectContaining({ code: 'too-late' }),
    );
    expect(await store.find(id)).toMatchObject(moved);
  });

  it('ends as failed when its retention is over, counted from when it was ready', async () => {
    const { store, database } = open();
    const { id } = await store.add(newJob(), 1);
    await keepClip(store, id, { clip: makeClip(spec), atMs: 5 });
    await store.keepUndelivered(id);
    expect(await store.expire(5)).toBe(0);
    expect(await store.expire(6)).toBe(1);
    expect((await store.find(id))?.state).toBe('failed');
    expect(database.prepare('SELECT error_code FROM jobs').get([])).toMatchObject({ error_code: 'clip-expired' });
    expect([await store.clip(id), await store.picture(id), await store.made(id)]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(await store.pendingNotices()).toEqual([]);
    expect(await store.expire(7)).toBe(0);
  });

  it('is forgotten with its requester', async () => {
    const { store } = open();
    const { id } = await store.add(newJob(), 1);
    await keepClip(store, id, { clip: makeClip(spec), atMs: 5 });
    await store.keepUndelivered(id);
    expect(await store.forget('u1')).toEqual({ deleted: 1, left: 0 });
    expect([await store.find(id), await store.clip(id)]).toEqual([undefined, undefined]);
  });
});

describe('a picture', () => {
  it('is kept once for all jobs that are made from it, and until the last of them needs it no more', async () => {
    const { store, database } = open();
    const picture = Buffer.from('a picture');
    const first = (await store.add(newJob({ picture }), 1)).id;
    const again = (await store.add(newJob({ userId: 'u2', picture: { jobId: first } }), 1)).id;
    const third = (await store.add(newJob({ userId: 'u3', picture: { jobId: again } }), 1)).id;
    const count = () => database.prepare('SELECT count(*) AS pictures FROM pictures').get([]) as object;
    expect(count()).toMatchObject({ pictures: 1 });
    for (const id of [first, again, third]) expect(Buffer.from((await store.picture(id))!)).toEqual(picture);

    await keepClip(store, first, { clip: makeClip(spec), atMs: 1 });
    await store.finish(first, { state: 'done', finishedAtMs: 2 });
    expect(await store.expire(3)).toBe(1);
    expect(await store.hasPicture(first)).toBe(false);
    expect(await store.hasPicture(again)).toBe(true);
    await store.finish(again, { state: 'cancelled', finishedAtMs: 3 });
    expect(await store.hasPicture(third)).toBe(true);
    await store.finish(third, { state: 'failed', finishedAtMs: 3 });
    expect(count()).toMatchObject({ pictures: 0 });
  });

  it('is taken from everybody’s jobs when its owner is forgotten, and they can tell why', async () => {
    const { store } = open();
    const first = (await store.add(newJob({ userId: 'ann' }), 1)).id;
    const again = (await store.add(newJob({ userId: 'bob', picture: { jobId: first } }), 1)).id;
    const third = (await store.add(newJob({ userId: 'cid', picture: { jobId: again } }), 1)).id;
    const own = (await store.add(newJob({ userId: 'bob' }), 1)).id;
    await store.finish(first, { state: 'cancelled', finishedAtMs: 2 });
    // Bob had not handed it in.
    await store.forget('bob');
    expect(await Promise.all([again, third].map(store.hasPicture))).toEqual([true, true]);
    expect(await Promise.all([own, again].map(store.pictureWasForgotten))).toEqual([true, false]);
    await store.forget('ann');
    expect(await Promise.all([again, third].map(store.picture))).toEqual([undefined, undefined]);
    expect(await Promise.all([again, third].map(store.pictureWasForgotten))).toEqual([true, true]);
    expect((await store.unfinished()).map(({ id }) => id)).toEqual([again, third, own]);
    await expect(store.add(newJob({ picture: { jobId: third } }), 3)).rejects.toThrow(
      expect.objectContaining({ code: 'clip-expired' }),
    );
  });

  it('that the clip ends with is kept beside the first, shared, and let go with it', async () => {
    const { store, database } = open();
    const end = Buffer.from('the end');
    const first = (await store.add(newJob({ picture: Buffer.from('a picture'), endPicture: end }), 1)).id;
    expect(await store.find(first)).toMatchObject({ hasEndPicture: true });
    const ofSame = { picture: { jobId: first }, endPicture: { jobId: first } };
    const again = (await store.add(newJob({ userId: 'u2', ...ofSame }), 1)).id;
    const plain = (await store.add(newJob({ userId: 'u3', picture: { jobId: first } }), 1)).id;
    expect(await store.find(plain)).not.toHaveProperty('hasEndPicture');
    expect(await store.endPicture(plain)).toBeUndefined();
    for (const id of [first, again]) expect(Buffer.from((await store.endPicture(id))!)).toEqual(end);
    const count = () => database.prepare('SELECT count(*) AS pictures FROM pictures').get([]) as object;
    expect(count()).toMatchObject({ pictures: 2 });

    await keepClip(store, first, { clip: makeClip(spec), atMs: 1 });
    await store.finish(first, { state: 'done', finishedAtMs: 2 });
    expect(await store.expire(3)).toBe(1);
    expect([await store.endPicture(first), await store.hasPicture(again)]).toEqual([undefined, true]);
    await store.finish(again, { state: 'cancelled', finishedAtMs: 3 });
    expect(count()).toMatchObject({ pictures: 1 });
    await store.finish(plain, { state: 'cancelled', finishedAtMs: 3 });
    expect(count()).toMatchObject({ pictures: 0 });
  });

  it('that the clip ends with is taken from everybody’s jobs when its owner is forgotten, and they can tell why', async () => {
    const { store } = open();
    const first = (await store.add(newJob({ userId: 'ann' }), 1)).id;
    const own = { picture: { jobId: first }, endPicture: Buffer.from('of bob') };
    const bobs = (await store.add(newJob({ userId: 'bob', ...own }), 1)).id;
    const both = { picture: { jobId: bobs }, endPicture: { jobId: bobs } };
    const third = (await store.add(newJob({ userId: 'cid', ...both }), 1)).id;
    const attempt = await claim(store, third);
    expect(await store.saveCheckpoint(attempt, Buffer.from('latents'))).toBe(true);
    await store.forget('bob');
    expect(await store.endPicture(third)).toBeUndefined();
    expect(await store.checkpoint(third)).toBeUndefined();
    expect(await store.saveCheckpoint(attempt, Buffer.from('latents'))).toBe(false);
    expect([await store.hasPicture(third), await store.hasPicture(first)]).toEqual([false, true]);
    expect([await store.pictureWasForgotten(third), await store.pictureWasForgotten(first)]).toEqual([true, false]);
    await expect(specOf((await store.find(third))!, store)).rejects.toThrow(
      expect.objectContaining({ code: 'picture-forgotten' }),
    );
    // What its clip goes on with is without it.
    const { id } = await store.add(newJob({ userId: 'cid', picture: { jobId: third } }), 1);
    expect(await specOf((await store.find(id))!, store)).not.toHaveProperty('endPicture');
  });

  it('of a job that has none any more cannot be had again: nothing is taken in', async () => {
    const { store, database } = open();
    const { id } = await store.add(newJob(), 1);
    await store.finish(id, { state: 'failed', finishedAtMs: 2 });
    for (const jobId of [id, 'ffffffff']) {
      const refused = store.add(newJob({ picture: { jobId } }), 3);
      await expect(refused).rejects.toThrow(expect.objectContaining({ code: 'clip-expired', name: 'UserError' }));
    }
    expect(await store.pictureWasForgotten(id)).toBe(false);
    expect(await store.unfinished()).toEqual([]);
    expect(database.prepare('SELECT count(*) AS uses FROM uses').get([])).toMatchObject({ uses: 1 });
  });
});

describe('a checkpoint', () => {
  it('replaces the one before, and survives the end of the process and being put back', async () => {
    const { store, folder } = open();
    const { id } = await store.add(newJob(), 1);
    expect(await store.checkpoint(id)).toBeUndefined();
    const attempt = await claim(store, id);
    await store.saveCheckpoint(attempt, Buffer.from('step 1'));
    await store.saveCheckpoint(attempt, Buffer.alloc(3_700_000, 2));
    await store.release(attempt, { isCounted: true });
    const again = open(folder).store;
    expect(Buffer.from((await again.checkpoint(id))!).equals(Buffer.alloc(3_700_000, 2))).toBe(true);
  });

  it.each([
    ['the clip is there', (store: JobStore, attempt: Attempt) => store.keepClip(attempt, makeClip(spec), 2)],
    [
      'it was cancelled',
      (store: JobStore, { jobId }: Attempt) => store.finish(jobId, { state: 'cancelled', finishedAtMs: 2 }),
    ],
  ])('is gone when %s, and a late one does not come back', async (_, end) => {
    const { store, database } = open();
    const { id } = await store.add(newJob(), 1);
    const attempt = await claim(store, id);
    await store.saveCheckpoint(attempt, Buffer.from('step 1'));
    await end(store, attempt);
    expect(await store.checkpoint(id)).toBeUndefined();
    await store.saveCheckpoint(attempt, Buffer.from('step 2'));
    expect(database.prepare('SELECT * FROM checkpoints').all([])).toEqual([]);
  });
});

it('ends now what ended in a future that the clock was set back from', async () => {
  const { store } = open();
  const [done, kept] = [(await store.add(newJob(), 1)).id, (await store.add(newJob(), 1)).id];
  await keepClip(store, done, { clip: makeClip(spec), atMs: 1_000 });
  await store.finish(done, { state: 'done', finishedAtMs: 1_000 });
  await keepClip(store, kept, { clip: makeClip(spec), atMs: 1_000 });
  await store.keepUndelivered(kept);
  expect(await store.expire(90, { nowMs: 100 })).toBe(0);
  expect(await store.expire(101, { nowMs: 111 })).toBe(2);
});

it('expires no more jobs at a time than it is asked to', async () => {
  const { store } = open();
  for (let index = 0; index < 3; index++) {
    const { id } = await store.add(newJob(), index);
    await keepClip(store, id, { clip: makeClip(spec), atMs: index });
    await store.finish(id, { state: 'done', finishedAtMs: index });
  }
  for (const count of [1, 1, 1, 0]) expect(await store.expire(10, { atMost: 1 })).toBe(count);
});
