import { z } from 'zod';
import type { Clip } from '../settings/clip.ts';
import { storedSettingsSchema } from '../settings/image-to-video.ts';
import type { BlobColumns, BlobStore } from './blobs.ts';
import { pageOfZeros } from './migrations.ts';
import type { Database } from './sqlite.ts';
import { parseStored } from './stored-rows.ts';

/** A clip without its bytes. */
export type MadeClip = Omit<Clip, 'bytes' | 'master'>;

/** Finished clips with what they were made with. Methods that write are parts of the caller's transaction. */
export interface ClipStore {
  keep(jobId: string, clip: MadeClip, blobs: ClipBlobs): void;
  /** Undefined where there is none, where its bytes were deleted, and where its description cannot be read. */
  read(jobId: string): Promise<Clip | undefined>;
  /** What it was made with; undefined as in {@link ClipStore.of}, but for the bytes. */
  made(jobId: string): MadeClip | undefined;
  hasFrames(jobId: string): boolean;
  remove(jobId: string): void;
}

/** Where a clip's bytes are. */
interface ClipBlobs {
  bytes: BlobColumns;
  master: BlobColumns | undefined;
}

interface ClipRow extends BlobColumns {
  made: Uint8Array;
  master: Uint8Array | null;
  master_file: string | null;
}

/** For SQL: the clip has not been emptied. */
export const hasBytes = '(length(clips.bytes) > 0 OR clips.file IS NOT NULL)';

/** Of a description that Kinora wrote itself: enough to tell a damaged one. */
const madeSchema = z.looseObject({
  settings: storedSettingsSchema,
  secondsPerStage: z.record(z.string(), z.number()),
});

/** Clips in the open database. */
export function createClipStore(database: Database, blobs: Pick<BlobStore, 'read'>): ClipStore {
  // As bytes: libsql ends the process where text is not valid UTF-8.
  const made = 'CAST(made AS BLOB) AS made';
  const insert = database.prepare(
    `INSERT INTO clips (job_id, made, padding, bytes, file, master, master_file) VALUES (?, ?, ${pageOfZeros}, ?, ?, ?, ?)`,
  );
  const select = database.prepare(
    `SELECT bytes, file, ${made}, master, master_file FROM clips WHERE job_id = ? AND ${hasBytes}`,
  );
  const selectMade = database.prepare(`SELECT ${made} FROM clips WHERE job_id = ?`);
  const selectFrames = database.prepare('SELECT 1 FROM clips WHERE job_id = ? AND master IS NOT NULL');
  const remove = database.prepare('DELETE FROM clips WHERE job_id = ?');

  function find(jobId: string): { made: MadeClip; blobs: ClipBlobs } | undefined {
    const row = select.get([jobId]) as ClipRow | undefined;
    const description = row && parseMade(row.made);
    if (row === undefined || description === undefined) return undefined;
    const { bytes, file, master, master_file } = row;
    return {
      made: description,
      blobs: { bytes: { bytes, file }, master: master === null ? undefined : { bytes: master, file: master_file } },
    };
  }

  return {
    keep(jobId, description, { bytes, master }) {
      // Not INSERT OR REPLACE, which does not tell the triggers of what it replaces.
      remove.run([jobId]);
      const columns = [bytes.bytes, bytes.file, master?.bytes ?? null, master?.file ?? null];
      insert.run([jobId, JSON.stringify(description), ...columns]);
    },
    async read(jobId) {
      const made = find(jobId)?.made;
      if (made === undefined) return undefined;
      const bytes = await blobs.read(() => find(jobId)?.blobs.bytes);
      const master = await blobs.read(() => find(jobId)?.blobs.master);
      return bytes && { ...made, bytes, ...(master && { master }) };
    },
    made(jobId) {
      const row = selectMade.get([jobId]) as Pick<ClipRow, 'made'> | undefined;
      return row && parseMade(row.made);
    },
    hasFrames: (jobId) => selectFrames.get([jobId]) !== undefined,
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
