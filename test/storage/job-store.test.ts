import { describe, expect, it } from 'vitest';
import { openDatabase } from '../../src/storage/database.ts';
import { createJobStore, type JobStore } from '../../src/storage/job-store.ts';
import { newJob } from '../support/jobs.ts';
import { makeClip } from '../support/scripted-renderer.ts';
import { tempFolder } from '../support/temp-folder.ts';

function open(folder = tempFolder()) {
  const database = openDatabase(folder);
  return { folder, database, store: createJobStore(database) };
}

const spec = { picture: Buffer.alloc(0), settings: { seed: 7 }, fit: 'crop' as const };

describe('createJobStore', () => {
  it('keeps an accepted job with its picture over a restart', () => {
    const { store, folder } = open();
    const { picture, ...wish } = newJob({ guildId: null, picture: Buffer.from([0, 255, 10]) });
    const { id } = store.add({ ...wish, picture }, 123);
    // The first connection stays open, as after a kill.
    const again = open(folder).store;
    expect(again.find(id)).toEqual({ ...wish, id, state: 'queued', attempts: 0, createdAtMs: 123 });
    expect([...again.picture(id)!]).toEqual([0, 255, 10]);
  });

  it('reads back jobs and clips that an earlier version stored, under the names that settings have today', () => {
    const { store, database } = open();
    const { id } = store.add(newJob(), 1);
    store.keepClip(id, makeClip(spec), 2);
    database.exec(`UPDATE jobs SET settings = '{"seed":7,"stepCache":3}'`);
    database.exec(`UPDATE clips SET made = '{"settings":{"seed":7,"stepCache":3},"secondsPerStage":{}}'`);
    expect(store.find(id)?.settings).toEqual({ seed: 7, deepCacheInterval: 3 });
    expect(store.made(id)?.settings).toEqual({ seed: 7, deepCacheInterval: 3 });
    expect(store.damaged()).toEqual([]);
  });

  it('gives every job an id of its own that fits a custom id', () => {
    const { store } = open();
    const ids = Array.from({ length: 50 }, () => store.add(newJob(), 1).id);
    expect(new Set(ids).size).toBe(50);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}$/);
  });

  it('lists what is not over in the order of arrival, and nothing else', () => {
    const { store } = open();
    const [queued, running, delivering, done, failed, cancelled, interrupted] = Array.from({ length: 7 }, (_, index) =>
      store.add(newJob(), index),
    ).map(({ id }) => id) as [string, string, string, string, string, string, string];
    store.start(running);
    store.keepClip(delivering, makeClip(spec), 2);
    store.finish(done, { state: 'done', finishedAtMs: 9 });
    store.finish(failed, { state: 'failed', finishedAtMs: 9, errorCode: 'x' });
    store.finish(cancelled, { state: 'cancelled', finishedAtMs: 9 });
    store.putBack(interrupted, 'interrupted');
    expect(store.unfinished().map(({ id }) => id)).toEqual([queued, running, delivering, interrupted]);
  });

  it('counts attempts, and takes one back that was broken off on purpose', () => {
    const { store } = open();
    const { id } = store.add(newJob(), 1);
    expect(store.start(id)).toMatchObject({ state: 'running', attempts: 1 });
    expect(store.putBack(id, 'interrupted')).toMatchObject({ state: 'interrupted', attempts: 1 });
    store.start(id);
    expect(store.putBack(id, 'queued', { refundAttempt: true })).toMatchObject({ state: 'queued', attempts: 1 });
  });

  it('gives back a kept clip as it was', () => {
    const { store } = open();
    const { id } = store.add(newJob(), 1);
    const clip = makeClip(spec, { reduced: { crf: 30, width: 32, height: 32 } });
    expect(store.keepClip(id, clip, 2).state).toBe('delivering');
    expect(store.clip(id)).toEqual(clip);
  });

  it('keeps a delivered clip and its picture until they expire, and then what it was made with', () => {
    const { store, database } = open();
    const { id } = store.add(newJob(), 1);
    store.keepClip(id, makeClip(spec), 2);
    expect(store.finish(id, { state: 'done', finishedAtMs: 2 }).state).toBe('done');
    expect(database.prepare('SELECT finished_at_ms FROM jobs').get([])).toMatchObject({ finished_at_ms: 2 });
    const waiting = store.add(newJob(), 1).id;
    expect(store.expire(2)).toBe(0);
    expect(store.clip(id)).toEqual(makeClip(spec));
    expect(store.expire(3)).toBe(1);
    expect(store.picture(id)).toBeUndefined();
    expect(store.clip(id)).toBeUndefined();
    expect(store.find(id)).toMatchObject({ state: 'done', settings: { seed: 7 } });
    expect(database.prepare('SELECT length(bytes) AS size, made FROM clips').get([])).toMatchObject({
      size: 0,
      made: expect.stringContaining('"seed":7'),
    });
    // However long a job waits, its picture stays.
    expect(store.picture(waiting)).toBeDefined();
  });

  it('keeps a clip as long as another job goes on from it', () => {
    const { store } = open();
    const { id } = store.add(newJob(), 1);
    store.keepClip(id, makeClip(spec), 2);
    store.finish(id, { state: 'done', finishedAtMs: 2 });
    const child = store.add(newJob({ parent: { id, use: 'extend' } }), 1).id;
    expect(store.expire(3)).toBe(0);
    expect(store.clip(id)).toBeDefined();
    store.finish(child, { state: 'failed', finishedAtMs: 2 });
    expect(store.expire(3)).toBe(1);
    expect(store.clip(id)).toBeUndefined();
  });

  it.each(['failed', 'cancelled'] as const)('deletes picture and clip of what %s', (state) => {
    const { store } = open();
    const { id } = store.add(newJob(), 1);
    store.keepClip(id, makeClip(spec), 2);
    store.finish(id, { state, finishedAtMs: 2 });
    expect(store.picture(id)).toBeUndefined();
    expect(store.clip(id)).toBeUndefined();
  });

  it('forgets a user: rows, pictures and clips, but nothing that has not ended, and nothing of others', () => {
    const { store, database } = open();
    const [done, waiting, others] = ['ann', 'ann', 'bob'].map((userId) => store.add(newJob({ userId }), 1).id);
    for (const id of [done!, others!]) {
      store.keepClip(id, makeClip(spec), 2);
      store.finish(id, { state: 'done', finishedAtMs: 2 });
    }
    expect(store.forget('ann')).toEqual({ deleted: 1, left: 1 });
    expect(store.find(done!)).toBeUndefined();
    // Forgotten is forgotten: the job that waits does without.
    expect([waiting!, others!].map(store.hasPicture)).toEqual([false, true]);
    expect(store.find(waiting!)).toMatchObject({ state: 'queued' });
    expect(database.prepare('SELECT user_id FROM pictures').all([])).toMatchObject([{ user_id: 'bob' }]);
    expect(database.prepare('SELECT job_id FROM clips').all([])).toMatchObject([{ job_id: others }]);
  });

  it('takes nothing in when the picture cannot be stored', () => {
    const { store, database } = open();
    database.exec(`DROP TABLE pictures;
      CREATE TABLE pictures (id INTEGER PRIMARY KEY, user_id TEXT, padding BLOB, bytes BLOB CHECK (length(bytes) < 3))`);
    const fresh = createJobStore(database);
    expect(() => fresh.add(newJob(), 1)).toThrow(/CHECK/);
    expect(store.unfinished()).toEqual([]);
  });
});

