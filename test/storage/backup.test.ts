import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import Libsql from 'libsql';
import { describe, expect, it } from 'vitest';
import { backUp, keptBackups } from '../../src/storage/backup.ts';
import { inspectDatabase, openDatabase } from '../../src/storage/database.ts';
import { createJobStore } from '../../src/storage/job-store.ts';
import { takeLease } from '../../src/storage/lease.ts';
import { migrations } from '../../src/storage/migrations.ts';
import { restore } from '../../src/storage/restore.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { addAll, claim, keepClip, newJob } from '../support/jobs.ts';
import { createRecordingLog } from '../support/recording-log.ts';
import { makeClip } from '../support/scripted-renderer.ts';
import { tempFolder } from '../support/temp-folder.ts';

const morning = Date.UTC(2026, 0, 2, 3, 4, 5);
const day = 86_400_000;

/** A data folder of a bot that is still at work, with jobs in it. */
async function runningBot({ count = 1, dataDir = join(tempFolder(), 'data') } = {}) {
  const database = openDatabase(dataDir);
  const store = createJobStore(database);
  const ids = await addAll(
    store,
    Array.from({ length: count }, (_, index) => newJob({ picture: Buffer.alloc(50_000, index) })),
  );
  return { dataDir, database, store, ids };
}

async function unfinishedIn(dataDir: string): Promise<string[]> {
  const database = openDatabase(dataDir);
  const jobs = await createJobStore(database).unfinished();
  database.close();
  return jobs.map(({ id }) => id);
}

