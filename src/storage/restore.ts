import { chmodSync, copyFileSync, existsSync, linkSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ConfigError } from '../errors.ts';
import { backupsIn, openFile, stampOf, sync } from './backup.ts';
import { blobFolder } from './blobs.ts';
import { inspectDatabase } from './database.ts';
import { DamagedFile, openFailure } from './database-failure.ts';
import { checkSound } from './database-soundness.ts';
import { describeHolder } from './lease.ts';

/** What {@link restore} has done. */
export interface Restored {
  /** The backup that was taken. */
  from: string;
  /** Where the database lies that was there before; undefined where there was none. */
  formerPath: string | undefined;
}

/**
 * Puts a backup in the place of DATA_DIR/kinora.db. What was there is kept beside it. The backup is checked whole first,
 * and at no moment is there no database or half of one.
 *
 * @param source a backup, or a folder of them: the newest is taken
 * @throws ConfigError `backup-missing`, `backup-damaged`, `data-newer`, `data-in-use`, and the codes of `openDatabase`
 */
export function restore({ source, dataDir, nowMs }: { source: string; dataDir: string; nowMs: number }): Restored {
  const from = backupAt(source);
  checkBackup(from);
  refuseHeld(dataDir);
  const path = join(dataDir, 'kinora.db');
  const incoming = `${path}.restoring`;
  try {
    mkdirSync(dataDir, { recursive: true });
    copyFileSync(from, incoming);
    chmodSync(incoming, 0o600);
    sync(incoming);
    const formerPath = setAside(path, `${path}.before-restore-${stampOf(nowMs)}`);
    renameSync(incoming, path);
    // A backup has everything in its rows; the files are of the database that was there.
    const blobs = join(dataDir, blobFolder);
    if (existsSync(blobs)) renameSync(blobs, `${blobs}.before-restore-${stampOf(nowMs)}`);
    sync(dataDir);
    return { from, formerPath };
  } catch (error) {
    rmSync(incoming, { force: true });
    throw openFailure(error, { dataDir, path });
  }
}

/**
 * Opening and closing it also moves what is in its write-ahead log into it.
 * One that is damaged, cannot be read, or is of a newer Kinora, is what a backup is restored for; who works with it cannot be asked then.
 */
function refuseHeld(dataDir: string): void {
  try {
    const holder = inspectDatabase(dataDir)?.holder;
    if (holder === undefined) return;
    const advice = 'Stop it first: what it writes would be lost.';
    throw new ConfigError('data-in-use', `A bot works with DATA_DIR=${dataDir}: ${describeHolder(holder)}. ${advice}`);
  } catch (error) {
    const isReplaceable =
      error instanceof ConfigError && ['data-damaged', 'data-disk', 'data-newer'].includes(error.code);
    if (!isReplaceable) throw error;
  }
}

/**
 * Gives the database a second name, and moves its write-ahead log, also one that was left without its database: it must never
 * be read into another file. Undefined where there was no database.
 */
function setAside(path: string, formerPath: string): string | undefined {
  const isThere = existsSync(path);
  if (isThere) {
    try {
      linkSync(path, formerPath);
    } catch {
      // A file system without hard links.
      copyFileSync(path, formerPath);
      sync(formerPath);
    }
  }
  if (existsSync(`${path}-wal`)) renameSync(`${path}-wal`, `${formerPath}-wal`);
  rmSync(`${path}-shm`, { force: true });
  return isThere ? formerPath : undefined;
}

function backupAt(source: string): string {
  if (!existsSync(source)) throw new ConfigError('backup-missing', `There is no ${source}.`);
  if (!statSync(source).isDirectory()) return source;
  const [newest] = backupsIn(source, 'nightly');
  if (newest !== undefined) return newest;
  throw new ConfigError('backup-missing', `${source} holds no backup: its files would be called kinora-DATE-TIME.db.`);
}

function checkBackup(path: string): void {
  const database = openFile(path, dirname(path));
  try {
    if (checkSound(database, { path, fullCheckBytes: Number.POSITIVE_INFINITY }) > 0) return;
    throw new DamagedFile('it is empty');
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError('backup-damaged', `${path} is no whole backup (${reason}); nothing was changed.`, { cause });
  } finally {
    database.close();
  }
}