describe('a clip that nobody can be given', () => {
  it('waits for its requester with its picture, and its quota is not given back', () => {
    const { store, database } = open();
    const [first, second] = [store.add(newJob(), 1).id, store.add(newJob(), 2).id];
    for (const id of [second, first]) {
      store.keepClip(id, makeClip(spec), 5);
      expect(store.keepUndelivered(id)).toMatchObject({ state: 'undelivered', renderedAtMs: 5 });
    }
    expect(store.unfinished()).toEqual([]);
    expect(store.damaged()).toEqual([]);
    expect(store.undelivered('u1').map(({ id }) => id)).toEqual([first, second]);
    expect(store.undelivered('u2')).toEqual([]);
    expect(store.clip(first)).toEqual(makeClip(spec));
    expect(store.hasPicture(first)).toBe(true);
    expect(database.prepare('SELECT count(*) AS uses FROM uses WHERE refunded = 0').get([])).toMatchObject({ uses: 2 });
  });

  it('is on its way again once its requester asks for it, and once only', () => {
    const { store } = open();
    const { id } = store.add(newJob(), 1);
    store.keepClip(id, makeClip(spec), 5);
    store.keepUndelivered(id);
    const moved = { state: 'delivering', address: { channelId: 'c2' }, renderedAtMs: 5 };
    expect(store.readdress(id, { channelId: 'c2' })).toMatchObject(moved);
    expect(store.unfinished()).toMatchObject([moved]);
    expect(() => store.readdress(id, { channelId: 'c3' })).toThrow(expect.objectContaining({ code: 'too-late' }));
    expect(store.find(id)).toMatchObject(moved);
  });

  it('ends as failed when its retention is over, counted from when it was ready', () => {
    const { store, database } = open();
    const { id } = store.add(newJob(), 1);
    store.keepClip(id, makeClip(spec), 5);
    store.keepUndelivered(id);
    expect(store.expire(5)).toBe(0);
    expect(store.expire(6)).toBe(1);
    expect(store.find(id)?.state).toBe('failed');
    expect(database.prepare('SELECT error_code FROM jobs').get([])).toMatchObject({ error_code: 'clip-expired' });
    expect([store.clip(id), store.picture(id), store.made(id)]).toEqual([undefined, undefined, undefined]);
    expect(store.pendingNotices()).toEqual([]);
    expect(store.expire(7)).toBe(0);
  });

  it('is forgotten with its requester', () => {
    const { store } = open();
    const { id } = store.add(newJob(), 1);
    store.keepClip(id, makeClip(spec), 5);
    store.keepUndelivered(id);
    expect(store.forget('u1')).toEqual({ deleted: 1, left: 0 });
    expect([store.find(id), store.clip(id)]).toEqual([undefined, undefined]);
  });
});

