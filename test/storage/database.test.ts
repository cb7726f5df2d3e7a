import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Libsql from 'libsql';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/errors.ts';
import { openDatabase } from '../../src/storage/database.ts';
import { createJobStore } from '../../src/storage/job-store.ts';
import { migrations } from '../../src/storage/migrations.ts';
import { openStorage } from '../../src/storage/open-storage.ts';
import { tempFolder } from '../support/temp-folder.ts';

const versionOf = (database: ReturnType<typeof openDatabase>) => database.prepare('PRAGMA user_version').get([]);

describe('openDatabase', () => {
  it('makes the folder and the file, with every migration taken and WAL on', async () => {
    const folder = join(tempFolder(), 'deep', 'data');
    const database = openDatabase(folder);
    expect(existsSync(join(folder, 'kinora.db'))).toBe(true);
    expect(versionOf(database)).toMatchObject({ user_version: migrations.length });
    expect(database.prepare('PRAGMA journal_mode').get([])).toMatchObject({ journal_mode: 'wal' });
    database.close();
  });

  it('leaves what is in an up-to-date file', async () => {
    const folder = tempFolder();
    const first = openDatabase(folder);
    first.prepare('INSERT INTO facts VALUES (?, ?)').run(['key', 'value']);
    first.close();
    const second = openDatabase(folder);
    expect(second.prepare('SELECT value FROM facts').get([])).toMatchObject({ value: 'value' });
    second.close();
  });

  it('brings a file of every older shape up to date', async () => {
    for (let version = 0; version < migrations.length; version++) {
      const folder = tempFolder();
      const older = new Libsql(join(folder, 'kinora.db'));
      for (const migration of migrations.slice(0, version)) older.exec(migration);
      older.exec(`PRAGMA user_version = ${version}`);
      older.close();
      const database = openDatabase(folder);
      expect(versionOf(database)).toMatchObject({ user_version: migrations.length });
      database.close();
    }
  });

  it('keeps the jobs of the first shape, which go on as if nothing had happened', async () => {
    const folder = tempFolder();
    const older = new Libsql(join(folder, 'kinora.db'));
    older.exec(migrations[0]!);
    older.exec('PRAGMA user_version = 1');
    older
      .prepare(
        `INSERT INTO jobs (id, state, user_id, address, settings, fit, max_bytes, created_at_ms)
         VALUES ('7f3a91c2', 'running', 'u1', '{"channelId":"c1"}', '{"seed":7}', 'pad', 1000, 123)`,
      )
      .run([]);
    older.prepare('INSERT INTO pictures VALUES (?, ?)').run(['7f3a91c2', Buffer.from('the picture')]);
    older.close();
    const database = openDatabase(folder);
    const store = createJobStore(database);
    const [job] = await store.unfinished();
    expect(job).toMatchObject({
      id: '7f3a91c2',
      state: 'running',
      settings: { seed: 7 },
      fit: 'pad',
      createdAtMs: 123,
    });
    expect((await store.picture('7f3a91c2'))?.toString()).toBe('the picture');
    expect(await store.pendingNotices()).toEqual([]);
    database.close();
  });

  it('refuses a file of a newer Kinora instead of spoiling it', async () => {
    const folder = tempFolder();
    const newer = new Libsql(join(folder, 'kinora.db'));
    newer.exec(`PRAGMA user_version = ${migrations.length + 1}`);
    newer.close();
    expect(() => openDatabase(folder)).toThrow(ConfigError);
  });

  it('names DATA_DIR when it cannot be used', async () => {
    const file = join(tempFolder(), 'a-file');
    writeFileSync(file, '');
    expect(() => openDatabase(file)).toThrow(/DATA_DIR=/);
  });
});

it('every statement of the repositories is one that SQLite takes, though each is prepared when it is first run', () => {
  const folder = tempFolder();
  const opened = openDatabase(folder);
  const late = opened.prepare('SELECT 1 FROM nowhere');
  expect(() => late.get([])).toThrow(/nowhere/);
  opened.close();
  // Not opened by Kinora, it prepares them at once.
  const database = new Libsql(join(folder, 'kinora.db'));
  expect(() => database.prepare('SELECT 1 FROM nowhere')).toThrow(/nowhere/);
  expect(Object.keys(openStorage(database))).toHaveLength(7);
  database.close();
});