describe('a backup', () => {
  it('holds the pictures that clips end with, also those that are too large for a row', async () => {
    const { dataDir, store } = await runningBot();
    const endPicture = Buffer.alloc(300_000, 'end');
    const { id } = await store.add(newJob({ endPicture }), 1);
    const { path } = backUp({ dataDir, folder: join(tempFolder(), 'backups'), nowMs: morning });
    const elsewhere = join(tempFolder(), 'new');
    restore({ source: path, dataDir: elsewhere, nowMs: morning });
    const restored = createJobStore(openDatabase(elsewhere));
    expect(await restored.find(id)).toMatchObject({ hasEndPicture: true });
    expect(Buffer.compare((await restored.endPicture(id))!, endPicture)).toBe(0);
  });

  it('of a bot at work holds every job that was accepted, also those that are in the log alone', async () => {
    const { dataDir, database, ids } = await runningBot({ count: 3 });
    expect(statSync(join(dataDir, 'kinora.db-wal')).size).toBeGreaterThan(0);
    const folder = join(tempFolder(), 'backups');
    const { path, sizeBytes } = backUp({ dataDir, folder, nowMs: morning });
    expect(path).toBe(join(folder, 'kinora-20260102-030405.db'));
    expect(sizeBytes).toBe(statSync(path).size);
    database.close();
    const elsewhere = join(tempFolder(), 'new');
    restore({ source: path, dataDir: elsewhere, nowMs: morning });
    expect(await unfinishedIn(elsewhere)).toEqual(ids);
  });

  it('holds the pictures, clips and checkpoints that are files beside the database, and needs nothing but itself', async () => {
    const { dataDir, database, store } = await runningBot();
    const large = (digit: number) => Buffer.alloc(300_000, digit);
    const { id } = await store.add(newJob({ picture: large(1) }), 1);
    const master = large(3);
    const spec = { picture: Buffer.alloc(0), settings: {}, fit: 'crop' as const };
    await keepClip(store, id, { clip: makeClip(spec, { bytes: large(2), master }), atMs: 2 });
    const other = (await store.add(newJob({ picture: large(4) }), 3)).id;
    await store.saveCheckpoint(await claim(store, other), large(5));
    const { path } = backUp({ dataDir, folder: join(tempFolder(), 'backups'), nowMs: morning });
    // What comes after is not in it, and what goes after stays in it.
    await store.finish(other, { state: 'cancelled', finishedAtMs: 4 });
    database.close();
    restore({ source: path, dataDir, nowMs: morning });
    expect(readdirSync(join(dataDir, 'blobs.before-restore-20260102-030405'))).toHaveLength(3);
    const restored = createJobStore(openDatabase(dataDir));
    expect(large(1).equals((await restored.picture(id))!)).toBe(true);
    const clip = (await restored.clip(id))!;
    expect([large(2).equals(clip.bytes), master.equals(clip.master!)]).toEqual([true, true]);
    expect(large(4).equals((await restored.picture(other))!)).toBe(true);
    expect(large(5).equals((await restored.checkpoint(other))!)).toBe(true);
    await restored.finish(other, { state: 'cancelled', finishedAtMs: 5 });
    expect(await restored.picture(other)).toBeUndefined();
  });

  it('is one state: a transaction that is open meanwhile is not in it', async () => {
    const { dataDir, database, ids } = await runningBot();
    database.exec('BEGIN IMMEDIATE');
    database.prepare('DELETE FROM jobs').run([]);
    const folder = tempFolder();
    // The note of when it was made waits for the lock, which this thread holds: the copy itself does not.
    database.pragma('busy_timeout = 0');
    expect(() => backUp({ dataDir, folder, nowMs: morning, busyTimeoutMs: 0 })).toThrow(/locked/);
    database.exec('ROLLBACK');
    database.close();
    const elsewhere = tempFolder();
    restore({ source: folder, dataDir: elsewhere, nowMs: morning });
    expect(await unfinishedIn(elsewhere)).toEqual(ids);
  });

  it('can be read by its owner alone, and is held by no process', async () => {
    const { dataDir, database } = await runningBot();
    takeLease(database, { clock: createFakeClock(Date.now()), log: createRecordingLog(), onLost: () => {} });
    const { path } = backUp({ dataDir, folder: tempFolder(), nowMs: morning });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const elsewhere = tempFolder();
    copyFileSync(path, join(elsewhere, 'kinora.db'));
    expect(inspectDatabase(elsewhere)?.holder).toBeUndefined();
    expect(inspectDatabase(dataDir)?.holder).toBeDefined();
    database.close();
  });

  it(`is remembered, and only the newest ${keptBackups} stay; other files of the folder are left alone`, async () => {
    const { dataDir, database } = await runningBot();
    database.close();
    const folder = tempFolder();
    writeFileSync(join(folder, 'kinora-notes.db'), '');
    const made = Array.from({ length: keptBackups + 2 }, (_, index) =>
      backUp({ dataDir, folder, nowMs: morning + index * day }),
    );
    expect(made.flatMap(({ removed }) => removed)).toEqual(made.slice(0, 2).map(({ path }) => path));
    expect(readdirSync(folder)).toHaveLength(keptBackups + 1);
    expect(existsSync(join(folder, 'kinora-notes.db'))).toBe(true);
    const last = made.at(-1)!;
    expect(inspectDatabase(dataDir)?.lastBackup).toEqual({ atMs: morning + (keptBackups + 1) * day, path: last.path });
  });

  it('that cannot be written says so and leaves nothing half', async () => {
    const { dataDir, database } = await runningBot();
    database.close();
    const file = join(tempFolder(), 'a-file');
    writeFileSync(file, '');
    expect(() => backUp({ dataDir, folder: file, nowMs: morning })).toThrow(
      expect.objectContaining({ code: 'backup-failed' }),
    );
    expect(inspectDatabase(dataDir)?.lastBackup).toBeUndefined();
    expect(() => backUp({ dataDir: tempFolder(), folder: tempFolder(), nowMs: morning })).toThrow(
      expect.objectContaining({ code: 'data-missing' }),
    );
  });
});