describe('a picture', () => {
  it('is kept once for all jobs that are made from it, and until the last of them needs it no more', () => {
    const { store, database } = open();
    const picture = Buffer.from('a picture');
    const first = store.add(newJob({ picture }), 1).id;
    const again = store.add(newJob({ userId: 'u2', picture: { jobId: first } }), 1).id;
    const third = store.add(newJob({ userId: 'u3', picture: { jobId: again } }), 1).id;
    const count = () => database.prepare('SELECT count(*) AS pictures FROM pictures').get([]) as object;
    expect(count()).toMatchObject({ pictures: 1 });
    for (const id of [first, again, third]) expect(Buffer.from(store.picture(id)!)).toEqual(picture);

    store.keepClip(first, makeClip(spec), 1);
    store.finish(first, { state: 'done', finishedAtMs: 2 });
    expect(store.expire(3)).toBe(1);
    expect(store.hasPicture(first)).toBe(false);
    expect(store.hasPicture(again)).toBe(true);
    store.finish(again, { state: 'cancelled', finishedAtMs: 3 });
    expect(store.hasPicture(third)).toBe(true);
    store.finish(third, { state: 'failed', finishedAtMs: 3 });
    expect(count()).toMatchObject({ pictures: 0 });
  });

  it('is taken from everybody’s jobs when its owner is forgotten, and they can tell why', () => {
    const { store } = open();
    const first = store.add(newJob({ userId: 'ann' }), 1).id;
    const again = store.add(newJob({ userId: 'bob', picture: { jobId: first } }), 1).id;
    const third = store.add(newJob({ userId: 'cid', picture: { jobId: again } }), 1).id;
    const own = store.add(newJob({ userId: 'bob' }), 1).id;
    store.finish(first, { state: 'cancelled', finishedAtMs: 2 });
    // Bob had not handed it in.
    store.forget('bob');
    expect([again, third].map(store.hasPicture)).toEqual([true, true]);
    expect([own, again].map(store.pictureWasForgotten)).toEqual([true, false]);
    store.forget('ann');
    expect([again, third].map(store.picture)).toEqual([undefined, undefined]);
    expect([again, third].map(store.pictureWasForgotten)).toEqual([true, true]);
    expect(store.unfinished().map(({ id }) => id)).toEqual([again, third, own]);
    expect(() => store.add(newJob({ picture: { jobId: third } }), 3)).toThrow(
      expect.objectContaining({ code: 'clip-expired' }),
    );
  });

  it('of a job that has none any more cannot be had again: nothing is taken in', () => {
    const { store, database } = open();
    const { id } = store.add(newJob(), 1);
    store.finish(id, { state: 'failed', finishedAtMs: 2 });
    for (const jobId of [id, 'ffffffff']) {
      const refused = () => store.add(newJob({ picture: { jobId } }), 3);
      expect(refused).toThrow(expect.objectContaining({ code: 'clip-expired', name: 'UserError' }));
    }
    expect(store.pictureWasForgotten(id)).toBe(false);
    expect(store.unfinished()).toEqual([]);
    expect(database.prepare('SELECT count(*) AS uses FROM uses').get([])).toMatchObject({ uses: 1 });
  });
});

