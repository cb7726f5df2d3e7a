import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Libsql from 'libsql';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ConfigError, scopeOf } from '../../src/errors.ts';
import { inspectDatabase, openDatabase } from '../../src/storage/database.ts';
import { openFailure } from '../../src/storage/database-failure.ts';
import { createJobStore } from '../../src/storage/job-store.ts';
import { migrations } from '../../src/storage/migrations.ts';
import { emptyWriteAheadLog } from '../../src/storage/sqlite.ts';
import { addAll, newJob } from '../support/jobs.ts';
import { asPlainUser, hasPermissions } from '../support/plain-user.ts';
import { tempFolder } from '../support/temp-folder.ts';

const pageBytes = 4096;

/** A folder with the file of a database with jobs, which nothing has open. */
async function folderWithDatabase() {
  const source = tempFolder();
  const database = openDatabase(source);
  const store = createJobStore(database);
  const picture = Buffer.alloc(9_000, 'p');
  const [id] = await addAll(
    store,
    Array.from({ length: 40 }, () => newJob({ picture })),
  );
  emptyWriteAheadLog(database);
  const folder = tempFolder();
  const path = join(folder, 'kinora.db');
  copyFileSync(join(source, 'kinora.db'), path);
  const select = database.prepare('SELECT rootpage FROM sqlite_schema WHERE name = ?');
  return {
    folder,
    path,
    rootPageOf: (table: string) => (select.get([table]) as { rootpage: number }).rootpage,
    id: id!,
  };
}

function zeroPage(path: string, number: number): void {
  const bytes = readFileSync(path);
  bytes.fill(0, (number - 1) * pageBytes, number * pageBytes);
  writeFileSync(path, bytes);
}

