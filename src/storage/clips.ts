import { z } from 'zod';
import type { Clip } from '../settings/clip.ts';
import { storedSettingsSchema } from '../settings/image-to-video.ts';
import { pageOfZeros } from './migrations.ts';
import type { Database } from './sqlite.ts';
import { parseStored } from './stored-rows.ts';

/** A clip without its bytes. */
export type MadeClip = Omit<Clip, 'bytes' | 'master'>;

/** Finished clips with what they were made with. Methods that write are parts of the caller's transaction. */
export interface ClipStore {
  keep(jobId: string, clip: Clip): void;
  /** Undefined where there is none, where its bytes were deleted, and where its description cannot be read. */
  of(jobId: string): Clip | undefined;
  /** What it was made with; undefined as in {@link ClipStore.of}, but for the bytes. */
  made(jobId: string): MadeClip | undefined;
  remove(jobId: string): void;
}

interface ClipRow {
  bytes: Uint8Array;
  made: Uint8Array;
  master: Uint8Array | null;
}

/** Of a description that Kinora wrote itself: enough to tell a damaged one. */
const madeSchema = z.looseObject({
  settings: storedSettingsSchema,
  secondsPerStage: z.record(z.string(), z.number()),
});

/** Clips in the open database. */
export function createClipStore(database: Database): ClipStore {
  // As bytes: libsql ends the process where text is not valid UTF-8.
  const made = 'CAST(made AS BLOB) AS made';
  const insert = database.prepare(
    `INSERT OR REPLACE INTO clips (job_id, made, padding, bytes, master) VALUES (?, ?, ${pageOfZeros}, ?, ?)`,
  );
  const select = database.prepare(`SELECT bytes, ${made}, master FROM clips WHERE job_id = ? AND length(bytes) > 0`);
  const selectMade = database.prepare(`SELECT ${made} FROM clips WHERE job_id = ?`);
  const remove = database.prepare('DELETE FROM clips WHERE job_id = ?');

  return {
    keep: (jobId, { bytes, master, ...rest }) => void insert.run([jobId, JSON.stringify(rest), bytes, master ?? null]),
    of(jobId) {
      const row = select.get([jobId]) as ClipRow | undefined;
      const description = row && parseMade(row.made);
      if (row === undefined || description === undefined) return undefined;
      return { ...description, bytes: row.bytes, ...(row.master !== null && { master: row.master }) };
    },
    made(jobId) {
      const row = selectMade.get([jobId]) as Pick<ClipRow, 'made'> | undefined;
      return row && parseMade(row.made);
    },
    remove: (jobId) => void remove.run([jobId]),
  };
}

function parseMade(stored: Uint8Array): MadeClip | undefined {
  try {
    return parseStored('made', stored, madeSchema) as unknown as MadeClip;
  } catch {
    return undefined;
  }
}