describe('a checkpoint', () => {
  it('replaces the one before, and survives the end of the process and being put back', () => {
    const { store, folder } = open();
    const { id } = store.add(newJob(), 1);
    expect(store.checkpoint(id)).toBeUndefined();
    store.start(id);
    store.saveCheckpoint(id, Buffer.from('step 1'));
    store.saveCheckpoint(id, Buffer.alloc(3_700_000, 2));
    store.putBack(id, 'interrupted');
    const again = open(folder).store;
    expect(Buffer.from(again.checkpoint(id)!).equals(Buffer.alloc(3_700_000, 2))).toBe(true);
  });

  it.each([
    ['the clip is there', (store: JobStore, id: string) => store.keepClip(id, makeClip(spec), 2)],
    ['it was cancelled', (store: JobStore, id: string) => store.finish(id, { state: 'cancelled', finishedAtMs: 2 })],
  ])('is gone when %s, and a late one does not come back', (_, end) => {
    const { store, database } = open();
    const { id } = store.add(newJob(), 1);
    store.start(id);
    store.saveCheckpoint(id, Buffer.from('step 1'));
    end(store, id);
    expect(store.checkpoint(id)).toBeUndefined();
    store.saveCheckpoint(id, Buffer.from('step 2'));
    expect(database.prepare('SELECT * FROM checkpoints').all([])).toEqual([]);
  });
});

it('ends now what ended in a future that the clock was set back from', () => {
  const { store } = open();
  const [done, kept] = [store.add(newJob(), 1).id, store.add(newJob(), 1).id];
  store.keepClip(done, makeClip(spec), 1_000);
  store.finish(done, { state: 'done', finishedAtMs: 1_000 });
  store.keepClip(kept, makeClip(spec), 1_000);
  store.keepUndelivered(kept);
  expect(store.expire(90, { nowMs: 100 })).toBe(0);
  expect(store.expire(101, { nowMs: 111 })).toBe(2);
});

it('expires no more jobs at a time than it is asked to', () => {
  const { store } = open();
  for (let index = 0; index < 3; index++) {
    const { id } = store.add(newJob(), index);
    store.keepClip(id, makeClip(spec), index);
    store.finish(id, { state: 'done', finishedAtMs: index });
  }
  expect([1, 2, 3, 4].map(() => store.expire(10, { atMost: 1 }))).toEqual([1, 1, 1, 0]);
});
