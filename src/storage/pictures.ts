import { UserError } from '../errors.ts';
import type { BlobColumns } from './blobs.ts';
import { pageOfZeros } from './migrations.ts';
import type { Database } from './sqlite.ts';

/**
 * Pictures, kept once for all jobs that are made from them. A picture belongs to whoever handed it in, and is deleted
 * when no job needs it any more. Methods that write are parts of the caller's transaction.
 */
export interface PictureStore {
  /**
   * The picture's id: of a new one that `userId` hands in, or of the one that another job has.
   * @throws UserError `clip-expired`: that job has none any more
   */
  add(userId: string, picture: BlobColumns | { jobId: string }): number;
  of(jobId: string): BlobColumns | undefined;
  has(jobId: string): boolean;
  /** Whether the job lost its picture because the person was forgotten who had handed it in. */
  wasForgotten(jobId: string): boolean;
  /** The job needs its picture no more. */
  release(jobId: string): void;
  /**
   * Deletes pictures that a person handed in, whoever's jobs have them, with what is half rendered of them: `atMost` so many;
   * tells how many.
   */
  forget(userId: string, atMost: number): number;
  /** Deletes what jobs left behind that were deleted themselves. */
  deleteUnused(): void;
}

/** Pictures in the open database. */
export function createPictureStore(database: Database): PictureStore {
  const insert = database.prepare(
    `INSERT INTO pictures (user_id, padding, bytes, file) VALUES (?, ${pageOfZeros}, ?, ?)`,
  );
  const selectId = database.prepare('SELECT picture_id AS id FROM jobs WHERE id = ? AND picture_id IS NOT NULL');
  const selectBytes = database.prepare(
    'SELECT bytes, file FROM pictures WHERE id = (SELECT picture_id FROM jobs WHERE id = ?)',
  );
  const selectForgotten = database.prepare('SELECT picture_forgotten FROM jobs WHERE id = ? AND picture_id IS NULL');
  const unlink = database.prepare('UPDATE jobs SET picture_id = NULL WHERE id = ?');
  const isUnused = 'NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.picture_id = pictures.id)';
  const deleteIfUnused = database.prepare(`DELETE FROM pictures WHERE id = ? AND ${isUnused}`);
  const deleteUnused = database.prepare(`DELETE FROM pictures WHERE ${isUnused}`);
  const listOf = database.prepare('SELECT id FROM pictures WHERE user_id = ? LIMIT ?');
  const deleteCheckpoints = database.prepare(
    'DELETE FROM checkpoints WHERE job_id IN (SELECT id FROM jobs WHERE picture_id = ?)',
  );
  const markForgotten = database.prepare(
    'UPDATE jobs SET picture_id = NULL, picture_forgotten = 1 WHERE picture_id = ?',
  );
  const deletePicture = database.prepare('DELETE FROM pictures WHERE id = ?');

  function idOf(jobId: string): number | undefined {
    return (selectId.get([jobId]) as { id: number } | undefined)?.id;
  }

  return {
    add(userId, picture) {
      if (!('jobId' in picture)) {
        return Number(insert.run([userId, picture.bytes, picture.file]).lastInsertRowid);
      }
      const id = idOf(picture.jobId);
      if (id === undefined) throw new UserError('clip-expired', `The picture of job ${picture.jobId} is not kept.`);
      return id;
    },
    of: (jobId) => selectBytes.get([jobId]) as BlobColumns | undefined,
    has: (jobId) => idOf(jobId) !== undefined,
    wasForgotten: (jobId) =>
      (selectForgotten.get([jobId]) as { picture_forgotten: number } | undefined)?.picture_forgotten === 1,
    release(jobId) {
      const id = idOf(jobId);
      if (id === undefined) return;
      unlink.run([jobId]);
      deleteIfUnused.run([id]);
    },
    forget(userId, atMost) {
      const pictures = listOf.all([userId, atMost]) as { id: number }[];
      for (const { id } of pictures) {
        deleteCheckpoints.run([id]);
        markForgotten.run([id]);
        deletePicture.run([id]);
      }
      return pictures.length;
    },
    deleteUnused: () => void deleteUnused.run([]),
  };
}