describe('restoring', () => {
  it('keeps what was there, with its log, and never reads the old log into the new file', async () => {
    const { dataDir, database, ids } = await runningBot();
    const folder = tempFolder();
    backUp({ dataDir, folder, nowMs: morning });
    const later = await addAll(createJobStore(database), [newJob()]);
    // As after SIGKILL: the log is still there.
    const killed = tempFolder();
    for (const name of ['kinora.db', 'kinora.db-wal']) copyFileSync(join(dataDir, name), join(killed, name));
    database.close();
    const { formerPath } = restore({ source: folder, dataDir: killed, nowMs: morning });
    expect(await unfinishedIn(killed)).toEqual(ids);
    const former = tempFolder();
    for (const suffix of ['', '-wal'].filter((end) => existsSync(`${formerPath}${end}`))) {
      copyFileSync(`${formerPath}${suffix}`, join(former, `kinora.db${suffix}`));
    }
    expect(await unfinishedIn(former)).toEqual([...ids, ...later]);
  });

  it('replaces a damaged database', async () => {
    const { dataDir, database, ids } = await runningBot();
    const folder = tempFolder();
    backUp({ dataDir, folder, nowMs: morning });
    database.close();
    writeFileSync(join(dataDir, 'kinora.db'), 'no database');
    writeFileSync(join(dataDir, 'kinora.db-wal'), 'no log');
    const { formerPath } = restore({ source: folder, dataDir, nowMs: morning });
    expect(await unfinishedIn(dataDir)).toEqual(ids);
    expect(readFileSync(formerPath!, 'utf8')).toBe('no database');
  });

  it('is refused while a bot works with the folder', async () => {
    const { dataDir, database, store } = await runningBot();
    const folder = tempFolder();
    backUp({ dataDir, folder, nowMs: morning });
    takeLease(database, { clock: createFakeClock(Date.now()), log: createRecordingLog(), onLost: () => {} });
    await addAll(store, [newJob()]);
    expect(() => restore({ source: folder, dataDir, nowMs: morning })).toThrow(
      expect.objectContaining({ code: 'data-in-use' }),
    );
    expect(await store.unfinished()).toHaveLength(2);
    database.close();
  });

  it('of a backup that is cut off, of another program, or newer changes nothing', async () => {
    const { dataDir, database, ids } = await runningBot();
    const folder = tempFolder();
    const { path } = backUp({ dataDir, folder, nowMs: morning });
    database.close();
    truncateSync(path, statSync(path).size - 8192);
    const damaged = expect.objectContaining({ code: 'backup-damaged' });
    expect(() => restore({ source: path, dataDir, nowMs: morning })).toThrow(damaged);
    const foreign = join(folder, 'foreign.db');
    const other = new Libsql(foreign);
    other.exec('CREATE TABLE songs (title TEXT)');
    other.close();
    expect(() => restore({ source: foreign, dataDir, nowMs: morning })).toThrow(damaged);
    const newer = join(folder, 'newer.db');
    const newest = new Libsql(newer);
    newest.exec(`PRAGMA user_version = ${migrations.length + 1}`);
    newest.close();
    expect(() => restore({ source: newer, dataDir, nowMs: morning })).toThrow(
      expect.objectContaining({ code: 'data-newer' }),
    );
    expect(() => restore({ source: tempFolder(), dataDir, nowMs: morning })).toThrow(
      expect.objectContaining({ code: 'backup-missing' }),
    );
    expect(await unfinishedIn(dataDir)).toEqual(ids);
  });
});

describe('a new shape of the database', () => {
  it('is preceded by a copy of the old one, from which the old version can go on', () => {
    const dataDir = tempFolder();
    const older = new Libsql(join(dataDir, 'kinora.db'));
    const shape = migrations.length - 1;
    for (const migration of migrations.slice(0, shape)) older.exec(migration);
    older.exec(`PRAGMA user_version = ${shape}`);
    older.prepare(`INSERT INTO facts VALUES ('key', 'value')`).run([]);
    older.close();
    openDatabase(dataDir).close();
    const [name, ...others] = readdirSync(join(dataDir, 'backups'));
    expect(others).toEqual([]);
    expect(name).toMatch(new RegExp(`^kinora-\\d{8}-\\d{6}-upgraded-from-${shape}\\.db$`));
    const copy = new Libsql(join(dataDir, 'backups', name!));
    expect(copy.prepare('PRAGMA user_version').get([])).toMatchObject({ user_version: shape });
    expect(copy.prepare('SELECT value FROM facts').get([])).toMatchObject({ value: 'value' });
    copy.close();
  });

  it('is not taken where the copy cannot be made', () => {
    const dataDir = tempFolder();
    const older = new Libsql(join(dataDir, 'kinora.db'));
    older.exec(`${migrations[0]}; PRAGMA user_version = 1`);
    older.close();
    mkdirSync(join(dataDir, 'x'));
    writeFileSync(join(dataDir, 'backups'), 'in the way');
    expect(() => openDatabase(dataDir)).toThrow(expect.objectContaining({ code: 'data-dir' }));
    const still = new Libsql(join(dataDir, 'kinora.db'));
    expect(still.prepare('PRAGMA user_version').get([])).toMatchObject({ user_version: 1 });
    still.close();
  });

  it('of a new folder, or of one that is up to date, makes no copy', () => {
    const dataDir = tempFolder();
    openDatabase(dataDir).close();
    openDatabase(dataDir).close();
    expect(existsSync(join(dataDir, 'backups'))).toBe(false);
  });
});
