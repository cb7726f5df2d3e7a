import { UserError } from '../errors.ts';
import type { BlobColumns, BlobStore } from './blobs.ts';
import type { NewJob } from './job.ts';
import { pageOfZeros } from './migrations.ts';
import type { Database } from './sqlite.ts';

/** Which of a job's pictures: the one that its clip begins with, or the one that it ends with. */
type PicturePlace = 'first' | 'end';

const columns = { first: 'picture_id', end: 'end_picture_id' } as const satisfies Record<PicturePlace, string>;

/**
 * Pictures, kept once for all jobs that are made from them. A picture belongs to whoever handed it in, and is deleted
 * when no job needs it any more. Methods that write are parts of the caller's transaction.
 */
export interface PictureStore {
  /**
   * The picture's id: of a new one that `userId` hands in, or of the one that another job has in that place.
   * @throws UserError `clip-expired`: that job has none any more
   */
  add(userId: string, picture: BlobColumns | { jobId: string }, place: PicturePlace): number;
  of(jobId: string, place: PicturePlace): BlobColumns | undefined;
  /** Whether all pictures are there that the job came with. */
  has(jobId: string): boolean;
  /** Whether the job lost a picture because the person was forgotten who had handed it in. */
  wasForgotten(jobId: string): boolean;
  /** The job needs its pictures no more. */
  release(jobId: string): void;
  /**
   * Deletes pictures that a person handed in, whoever's jobs have them, with what is half rendered of them: `atMost` so many;
   * tells how many.
   */
  forget(userId: string, atMost: number): number;
  /** Deletes what jobs left behind that were deleted themselves. */
  deleteUnused(): void;
}

/** A new job's pictures: in the blobs by now, or another job's. */
export interface StoredPictures {
  picture: BlobColumns | { jobId: string };
  endPicture?: BlobColumns | { jobId: string };
}

/** {@link BlobStore.storing} of those of a new job's pictures that are no other job's. */
export function storingPictures<T>(
  blobs: Pick<BlobStore, 'storing'>,
  { picture, endPicture }: Pick<NewJob, 'picture' | 'endPicture'>,
  work: (pictures: StoredPictures) => T,
): Promise<T> {
  const own = [picture, endPicture].filter((each) => each instanceof Uint8Array);
  return blobs.storing(own, (stored) => {
    const asStored = (each: NewJob['picture']) => (each instanceof Uint8Array ? stored[own.indexOf(each)]! : each);
    return work({ picture: asStored(picture), ...(endPicture && { endPicture: asStored(endPicture) }) });
  });
}

/** Pictures in the open database. */
export function createPictureStore(database: Database): PictureStore {
  const insert = database.prepare(
    `INSERT INTO pictures (user_id, padding, bytes, file) VALUES (?, ${pageOfZeros}, ?, ?)`,
  );
  const inPlace = <Statement>(prepare: (column: string) => Statement) => ({
    first: prepare(columns.first),
    end: prepare(columns.end),
  });
  const selectId = inPlace((column) =>
    database.prepare(`SELECT ${column} AS id FROM jobs WHERE id = ? AND ${column} IS NOT NULL`),
  );
  const selectBytes = inPlace((column) =>
    database.prepare(`SELECT bytes, file FROM pictures WHERE id = (SELECT ${column} FROM jobs WHERE id = ?)`),
  );
  const isMissing = '(picture_id IS NULL OR (has_end_picture = 1 AND end_picture_id IS NULL))';
  const selectWhole = database.prepare(`SELECT 1 FROM jobs WHERE id = ? AND NOT ${isMissing}`);
  const selectForgotten = database.prepare(`SELECT picture_forgotten FROM jobs WHERE id = ? AND ${isMissing}`);
  const unlink = database.prepare('UPDATE jobs SET picture_id = NULL, end_picture_id = NULL WHERE id = ?');
  const isUnused = `NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.picture_id = pictures.id)
    AND NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.end_picture_id = pictures.id)`;
  const deleteIfUnused = database.prepare(`DELETE FROM pictures WHERE id = ? AND ${isUnused}`);
  const deleteUnused = database.prepare(`DELETE FROM pictures WHERE ${isUnused}`);
  const listOf = database.prepare('SELECT id FROM pictures WHERE user_id = ? LIMIT ?');
  const deleteCheckpoints = database.prepare(
    'DELETE FROM checkpoints WHERE job_id IN (SELECT id FROM jobs WHERE picture_id = ?1 OR end_picture_id = ?1)',
  );
  // Variations hold what the networks made of the picture, as checkpoints do.
  const dropVariations = database.prepare(
    `UPDATE clips SET master = NULL, master_file = NULL, states_until_ms = NULL
     WHERE states_until_ms IS NOT NULL
       AND job_id IN (SELECT id FROM jobs WHERE picture_id = ?1 OR end_picture_id = ?1)`,
  );
  const markForgotten = inPlace((column) =>
    database.prepare(`UPDATE jobs SET ${column} = NULL, picture_forgotten = 1 WHERE ${column} = ?`),
  );
  const deletePicture = database.prepare('DELETE FROM pictures WHERE id = ?');

  function idOf(jobId: string, place: PicturePlace): number | undefined {
    return (selectId[place].get([jobId]) as { id: number } | undefined)?.id;
  }

  return {
    add(userId, picture, place) {
      if (!('jobId' in picture)) {
        return Number(insert.run([userId, picture.bytes, picture.file]).lastInsertRowid);
      }
      const id = idOf(picture.jobId, place);
      if (id === undefined) throw new UserError('clip-expired', `The picture of job ${picture.jobId} is not kept.`);
      return id;
    },
    of: (jobId, place) => selectBytes[place].get([jobId]) as BlobColumns | undefined,
    has: (jobId) => selectWhole.get([jobId]) !== undefined,
    wasForgotten: (jobId) =>
      (selectForgotten.get([jobId]) as { picture_forgotten: number } | undefined)?.picture_forgotten === 1,
    release(jobId) {
      const ids = [idOf(jobId, 'first'), idOf(jobId, 'end')].filter((id) => id !== undefined);
      if (ids.length === 0) return;
      unlink.run([jobId]);
      for (const id of ids) deleteIfUnused.run([id]);
    },
    forget(userId, atMost) {
      const pictures = listOf.all([userId, atMost]) as { id: number }[];
      for (const { id } of pictures) {
        deleteCheckpoints.run([id]);
        dropVariations.run([id]);
        markForgotten.first.run([id]);
        markForgotten.end.run([id]);
        deletePicture.run([id]);
      }
      return pictures.length;
    },
    deleteUnused: () => void deleteUnused.run([]),
  };
}
