import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import Libsql from 'libsql';
import { copyDatabase, type LastBackup, lastBackupOf } from './backup.ts';
import { openFailure } from './database-failure.ts';
import { checkSound, numberOf, tablesOf } from './database-soundness.ts';
import { type HostFault, rememberedHostFault, rememberedWorkerFaults, type WorkerFault } from './host-fault.ts';
import { holderOf, type LeaseHolder, refuseHeld } from './lease.ts';
import { migrations } from './migrations.ts';
import { busyTimeoutMs, type Database, emptyWriteAheadLog, inSnapshot, inTransaction, prepareLate } from './sqlite.ts';
import { type DamagedJob, findDamaged } from './stored-rows.ts';

/** The fact that a migration leaves when it wants the file rewritten. */
const rewriteDue = 'rewrite-file';

/** What is asked of {@link openDatabase} besides. Tests choose. */
export interface OpenDatabaseOptions {
  fullCheckBytes?: number;
}

/**
 * Opens DATA_DIR/kinora.db, makes it where it is missing and brings it up to date, after a copy of it was put into
 * DATA_DIR/backups.
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
    const version = inSnapshot(database, () => checkSound(database, { path, ...options }));
    if (version > 0 && version < migrations.length && hasLease(database)) refuseHeld(database, Date.now());
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = FULL');
    database.pragma('foreign_keys = ON');
    // What is deleted is overwritten with zeros: nobody's picture stays in a free page.
    database.pragma('secure_delete = ON');
    if (version > 0 && version < migrations.length) {
      copyBeforeUpgrade(database, dataDir);
    }
    migrate(database, version);
    rewriteIfDue(database);
    emptyWriteAheadLog(database);
    prepareLate(database);
    return database;
  });
}

/** What {@link inspectDatabase} finds. */
export interface DatabaseState {
  /** Who works with the database at this moment, as far as can be told. */
  holder: LeaseHolder | undefined;
  damagedJobs: DamagedJob[];
  /** The last backup; undefined where none was made, or the file is of an older shape. */
  lastBackup: LastBackup | undefined;
  /** Why the bot that works with it makes no clips. */
  hostFault: HostFault | undefined;
  /** Which of its workers are taken out, and why. */
  workerFaults: WorkerFault[] | undefined;
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
    const version = inSnapshot(database, () => checkSound(database, { path, ...options }));
    // Meets a read-only file, and is taken back.
    database.exec(`BEGIN IMMEDIATE; PRAGMA user_version = ${version}; ROLLBACK;`);
    const isCurrent = version === migrations.length;
    const holder = isCurrent ? holderOf(database, Date.now()) : undefined;
    const state = {
      holder,
      // Of a bot that has ended it says nothing.
      hostFault: holder && rememberedHostFault(database),
      workerFaults: holder && rememberedWorkerFaults(database),
      damagedJobs: isCurrent ? findDamaged(database).map(({ id, problem }) => ({ id, problem })) : [],
      lastBackup: isCurrent ? lastBackupOf(database) : undefined,
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

function copyBeforeUpgrade(database: Database, dataDir: string): void {
  const folder = join(dataDir, 'backups');
  const { path, shape } = copyDatabase(database, { folder, kind: 'upgrade', nowMs: Date.now() });
  // Another process that was started at the same moment changed the shape before this copy was made; it has its own.
  if (shape === migrations.length) rmSync(path);
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
