import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, open, readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { eraseFile } from './erase-file.ts';
import type { Database } from './sqlite.ts';

/**
 * Up to this size, in bytes, a picture, clip or checkpoint is written into its row. SQLite writes on the event loop that
 * holds the Discord connection, 10 MB in 137 ms; so what is larger goes into a file of its own, which the system's threads
 * write.
 */
export const largestInRow = 128 * 1024;

/** The folder of the files, in DATA_DIR. */
export const blobFolder = 'blobs';

/**
 * A file that no row refers to is left behind only when it is older, in milliseconds: this process may have lost the data
 * folder to another one without knowing yet, whose files have no rows yet.
 */
const strayAfterMs = 3_600_000;

/** The two columns of a blob. */
export interface BlobColumns {
  /** All of it, or nothing where there is a file. */
  bytes: Uint8Array;
  /** The file's name in the folder of blobs. */
  file: string | null;
}

/**
 * Bytes that are too large for a row, each in a file beside the database: DATA_DIR/blobs. A file is on the disk before a row
 * refers to it. Which files nobody refers to any more is written down by the database itself (triggers, the table
 * `erasures`), in the transaction that ends the reference.
 */
export interface BlobStore {
  /**
   * Writes what is large into files, then runs `work`, which is to store the columns. Where it throws, or stores none, the
   * files are erased.
   */
  storing<T>(blobs: readonly Uint8Array[], work: (columns: BlobColumns[]) => T): Promise<T>;
  /** Reads what `select` finds; undefined where that is nothing, and where the file is gone or goes meanwhile. */
  read(select: () => BlobColumns | undefined): Promise<Uint8Array | undefined>;
  /** Overwrites with zeros and deletes what nobody refers to any more. What cannot be erased now is by a later call. */
  erase(): Promise<void>;
  /** Also files that a process left behind that died between writing one and storing its name. */
  eraseStrays(): Promise<void>;
}

/** The blobs of an open database. One that is only in memory has no folder: everything is in its rows. */
export function createBlobStore(database: Database): BlobStore {
  const folder = blobFolderOf(database);
  const listErasures = database.prepare('SELECT file FROM erasures');
  const forgetErasure = database.prepare('DELETE FROM erasures WHERE file = ?');
  const isReferred = database.prepare(
    `SELECT 1 FROM pictures WHERE file = ?1
     UNION ALL SELECT 1 FROM clips WHERE file = ?1
     UNION ALL SELECT 1 FROM clips WHERE master_file = ?1
     UNION ALL SELECT 1 FROM checkpoints WHERE file = ?1`,
  );
  /** Files whose rows are not stored yet. */
  const fresh = new Set<string>();
  let isFolderMade = false;

  async function write(bytes: Uint8Array): Promise<BlobColumns> {
    if (folder === undefined || bytes.byteLength <= largestInRow) return { bytes, file: null };
    if (!isFolderMade) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await syncFolder(dirname(folder));
      isFolderMade = true;
    }
    const file = randomBytes(16).toString('hex');
    fresh.add(file);
    try {
      const handle = await open(join(folder, file), 'wx', 0o600);
      try {
        await handle.writeFile(bytes);
        await handle.sync();
      } finally {
        await handle.close();
      }
    } catch (error) {
      await leave(file);
      throw error;
    }
    return { bytes: new Uint8Array(), file };
  }

  /** Overwrites and deletes a file; false where that failed. */
  const erased = async (file: string) => folder === undefined || eraseFile(join(folder, file));

  /** What was being written is stored, or will never be. */
  async function leave(file: string): Promise<void> {
    fresh.delete(file);
    let isStored = true;
    try {
      isStored = isReferred.get([file]) !== undefined;
    } catch {
      // Nobody can say; the next look for strays can.
    }
    if (!isStored) await erased(file);
  }

  async function erase(): Promise<void> {
    for (const { file } of listErasures.all([]) as { file: string }[]) {
      if (!(await erased(file))) continue;
      try {
        forgetErasure.run([file]);
      } catch {
        // On a full disk nothing can be written down; the next call finds the file gone.
      }
    }
  }

  return {
    erase,
    async storing(blobs, work) {
      const columns: BlobColumns[] = [];
      try {
        for (const bytes of blobs) columns.push(await write(bytes));
        if (folder !== undefined && columns.some(({ file }) => file !== null)) await syncFolder(folder);
        return work(columns);
      } finally {
        for (const { file } of columns) {
          if (file !== null) await leave(file);
        }
      }
    },
    async read(select) {
      const found = select();
      if (found === undefined || found.file === null || folder === undefined) return found?.bytes;
      try {
        const bytes = await readWhole(join(folder, found.file));
        // Deleted meanwhile: it may have been overwritten while it was read.
        return select()?.file === found.file ? bytes : undefined;
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    },
    async eraseStrays() {
      await erase();
      if (folder === undefined || !existsSync(folder)) return;
      const files = await readdir(folder);
      for (const file of files) {
        if (fresh.has(file) || isReferred.get([file]) !== undefined) continue;
        const { mtimeMs } = await stat(join(folder, file)).catch(() => ({ mtimeMs: Date.now() }));
        if (Date.now() - mtimeMs > strayAfterMs) await erased(file);
      }
    },
  };
}

/** The columns that hold blobs, with those of their files' names. */
const blobColumns = [
  ['pictures', 'bytes', 'file'],
  ['clips', 'bytes', 'file'],
  ['clips', 'master', 'master_file'],
  ['checkpoints', 'bytes', 'file'],
] as const;

/**
 * Puts the files of `database` into the rows of `copy`, a copy of it that is to stand alone. Files that are gone by now were
 * deleted since.
 */
export function takeInBlobs(copy: Database, database: Database): void {
  const folder = blobFolderOf(database);
  // A shape from before there were files.
  const hasFiles = copy.prepare(`SELECT 1 FROM sqlite_schema WHERE name = 'erasures'`).get([]) !== undefined;
  if (folder === undefined || !hasFiles) return;
  for (const [table, bytes, file] of blobColumns) {
    const rows = copy.prepare(`SELECT rowid AS id, ${file} AS name FROM ${table} WHERE ${file} IS NOT NULL`).all([]);
    const update = copy.prepare(`UPDATE ${table} SET ${bytes} = ?, ${file} = NULL WHERE rowid = ?`);
    for (const { id, name } of rows as { id: number; name: string }[]) {
      const path = join(folder, name);
      if (existsSync(path)) update.run([readFileSync(path), id]);
    }
  }
  copy.exec('DELETE FROM erasures');
}

/** Undefined for a database that is only in memory. */
function blobFolderOf(database: Database): string | undefined {
  const [main] = database.pragma('database_list') as { file: string }[];
  return main?.file ? join(dirname(main.file), blobFolder) : undefined;
}

/** In one piece, which the system fills: `readFile` joins many here, 20 MB in some 15 ms. */
async function readWhole(path: string): Promise<Uint8Array> {
  const handle = await open(path, 'r');
  try {
    const bytes = Buffer.allocUnsafeSlow((await handle.stat()).size);
    for (let at = 0; at < bytes.byteLength; ) {
      const { bytesRead } = await handle.read(bytes, at, bytes.byteLength - at, at);
      if (bytesRead === 0) return bytes.subarray(0, at);
      at += bytesRead;
    }
    return bytes;
  } finally {
    await handle.close();
  }
}

/** New names in a folder survive a power cut once the folder itself was written. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    // Windows opens no folders, and writes their names at once.
    if (process.platform !== 'win32') throw error;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
