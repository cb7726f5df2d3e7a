import { describe, expect, it } from 'vitest';
import { openDatabase } from '../../src/jobs/database.ts';
import { createJobStore } from '../../src/jobs/job-store.ts';
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
      CREATE TABLE pictures (id INTEGER PRIMARY KEY, user_id TEXT, bytes BLOB CHECK (length(bytes) < 3))`);
    const fresh = createJobStore(database);
    expect(() => fresh.add(newJob(), 1)).toThrow(/CHECK/);
    expect(store.unfinished()).toEqual([]);
  });
});