/** What opening throws. */
function failureOf(open: () => unknown): ConfigError {
  try {
    open();
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('It was opened.');
}

type Damage = (file: Awaited<ReturnType<typeof folderWithDatabase>>) => void;

const damages: readonly (readonly [string, Damage])[] = [
  ['garbage', ({ path }) => writeFileSync(path, Buffer.alloc(20_000, 'garbage!'))],
  ['a line of text', ({ path }) => writeFileSync(path, 'hello\n')],
  ['half of it', ({ path }) => truncateSync(path, Math.floor(readFileSync(path).byteLength / 2))],
  [
    'a wrong header',
    ({ path }) => writeFileSync(path, Buffer.concat([Buffer.from('SQLite format 4'), readFileSync(path).subarray(15)])),
  ],
  ['zeros for its first page', ({ path }) => zeroPage(path, 1)],
  ['zeros for a page of jobs', ({ path, rootPageOf }) => zeroPage(path, rootPageOf('jobs'))],
  ['zeros for a page of pictures', ({ path, rootPageOf }) => zeroPage(path, rootPageOf('pictures'))],
  ['zeros for a page of settings', ({ path, rootPageOf }) => zeroPage(path, rootPageOf('guild_settings'))],
];

describe('a damaged database', () => {
  it.each(damages)('is called damaged, with what to do, and is not touched: %s', async (_, damage) => {
    const file = await folderWithDatabase();
    damage(file);
    const before = readFileSync(file.path);
    for (const open of [openDatabase, inspectDatabase]) {
      const { code, message } = failureOf(() => open(file.folder));
      expect(code).toBe('data-damaged');
      expect(message).toContain(`${file.path} is damaged (`);
      expect(message).toMatch(/has not changed it.* copy it.* backup in its place.* move both out of DATA_DIR=/);
      expect(message).not.toMatch(/\n/);
    }
    expect(readFileSync(file.path).equals(before)).toBe(true);
  });

  it.each([
    [
      'lacks a table',
      () => [...migrations, 'DROP TABLE uses', `PRAGMA user_version = ${migrations.length}`],
      'it lacks uses',
    ],
    ['belongs to another program', () => ['CREATE TABLE songs (title TEXT)'], 'it is a database of another program'],
  ])('is one that %s', async (_, statements, problem) => {
    const folder = tempFolder();
    const other = new Libsql(join(folder, 'kinora.db'));
    for (const statement of statements()) other.exec(statement);
    other.close();
    expect(failureOf(() => openDatabase(folder))).toMatchObject({
      code: 'data-damaged',
      message: expect.stringContaining(`is damaged (${problem})`),
    });
  });

  it('of many gigabytes is looked through but for pictures and clips; whoever reads those meets the damage', async () => {
    const jobs = await folderWithDatabase();
    zeroPage(jobs.path, jobs.rootPageOf('uses'));
    expect(failureOf(() => openDatabase(jobs.folder, { fullCheckBytes: 0 })).code).toBe('data-damaged');

    const { folder, path, rootPageOf, id } = await folderWithDatabase();
    zeroPage(path, rootPageOf('pictures'));
    const store = createJobStore(openDatabase(folder, { fullCheckBytes: 0 }));
    expect(await store.unfinished()).toHaveLength(40);
    let met: unknown;
    try {
      await store.picture(id);
    } catch (error) {
      met = error;
    }
    expect(met).toMatchObject({ code: 'SQLITE_CORRUPT' });
    expect(scopeOf(met)).toBe('host');
  });
});

describe.runIf(hasPermissions)('a database that cannot be written', () => {
  // The file's own permissions, and the folder's.
  it.each([
    ['the file is read-only', 0o444, 0o777],
    ['file and folder are read-only', 0o444, 0o555],
    ['its folder is read-only, where the log belongs', 0o666, 0o555],
    ['the file cannot even be read', 0o000, 0o777],
  ])('says so, and by what to mend it: %s', async (_, fileMode, folderMode) => {
    const { folder, path } = await folderWithDatabase();
    chmodSync(path, fileMode);
    chmodSync(folder, folderMode);
    for (const open of [openDatabase, inspectDatabase]) {
      const { code, message } = failureOf(() => asPlainUser(() => open(folder)));
      expect(code).toBe('data-read-only');
      expect(message).toContain(`${path} cannot be written (`);
      expect(message).toContain('DATA_DIR=');
    }
    chmodSync(folder, 0o700);
  });

  it('has a folder of its own to be made in, or DATA_DIR is named', async () => {
    const folder = tempFolder();
    chmodSync(folder, 0o555);
    for (const dataDir of [folder, join(folder, 'deeper')]) {
      const { code, message } = failureOf(() => asPlainUser(() => openDatabase(dataDir)));
      expect(code).toBe('data-dir');
      expect(message).toMatch(
        new RegExp(`^DATA_DIR=${dataDir} cannot hold .* \\(EACCES.*name a folder that Kinora may write`),
      );
    }
    chmodSync(folder, 0o700);
  });
});

/** A file system of 2 MiB; undefined where the tests may not mount one. */
function smallDisk(): string | undefined {
  const folder = tempFolder();
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'none', folder], { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  // Lazily: what libsql has opened stays open until it is collected.
  onTestFinished(() => void execFileSync('umount', ['--lazy', folder]));
  return folder;
}

function fill(folder: string): void {
  try {
    writeFileSync(join(folder, 'filler'), Buffer.alloc(2 ** 22));
  } catch {
    // That is what it is for.
  }
}

describe('a full disk', () => {
  it('is called full where a database is opened, with its cause', async (context) => {
    const folder = smallDisk();
    if (folder === undefined) return context.skip();
    copyFileSync((await folderWithDatabase()).path, join(folder, 'kinora.db'));
    const withLog = join(folder, 'a');
    mkdirSync(withLog);
    const opened = openDatabase(withLog);
    fill(folder);
    for (const dataDir of [folder, withLog, join(folder, 'b')]) {
      const { code, message } = failureOf(() => openDatabase(dataDir));
      expect([dataDir, code]).toEqual([dataDir, 'data-full']);
      expect(message).toMatch(/is full \(.*Nothing is lost: free some space/);
    }
    expect(opened.inTransaction).toBe(false);
  });

  it.each([
    ['of the system', { code: 'ENOSPC' }, 'data-full'],
    ['of the system, for one user', { code: 'EDQUOT' }, 'data-full'],
    ['of SQLite', { code: 'SQLITE_FULL', rawCode: 13 }, 'data-full'],
    ['another program’s lock', { code: 'SQLITE_BUSY', rawCode: 5 }, 'data-busy'],
    ['a disk that fails', { code: 'SQLITE_IOERR', rawCode: 266 }, 'data-disk'],
    ['a disk that fails, of the system', { code: 'EIO' }, 'data-disk'],
    [
      'a read-only file, in a code that libsql does not know',
      { code: 'UNKNOWN_SQLITE_ERROR_1544', rawCode: 1544 },
      'data-read-only',
    ],
  ])('and the other reasons have codes of their own: %s', async (_, fields, code) => {
    const folder = tempFolder();
    const cause = Object.assign(new Error('the reason'), fields);
    const failure = openFailure(cause, { dataDir: folder, path: join(folder, 'kinora.db') });
    expect(failure).toMatchObject({
      code,
      name: 'ConfigError',
      cause,
      message: expect.stringContaining('(the reason)'),
    });
    expect(scopeOf(failure)).toBe('host');
    expect(scopeOf(cause)).toBe('host');
  });

  it('is not what a fault of the program is called', async () => {
    const cause = new TypeError('x is not a function');
    expect(openFailure(cause, { dataDir: 'data', path: 'data/kinora.db' })).toBe(cause);
  });
});

describe('inspectDatabase', () => {
  it('finds nothing where nothing is, and makes nothing', async () => {
    const folder = join(tempFolder(), 'data');
    expect(inspectDatabase(folder)).toBeUndefined();
  });

  it('finds a sound one with its damaged jobs, and changes nothing', async () => {
    const { folder, path, id } = await folderWithDatabase();
    expect(inspectDatabase(folder)).toEqual({ holder: undefined, damagedJobs: [] });
    const database = openDatabase(folder);
    database.exec(`UPDATE jobs SET settings = '{' WHERE id = '${id}'`);
    emptyWriteAheadLog(database);
    const before = readFileSync(path);
    expect(inspectDatabase(folder)?.damagedJobs).toEqual([{ id, problem: 'settings is not JSON' }]);
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  it('leaves an older one in its shape: another process may work with it', async () => {
    const folder = tempFolder();
    const older = new Libsql(join(folder, 'kinora.db'));
    older.exec(migrations[0]!);
    older.exec('PRAGMA user_version = 1');
    expect(inspectDatabase(folder)).toEqual({ holder: undefined, damagedJobs: [] });
    expect(older.prepare('PRAGMA user_version').get([])).toMatchObject({ user_version: 1 });
  });
});
