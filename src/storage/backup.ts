import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import Libsql from 'libsql';
import { z } from 'zod';
import { ConfigError } from '../errors.ts';
import { takeInBlobs } from './blobs.ts';
import { openFailure } from './database-failure.ts';
import { checkSound } from './database-soundness.ts';
import { busyTimeoutMs, type Database } from './sqlite.ts';

/** How many backups of one kind a folder keeps; older ones are removed once a newer one is whole. */
export const keptBackups = 7;

/** `nightly`: what `kinora backup` makes. `upgrade`: what is made before the file's shape is changed. */
export type BackupKind = 'nightly' | 'upgrade';

const namePatterns: Readonly<Record<BackupKind, RegExp>> = {
  nightly: /^kinora-\d{8}-\d{6}\.db$/,
  upgrade: /^kinora-\d{8}-\d{6}-upgraded-from-\d+\.db$/,
};

/** A backup that was made and opened again. */
export interface Backup {
  path: string;
  /** How many migrations it has taken. */
  shape: number;
  sizeBytes: number;
  /** Paths of older backups that were removed. */
  removed: string[];
}

/** What {@link copyDatabase} copies, and where to. */
export interface BackupRequest {
  folder: string;
  kind: BackupKind;
  /** Milliseconds since 1970: part of the file's name. */
  nowMs: number;
}

/**
 * Copies an open database, with the files of its blobs in their rows, whatever other processes write to it meanwhile (`VACUUM INTO` reads one state), into a new file
 * that only its owner may read. The copy is opened and checked whole before it gets its name, and is on the disk when this
 * returns. Nobody holds the copy: the lease stays behind.
 *
 * @throws DamagedFile the copy is not sound; the system's or SQLite's error where it cannot be written
 */
export function copyDatabase(database: Database, { folder, kind, nowMs }: BackupRequest): Backup {
  mkdirSync(folder, { recursive: true });
  const name = `kinora-${stampOf(nowMs)}`;
  // Another process may be doing the same.
  const partial = join(folder, `${name}.${process.pid}.part`);
  rmSync(partial, { force: true });
  let shape: number;
  try {
    // SQLite writes into an empty file that is there; so nobody else can read it at any moment.
    closeSync(openSync(partial, 'wx', 0o600));
    database.prepare('VACUUM INTO ?').run([partial]);
    const copy = new Libsql(partial);
    try {
      takeInBlobs(copy, database);
      shape = checkSound(copy, { path: partial, fullCheckBytes: Number.POSITIVE_INFINITY });
      const hasLease = copy.prepare(`SELECT 1 FROM sqlite_schema WHERE name = 'lease'`).get([]) !== undefined;
      if (hasLease) copy.exec('DELETE FROM lease');
    } finally {
      copy.close();
    }
    sync(partial);
  } catch (error) {
    rmSync(partial, { force: true });
    throw error;
  }
  const path = join(folder, kind === 'upgrade' ? `${name}-upgraded-from-${shape}.db` : `${name}.db`);
  renameSync(partial, path);
  sync(folder);
  const older = backupsIn(folder, kind).slice(keptBackups);
  for (const file of older) rmSync(file);
  return { path, shape, sizeBytes: statSync(path).size, removed: older };
}

/** When {@link backUp} last did its work, and where to. */
const lastBackup = z.object({ atMs: z.number(), path: z.string() });
const lastBackupKey = 'last-backup';

/** When, in milliseconds since 1970, and into which file. */
export type LastBackup = z.output<typeof lastBackup>;

/**
 * Backs up DATA_DIR/kinora.db into `folder`; a bot may work with it. The database remembers when.
 *
 * @throws ConfigError `data-missing`: there is no database; the codes of `openDatabase` where it cannot be read;
 * `backup-failed`: the copy cannot be written
 */
export function backUp({
  dataDir,
  folder,
  nowMs,
  busyTimeoutMs: timeoutMs = busyTimeoutMs,
}: {
  dataDir: string;
  folder: string;
  nowMs: number;
  /** How long the lock of another process is waited for, in milliseconds. */
  busyTimeoutMs?: number;
}): Backup {
  const path = join(dataDir, 'kinora.db');
  if (!existsSync(path)) {
    throw new ConfigError('data-missing', `There is nothing to back up: DATA_DIR=${dataDir} holds no kinora.db.`);
  }
  const database = openFile(path, dataDir);
  database.pragma(`busy_timeout = ${timeoutMs}`);
  try {
    let backup: Backup;
    try {
      backup = copyDatabase(database, { folder, kind: 'nightly', nowMs });
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      const advice = 'The database itself was not changed. Is there room, and may this user write there?';
      throw new ConfigError('backup-failed', `No backup could be made in ${folder}: ${reason}. ${advice}`, { cause });
    }
    database
      .prepare('INSERT INTO facts VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value')
      .run([lastBackupKey, JSON.stringify({ atMs: nowMs, path: backup.path } satisfies LastBackup)]);
    return backup;
  } finally {
    database.close();
  }
}

/** The last backup that `kinora backup` made of this database; undefined: none. */
export function lastBackupOf(database: Database): LastBackup | undefined {
  const row = database.prepare('SELECT value FROM facts WHERE key = ?').get([lastBackupKey]) as
    | { value: string }
    | undefined;
  return row && lastBackup.safeParse(JSON.parse(row.value)).data;
}

/** @throws ConfigError the codes of `openDatabase` */
export function openFile(path: string, dataDir: string): Database {
  try {
    const database = new Libsql(path);
    database.pragma(`busy_timeout = ${busyTimeoutMs}`);
    return database;
  } catch (error) {
    throw openFailure(error, { dataDir, path });
  }
}

/** The backups in a folder, newest first: the names sort by time. */
export function backupsIn(folder: string, kind: BackupKind): string[] {
  const names = readdirSync(folder).filter((name) => namePatterns[kind].test(name));
  return names
    .sort()
    .reverse()
    .map((name) => join(folder, name));
}

/** The time in a file's name: `20261129-081500`, in UTC. */
export function stampOf(nowMs: number): string {
  return new Date(nowMs)
    .toISOString()
    .replace(/[-:]|\..*$/g, '')
    .replace('T', '-');
}

/** Returns once a file, or a folder's list of files, is on the disk. */
export function sync(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
