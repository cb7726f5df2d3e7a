import { linkSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { largestInRow } from '../../src/storage/blobs.ts';
import { openDatabase } from '../../src/storage/database.ts';
import { createJobStore, type JobStore } from '../../src/storage/job-store.ts';
import { claim, keepClip, newJob } from '../support/jobs.ts';
import { makeClip } from '../support/scripted-renderer.ts';
import { tempFolder } from '../support/temp-folder.ts';

const large = (mark: string) => Buffer.alloc(largestInRow + 1, mark);
const clipOf = (mark: string) =>
  makeClip(
    { picture: Buffer.alloc(0), settings: { seed: 7 }, fit: 'crop' },
    { bytes: large(mark), master: large(`${mark} frames`) },
  );

function setUp() {
  const folder = tempFolder();
  const database = openDatabase(folder);
  const files = () => readdirSync(join(folder, 'blobs'));
  return { folder, database, store: createJobStore(database), files };
}

async function rendered(store: JobStore): Promise<string> {
  const { id } = await store.add(newJob({ picture: large('picture') }), 1);
  await keepClip(store, id, { clip: clipOf('clip'), atMs: 2 });
  return id;
}

it('what is too large for a row is read back as it was, also by the next process', async () => {
  const { folder, database, store, files } = setUp();
  const id = await rendered(store);
  const other = (await store.add(newJob({ picture: Buffer.alloc(largestInRow, 'p') }), 1)).id;
  await store.saveCheckpoint(await claim(store, other), large('checkpoint'));
  expect(files()).toHaveLength(4);
  database.close();
  const next = createJobStore(openDatabase(folder));
  expect(large('picture').equals((await next.picture(id))!)).toBe(true);
  const clip = (await next.clip(id))!;
  expect(large('clip').equals(clip.bytes)).toBe(true);
  expect(large('clip frames').equals(clip.master!)).toBe(true);
  expect(await next.picture(other)).toHaveLength(largestInRow);
  expect(large('checkpoint').equals((await next.checkpoint(other))!)).toBe(true);
});

it('keeps the latest checkpoint alone, and none once the clip is there', async () => {
  const { store, files } = setUp();
  const { id } = await store.add(newJob(), 1);
  const attempt = await claim(store, id);
  for (const mark of ['first', 'second']) {
    await store.saveCheckpoint(attempt, large(mark));
    expect(files()).toHaveLength(1);
  }
  expect(large('second').equals((await store.checkpoint(id))!)).toBe(true);
  await store.keepClip(attempt, clipOf('clip'), 2);
  expect(files()).toHaveLength(2);
});

it('leaves no file behind where the row is refused', async () => {
  const { database, store, files } = setUp();
  const { id } = await store.add(newJob(), 1);
  const attempt = await claim(store, id);
  await store.release(attempt, { isCounted: false });
  expect(await store.saveCheckpoint(attempt, large('late'))).toBe(false);
  expect(await store.keepClip(attempt, clipOf('late'), 2)).toBeUndefined();
  database.exec(`CREATE TEMP TRIGGER full BEFORE INSERT ON main.jobs BEGIN SELECT RAISE(ABORT, 'full'); END`);
  await expect(store.add(newJob({ picture: large('picture') }), 3)).rejects.toThrow('full');
  expect(files()).toEqual([]);
});

it('erases at the next look what a process left that died between file and row, and nothing that is in use', async () => {
  const { folder, store, files } = setUp();
  const id = await rendered(store);
  const kept = files();
  const [stray, recent] = ['e', 'f'].map((digit) => join(folder, 'blobs', digit.repeat(32))) as [string, string];
  for (const path of [stray, recent]) writeFileSync(path, large('stray'));
  utimesSync(stray, 0, Date.now() / 1000 - 4_000);
  // A picture that comes in meanwhile has no row yet.
  const [, added] = await Promise.all([store.expire(0), store.add(newJob({ picture: large('new') }), 3)]);
  expect(files()).toHaveLength(kept.length + 2);
  // It may be of a process that has taken the folder over, and has stored no row yet.
  expect(files()).toContain('f'.repeat(32));
  expect(files()).toEqual(expect.arrayContaining(kept));
  expect(large('new').equals((await store.picture(added.id))!)).toBe(true);
  expect(large('picture').equals((await store.picture(id))!)).toBe(true);
});

it('erases at the next look what could not be erased when it was deleted', async () => {
  const { database, store, files } = setUp();
  const id = await rendered(store);
  database.exec(`CREATE TEMP TRIGGER busy BEFORE DELETE ON main.erasures BEGIN SELECT RAISE(ABORT, 'busy'); END`);
  await store.finish(id, { state: 'failed', finishedAtMs: 3 });
  expect(files()).toEqual([]);
  database.exec('DROP TRIGGER temp.busy');
  await store.expire(0);
  expect(database.prepare('SELECT * FROM erasures').all([])).toEqual([]);
});

it('a clip or picture whose file is gone is one that is not kept any more', async () => {
  const { folder, store } = setUp();
  const id = await rendered(store);
  rmSync(join(folder, 'blobs'), { recursive: true });
  expect(await store.clip(id)).toBeUndefined();
  expect(await store.picture(id)).toBeUndefined();
});

it('a picture that is deleted while it is read is not zeros', async () => {
  const { store } = setUp();
  const { id } = await store.add(newJob({ picture: large('picture') }), 1);
  const reads = Array.from({ length: 20 }, () => store.picture(id));
  await store.finish(id, { state: 'cancelled', finishedAtMs: 2 });
  for (const bytes of await Promise.all(reads)) {
    expect(bytes === undefined || large('picture').equals(bytes)).toBe(true);
  }
});

it('the file of a deleted picture is overwritten before its name goes', async () => {
  const { folder, store, files } = setUp();
  const { id } = await store.add(newJob({ picture: large('picture') }), 1);
  const other = join(folder, 'another name');
  linkSync(join(folder, 'blobs', files()[0]!), other);
  await store.finish(id, { state: 'cancelled', finishedAtMs: 2 });
  expect(files()).toEqual([]);
  expect(readFileSync(other).every((byte) => byte === 0)).toBe(true);
});
