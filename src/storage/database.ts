import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import Libsql from 'libsql';
import { ConfigError } from '../errors.ts';
import { DamagedFile, openFailure } from './database-failure.ts';
import { type HostFault, rememberedHostFault, rememberedWorkerFaults, type WorkerFault } from './host-fault.ts';
import { holderOf, type LeaseHolder, refuseHeld } from './lease.ts';
import { migrations } from './migrations.ts';
import { busyTimeoutMs, type Database, emptyWriteAheadLog, inSnapshot, inTransaction } from './sqlite.ts';
import { type DamagedJob, findDamaged } from './stored-rows.ts';

/**
 * Up to this size the whole file is checked at every start, which reads it once: 0.2 s of processor time for 500 MB, and
 * what the disk takes. Of larger files only the tables without pictures and clips are checked.
 */
const fullCheckBytes = 2 * 2 ** 30;

/** Tables of bytes; damage in them is met by the job whose bytes they are. */
const blobTables: ReadonlySet<string> = new Set(['pictures', 'clips', 'checkpoints']);

/** The fact that a migration leaves when it wants the file rewritten. */
const rewriteDue = 'rewrite-file';

/** What is asked of {@link openDatabase} besides. Tests choose. */
export interface OpenDatabaseOptions {
  fullCheckBytes?: number;
}

/**
 * Opens DATA_DIR/kinora.db, makes it where it is missing and brings it up to date.
 * Every commit reaches the disk before it returns: "accepted" must survive a power cut.
 *
 * @throws ConfigError `data-dir`, `data-read-only`, `data-full`, `data-damaged`, `data-newer`, `data-busy`, `data-disk`, or
 * `data-in-use` where the file would have to be brought up to date under a process that works with it
 */
export function openDatabase(dataDir: string, options: OpenDatabaseOptions = {}): Database {
  const path = join(dataDir, 'kinora.db');
  return explained({ dataDir, path }, (opened) => {
    mkdirSync(dataDir, { recursive: true });
    const database = opened(new Libsql(path));
    database.pragma(`busy_timeout = ${busyTimeoutMs}`);
    const version = inSnapshot(database, () => checkSound(database, { path, fullCheckBytes, ...options }));
    if (version > 0 && version < migrations.length && hasLease(database)) refuseHeld(database, Date.now());
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = FULL');
    database.pragma('foreign_keys = ON');
    // What is deleted is overwritten with zeros: nobody's picture stays in a free page.
    database.pragma('secure_delete = ON');
    migrate(database, version);
    rewriteIfDue(database);
    emptyWriteAheadLog(database);
    return database;
  });
}

/** What {@link inspectDatabase} finds. */
export interface DatabaseState {
  /** Who works with the database at this moment, as far as can be told. */
  holder: LeaseHolder | undefined;
  damagedJobs: DamagedJob[];
  /** Why the bot that works with it makes no clips. */
  hostFault: HostFault | undefined;
  /** Which of its workers are taken out, and why. */
  workerFaults: WorkerFault[];
}

/**
 * Looks at DATA_DIR/kinora.db without changing it; another process may work with it. Undefined where there is none.
 *
 * @throws ConfigError as {@link openDatabase}, except that it is not brought up to date
 */
export function inspectDatabase(dataDir: string, options: OpenDatabaseOptions = {}): DatabaseState | undefined {
  const path = join(dataDir, 'kinora.db');
  if (!existsSync(path)) return undefined;
  return explained({ dataDir, path }, (opened) => {
    const database = opened(new Libsql(path));
    database.pragma(`busy_timeout = ${busyTimeoutMs}`);
    const version = inSnapshot(database, () => checkSound(database, { path, fullCheckBytes, ...options }));
    // Meets a read-only file, and is taken back.
    database.exec(`BEGIN IMMEDIATE; PRAGMA user_version = ${version}; ROLLBACK;`);
    const isCurrent = version === migrations.length;
    const holder = isCurrent ? holderOf(database, Date.now()) : undefined;
    const state = {
      holder,
      // Of a bot that has ended it says nothing.
      hostFault: holder && rememberedHostFault(database),
      workerFaults: holder ? rememberedWorkerFaults(database) : [],
      damagedJobs: isCurrent ? findDamaged(database).map(({ id, problem }) => ({ id, problem })) : [],
    };
    database.close();
    return state;
  });
}

