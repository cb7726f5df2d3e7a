import { readdir, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../util/clock.ts';
import { sleep } from '../util/clock.ts';
import { lastBackupOf } from './backup.ts';
import { busyTimeoutMs, type Database, sqliteCodeOf, sqliteCodes } from './sqlite.ts';

/** What the data folder holds at a moment. */
interface StorageState {
  freeBytes: number;
  usedBytes: Readonly<Record<'database' | 'wal' | 'other', number>>;
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

/** Between two looks at a lock. */
const lockGapMs = 100;

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
      const [database_, wal] = await Promise.all(
        ['kinora.db', 'kinora.db-wal'].map((file) => sizeOf(join(dataDir, file))),
      );
      return {
        freeBytes: await freeBytes(),
        usedBytes: { database: database_!, wal: wal!, other: (await folderSize(dataDir)) - database_! - wal! },
        delivering: (countDelivering.get([]) as { jobs: number }).jobs,
        lastBackupAtMs: lastBackupOf(database)?.atMs,
      };
    },
    freeBytes,
  };
}

/** 0 where there is no such file. */
async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.size ?? 0;
}

async function folderSize(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  let bytes = 0;
  for (const entry of entries) if (entry.isFile()) bytes += await sizeOf(join(entry.parentPath, entry.name));
  return Math.max(0, bytes);
}
