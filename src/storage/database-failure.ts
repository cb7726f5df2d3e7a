import { closeSync, existsSync, openSync, rmSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { ConfigError } from '../errors.ts';
import { sqliteCodeOf, sqliteCodes } from './sqlite.ts';

/** The file can be read, but is not a whole database of Kinora. */
export class DamagedFile extends Error {}

interface Place {
  dataDir: string;
  path: string;
}

/**
 * Why a database cannot be opened, as an error that says what to do. Gives back as it is what is such an error already,
 * and what neither the system nor SQLite reports.
 */
export function openFailure(error: unknown, { dataDir, path }: Place): unknown {
  if (error instanceof ConfigError) return error;
  const cause = meaningful(error, path);
  const reason = cause instanceof Error ? cause.message : String(cause);
  switch (kindOf(cause, path)) {
    case 'damaged':
      return new ConfigError(
        'data-damaged',
        `${path} is damaged (${reason}). Kinora has not changed it. Stop here and copy it, with ${path}-wal where there ` +
          'is one, to a safe place. Then put a backup in its place with "kinora restore"; or repair the copy with "sqlite3 COPY .recover"; or ' +
          `move both out of DATA_DIR=${dataDir} to start afresh, without the jobs, pictures and settings in it.`,
        { cause },
      );
    case 'read-only':
      return new ConfigError(
        'data-read-only',
        `${path} cannot be written (${reason}). Let the user that runs Kinora write the file, its ${path}-wal and ` +
          `${path}-shm, and the folder; or name another folder, e.g. DATA_DIR=/var/lib/kinora.`,
        { cause },
      );
    case 'full':
      return new ConfigError(
        'data-full',
        `The disk of DATA_DIR=${dataDir} is full (${reason}). Nothing is lost: free some space and start Kinora again.`,
        { cause },
      );
    case 'busy':
      return new ConfigError(
        'data-busy',
        `${path} is locked by another program (${reason}), e.g. one that looks into databases or copies them. Close it.`,
        { cause },
      );
    case 'disk':
      return new ConfigError(
        'data-disk',
        `The disk fails under ${path} (${reason}). Look into the system's log; copy DATA_DIR=${dataDir} to another disk.`,
        { cause },
      );
    case 'folder':
      return new ConfigError(
        'data-dir',
        `DATA_DIR=${dataDir} cannot hold ${path} (${reason}); name a folder that Kinora may write, e.g. DATA_DIR=data.`,
        { cause },
      );
    case undefined:
      return error;
  }
}

type Kind = 'damaged' | 'read-only' | 'full' | 'busy' | 'disk' | 'folder';

function kindOf(error: unknown, path: string): Kind | undefined {
  if (error instanceof DamagedFile) return 'damaged';
  switch (sqliteCodeOf(error)) {
    case sqliteCodes.corrupt:
    case sqliteCodes.notADatabase:
    // Of statements that are right for every file that Kinora has made.
    case sqliteCodes.error:
    case sqliteCodes.constraint:
      return 'damaged';
    case sqliteCodes.readOnly:
      return 'read-only';
    case sqliteCodes.full:
      return 'full';
    case sqliteCodes.busy:
      return 'busy';
    case sqliteCodes.ioError:
      // The shared memory of the log cannot be made on a full disk either.
      return isFull(path) ? 'full' : 'disk';
  }
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOSPC' || code === 'EDQUOT') return 'full';
  if (code === 'EIO') return 'disk';
  const isForbidden = code === 'EACCES' || code === 'EPERM' || code === 'EROFS';
  if (isForbidden && existsSync(path)) return 'read-only';
  return code === undefined ? undefined : 'folder';
}

/** libsql does not say why a file cannot be opened; the system does. */
function meaningful(error: unknown, path: string): unknown {
  const isOpenFailure = error instanceof Error && error.message.startsWith('ConnectionFailed');
  if (!isOpenFailure && sqliteCodeOf(error) !== sqliteCodes.cannotOpen) return error;
  const isThere = existsSync(path);
  try {
    closeSync(openSync(path, isThere ? 'r+' : 'wx'));
    if (!isThere) rmSync(path);
    return error;
  } catch (cause) {
    return cause;
  }
}

function isFull(path: string): boolean {
  try {
    return statfsSync(dirname(path)).bavail === 0;
  } catch {
    return false;
  }
}