interface Place {
  dataDir: string;
  path: string;
}

/** Runs `work`; what it throws becomes a ConfigError that says what to do, and what it has opened is closed. */
function explained<T>(place: Place, work: (opened: (database: Database) => Database) => T): T {
  let opened: Database | undefined;
  try {
    return work((database) => {
      opened = database;
      return database;
    });
  } catch (error) {
    opened?.close();
    throw openFailure(error, place);
  }
}

/**
 * The shape that the file has: the migrations that were taken.
 *
 * @throws DamagedFile it is not a whole database of Kinora; ConfigError `data-newer`
 */
function checkSound(database: Database, { path, fullCheckBytes }: { path: string; fullCheckBytes: number }): number {
  const version = numberOf(database, 'user_version');
  if (version > migrations.length) {
    throw new ConfigError('data-newer', `${path} was written by a newer Kinora (shape ${version}); update Kinora.`);
  }
  const tables = tablesOf(database);
  if (version === 0 && tables.length > 0) throw new DamagedFile('it is a database of another program');
  const missing = tablesAfter(version).filter((name) => !tables.includes(name));
  if (missing.length > 0) throw new DamagedFile(`it lacks ${missing.join(', ')}`);
  const bytes = numberOf(database, 'page_count') * numberOf(database, 'page_size');
  const checks =
    bytes <= fullCheckBytes
      ? ['quick_check(1)']
      : tables.filter((name) => !blobTables.has(name)).map((name) => `quick_check("${name}")`);
  for (const check of checks) {
    const [row] = database.prepare(`PRAGMA ${check}`).all([]) as { quick_check: string }[];
    if (row?.quick_check !== 'ok') throw new DamagedFile(String(row?.quick_check).replaceAll(/\s+/g, ' '));
  }
  return version;
}

function numberOf(database: Database, pragma: 'user_version' | 'page_count' | 'page_size'): number {
  return (database.prepare(`PRAGMA ${pragma}`).get([]) as Record<string, number>)[pragma]!;
}

function tablesOf(database: Database): string[] {
  const rows = database.prepare(`SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`);
  return (rows.all([]) as { name: string }[]).map(({ name }) => name);
}

/** The tables that a file has after so many migrations. */
function tablesAfter(version: number): string[] {
  const model = new Libsql(':memory:');
  for (const migration of migrations.slice(0, version)) model.exec(migration);
  const tables = tablesOf(model);
  model.close();
  return tables;
}

function hasLease(database: Database): boolean {
  return tablesOf(database).includes('lease');
}

function migrate(database: Database, version: number): void {
  for (let step = version; step < migrations.length; step++) {
    inTransaction(database, () => {
      // Another process that was started at the same moment may have done it since.
      if (numberOf(database, 'user_version') > step) return;
      database.exec(migrations[step]!);
      database.exec(`PRAGMA user_version = ${step + 1}`);
    });
  }
  // Where nothing was to be done, a write all the same: a read-only file or a full disk is told now, not by the first job.
  if (version === migrations.length) database.exec(`PRAGMA user_version = ${version}`);
}

/** Rewrites the file without the free pages, in which earlier versions left what they deleted. */
function rewriteIfDue(database: Database): void {
  const isDue = database.prepare('SELECT 1 FROM facts WHERE key = ?').get([rewriteDue]) !== undefined;
  if (!isDue) return;
  try {
    // Not in memory, as this build does: rewriting a file of gigabytes must not need as much memory.
    database.exec('PRAGMA temp_store = FILE; VACUUM; PRAGMA temp_store = DEFAULT;');
    database.prepare('DELETE FROM facts WHERE key = ?').run([rewriteDue]);
  } catch {
    // Needs the file's size once more on the disk, and nobody else who reads: tried again at the next start.
  }
}
