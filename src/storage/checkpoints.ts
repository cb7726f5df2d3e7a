import { type Attempt, boundTo, isCurrentAttempt } from './attempts.ts';
import type { BlobColumns, BlobStore } from './blobs.ts';
import { pageOfZeros } from './migrations.ts';
import type { Database } from './sqlite.ts';

/** How far renders have come, for the jobs' store. */
export interface CheckpointStore {
  /** False where the attempt is over, or whoever sent the picture had it deleted. */
  save(attempt: Attempt, bytes: Uint8Array): Promise<boolean>;
  read(jobId: string): Promise<Uint8Array | undefined>;
  /** Joins the caller's transaction. */
  remove(jobId: string): void;
}

/** The checkpoints of an open database. */
export function createCheckpointStore(database: Database, blobs: BlobStore): CheckpointStore {
  const upsert = database.prepare(
    `INSERT INTO checkpoints (job_id, padding, bytes, file)
     SELECT id, ${pageOfZeros}, ?, ? FROM jobs WHERE ${isCurrentAttempt} AND picture_forgotten = 0
     ON CONFLICT (job_id) DO UPDATE SET bytes = excluded.bytes, file = excluded.file`,
  );
  const select = database.prepare('SELECT bytes, file FROM checkpoints WHERE job_id = ?');
  const remove = database.prepare('DELETE FROM checkpoints WHERE job_id = ?');
  return {
    async save(attempt, bytes) {
      const isSaved = await blobs.storing([bytes], ([stored]) => {
        return upsert.run([stored!.bytes, stored!.file, ...boundTo(attempt)]).changes > 0;
      });
      await blobs.erase();
      return isSaved;
    },
    read: (jobId) => blobs.read(() => select.get([jobId]) as BlobColumns | undefined),
    remove: (jobId) => void remove.run([jobId]),
  };
}
