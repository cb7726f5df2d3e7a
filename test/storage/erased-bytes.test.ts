import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openDatabase } from '../../src/storage/database.ts';
import { createJobStore, type JobStore } from '../../src/storage/job-store.ts';
import { claim, keepClip, newJob } from '../support/jobs.ts';
import { makeClip } from '../support/scripted-renderer.ts';
import { tempFolder } from '../support/temp-folder.ts';

const spec = { picture: Buffer.alloc(0), settings: { seed: 7 }, fit: 'crop' as const };

/** Bytes that say whose they are in every stretch of a dozen. */
function markedBytes(mark: string, size: number): Buffer {
  return Buffer.alloc(size, `<<${mark}>>`);
}

function open() {
  const folder = tempFolder();
  const database = openDatabase(folder);
  // What survives a power cut is not what is tested, and costs most of the time.
  database.pragma('synchronous = OFF');
  /** The marks that are found in the database's files, sorted. */
  function marks(): string[] {
    const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const bytes = Buffer.concat(files.map(({ parentPath, name }) => readFileSync(join(parentPath, name))));
    return [...new Set([...bytes.toString('latin1').matchAll(/<<(\w+)>>/g)].map((match) => match[1]!))].sort();
  }
  return { folder, database, store: createJobStore(database), marks };
}

/** A job of this user with a picture, a checkpoint on the way, and, if asked for, a delivered clip. */
async function makeJob(
  store: JobStore,
  userId: string,
  { size = 30_000, isDelivered = false, sizeOf = () => size } = {},
) {
  const marked = (what: string) => markedBytes(`${userId}${what}`, sizeOf());
  const { id } = await store.add(newJob({ userId, picture: marked('Picture'), endPicture: marked('End') }), 1);
  const attempt = await claim(store, id);
  await store.saveCheckpoint(attempt, marked('Checkpoint'));
  if (!isDelivered) return id;
  const [bytes, master] = [marked('Clip'), marked('Master')];
  await keepClip(store, id, { clip: makeClip(spec, { bytes, master }), atMs: 2 });
  await store.finish(id, { state: 'done', finishedAtMs: 3 });
  return id;
}

// Smaller than a page of the database (4096), about as large, larger, and too large for a row.
describe.each([300, 4_000, 30_000, 200_000])('of a picture of %i bytes', (size) => {
  it('no byte is left in the files after forget, nor of checkpoint, clip and frames', async () => {
    const { store, marks } = open();
    await makeJob(store, 'ann', { size, isDelivered: true });
    await makeJob(store, 'bob', { size, isDelivered: true });
    expect(marks()).toEqual(
      expect.arrayContaining(['annClip', 'annEnd', 'annMaster', 'annPicture', 'bobClip', 'bobPicture']),
    );
    await store.forget('ann');
    expect(marks().filter((mark) => mark.startsWith('ann'))).toEqual([]);
    expect(marks()).toEqual(expect.arrayContaining(['bobClip', 'bobMaster', 'bobPicture']));
    expect(await store.picture(await makeJob(store, 'ann', { size }))).toHaveLength(size);
  });

  it('no byte is left when its owner is forgotten while others wait for a clip of it', async () => {
    const { store, marks } = open();
    const original = await makeJob(store, 'ann', { size, isDelivered: true });
    const again = (await store.add(newJob({ userId: 'bob', picture: { jobId: original } }), 4)).id;
    const attempt = await claim(store, again);
    await store.saveCheckpoint(attempt, markedBytes('latentsOfHers', size));
    await store.forget('ann');
    // The render that is under way goes on handing over what it has.
    await store.saveCheckpoint(attempt, markedBytes('latentsOfHers', size));
    expect(marks()).toEqual([]);
    expect(await store.picture(again)).toBeUndefined();
    expect(await store.pictureWasForgotten(again)).toBe(true);
  });

  it.each(['failed', 'cancelled'] as const)(
    'no byte is left of a job that has %s, nor of its checkpoint',
    async (state) => {
      const { store, marks } = open();
      const id = await makeJob(store, 'ann', { size });
      expect(marks()).toEqual(['annCheckpoint', 'annEnd', 'annPicture']);
      await store.finish(id, { state, finishedAtMs: 2 });
      expect(marks()).toEqual([]);
    },
  );

  it('no byte is left when its retention is over', async () => {
    const { store, marks } = open();
    await makeJob(store, 'ann', { size, isDelivered: true });
    const { id } = await store.add(newJob({ picture: markedBytes('bobPicture', size) }), 1);
    await keepClip(store, id, { clip: makeClip(spec, { bytes: markedBytes('bobClip', size) }), atMs: 3 });
    await store.keepUndelivered(id);
    expect(await store.expire(4)).toBe(2);
    expect(marks()).toEqual([]);
  });
});

it('no byte is left behind where SQLite has moved rows between pages, however they come and go', async () => {
  const { store, marks } = open();
  // The generator of Numerical Recipes: the same rows in every run.
  let state = 3;
  const draw = (count: number) => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return Math.floor((state / 2 ** 32) * count);
  };
  const kept = new Set<string>();
  for (let step = 0; step < 60; step++) {
    const userId = `user${step}x`;
    await makeJob(store, userId, { sizeOf: () => 20 + draw(1_500), isDelivered: true });
    kept.add(userId);
    if (step < 10) continue;
    const gone = [...kept][draw(kept.size)]!;
    kept.delete(gone);
    await store.forget(gone);
    const owners = new Set(marks().map((mark) => /^user\d+x/.exec(mark)![0]));
    expect([...owners].sort()).toEqual([...kept].sort());
  }
});

it('what could not be erased at once, since somebody read, is erased by the next look for what is old', async () => {
  const { store, marks, folder } = open();
  const id = await makeJob(store, 'ann');
  const reader = openDatabase(folder);
  reader.exec('BEGIN');
  reader.prepare('SELECT count(*) FROM jobs').get([]);
  const startedAt = performance.now();
  expect((await store.finish(id, { state: 'failed', finishedAtMs: 2 }))?.state).toBe('failed');
  // Nobody waits for the reader: the locks' timeout is five seconds.
  expect(performance.now() - startedAt).toBeLessThan(2_500);
  expect(marks()).toContain('annPicture');
  reader.exec('COMMIT');
  await store.expire(0);
  expect(marks()).toEqual([]);
});
