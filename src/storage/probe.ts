import { readdir, stat, statfs } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import type { Clock } from '../util/clock.ts';
import { sleep } from '../util/clock.ts';
import { lastBackupOf } from './backup.ts';
import { blobFolder } from './blobs.ts';
import { busyTimeoutMs, type Database, sqliteCodeOf, sqliteCodes } from './sqlite.ts';

/** Bytes by what they are: kinora.db, its write-ahead log, large pictures and clips, and everything else. */
type UsedBytes = Record<'database' | 'wal' | 'blobs' | 'other', number>;

/** What the data folder holds at a moment. */
interface StorageState {
  freeBytes: number;
  /** At most {@link sizesKeptMs} old. */
  usedBytes: Readonly<UsedBytes>;
  /** Clips on their way to their requesters. */
  delivering: number;
  /** Milliseconds since 1970; undefined: never. */
  lastBackupAtMs: number | undefined;
}

/** Asks the data folder how it is. */
export interface StorageProbe {
  /**
   * Writes something and reads it back, waiting for another program's lock as long as `timeoutMs`.
   * Rejects with what SQLite says, or where what is read is something else.
   */
  roundTrip(timeoutMs: number): Promise<void>;
  state(): Promise<StorageState>;
  /** Free space on the folder's disk, for a user that is not root. */
  freeBytes(): Promise<number>;
}

/** The fact that {@link StorageProbe.roundTrip} writes. */
const probeKey = 'health-probe';

/** Between two looks at a lock, in milliseconds. */
const lockGapMs = 100;

/** How long the sizes of files are kept: there may be thousands of them. In milliseconds. */
const sizesKeptMs = 60_000;

/** A probe of an open database in `dataDir`. */
export function createStorageProbe(
  database: Database,
  { dataDir, clock }: { dataDir: string; clock: Clock },
): StorageProbe {
  const write = database.prepare(
    'INSERT INTO facts (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
  );
  const read = database.prepare('SELECT value FROM facts WHERE key = ?');
  const countDelivering = database.prepare(`SELECT count(*) AS jobs FROM jobs WHERE state = 'delivering'`);
  let probes = 0;
  let measured: { atMs: number; usedBytes: Promise<UsedBytes> } | undefined;

  /** False: another program holds the database. Does not wait for it, since the event loop would wait too. */
  function tryRoundTrip(): boolean {
    const value = `${clock.now()}-${probes++}`;
    database.pragma('busy_timeout = 0');
    try {
      write.run([probeKey, value]);
    } catch (error) {
      if (sqliteCodeOf(error) === sqliteCodes.busy) return false;
      throw error;
    } finally {
      database.pragma(`busy_timeout = ${busyTimeoutMs}`);
    }
    const found = (read.get([probeKey]) as { value: string } | undefined)?.value;
    if (found !== value) throw new Error('What was written to the database is not what is read.');
    return true;
  }

  async function freeBytes(): Promise<number> {
    const { bavail, bsize } = await statfs(dataDir);
    return bavail * bsize;
  }

  return {
    async roundTrip(timeoutMs) {
      const endsAtMs = clock.now() + timeoutMs;
      while (!tryRoundTrip()) {
        if (clock.now() >= endsAtMs) throw new Error(`Another program holds the database for over ${timeoutMs} ms.`);
        await sleep(clock, lockGapMs);
      }
    },
    async state() {
      const nowMs = clock.now();
      if (measured === undefined || Math.abs(nowMs - measured.atMs) >= sizesKeptMs) {
        measured = { atMs: nowMs, usedBytes: usedBytesOf(dataDir) };
        // Tried anew the next time.
        measured.usedBytes.catch(() => {
          measured = undefined;
        });
      }
      return {
        freeBytes: await freeBytes(),
        usedBytes: await measured.usedBytes,
        delivering: (countDelivering.get([]) as { jobs: number }).jobs,
        lastBackupAtMs: lastBackupOf(database)?.atMs,
      };
    },
    freeBytes,
  };
}

async function usedBytesOf(dataDir: string): Promise<UsedBytes> {
  const used: UsedBytes = { database: 0, wal: 0, blobs: 0, other: 0 };
  for (const entry of await readdir(dataDir, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    // It may have been deleted since.
    const sizeBytes = (await stat(path).catch(() => undefined))?.size ?? 0;
    used[kindOf(relative(dataDir, path))] += sizeBytes;
  }
  return used;
}

function kindOf(name: string): keyof UsedBytes {
  if (name === 'kinora.db') return 'database';
  if (name === 'kinora.db-wal') return 'wal';
  return dirname(name) === blobFolder ? 'blobs' : 'other';
}
