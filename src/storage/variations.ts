import { setImmediate } from 'node:timers/promises';
import type { BlobStore } from './blobs.ts';
import type { Job } from './job.ts';
import { type Database, emptyWriteAheadLog } from './sqlite.ts';
import { unfinishedStates } from './stored-rows.ts';

/** Variations that nobody picked are kept for so long after they were shown. */
export const variationsKeptMs = 3_600_000;

/** Later than any moment, in milliseconds: until they are shown, variations are kept for as long as clips are. */
const notShownYet = Number.MAX_SAFE_INTEGER;

/**
 * How far variations have come, which is kept in the place of a clip's frames until they are dropped. Methods but `drop` are
 * parts of the caller's transaction.
 */
export interface VariationStore {
  /** The variations of a job are rendered, and kept. */
  kept(job: Job): void;
  /** They were shown. */
  shown(job: Job, atMs: number): void;
  /** A job was taken in that may be a pick; of the last one that can be picked, the others need not be kept. */
  added(job: Job): void;
  picked(jobId: string): number[];
  drop(nowMs: number): Promise<number>;
}

/** Variations in the open database. */
export function createVariationStore(database: Database, blobs: Pick<BlobStore, 'erase'>): VariationStore {
  const setTime = database.prepare('UPDATE clips SET states_until_ms = ? WHERE job_id = ?');
  // By the unique key, which has an index and stands for the others of a kind as well.
  const listPicked = database.prepare(
    `SELECT CAST(substr(unique_key, ?1) AS INTEGER) AS number FROM jobs
     WHERE unique_key > ?2 AND unique_key < ?3 AND state NOT IN ('failed', 'cancelled') ORDER BY number`,
  );
  // What a pick that has not ended goes on from is still needed.
  const drop = database.prepare(
    `UPDATE clips SET master = NULL, master_file = NULL, states_until_ms = NULL
     WHERE job_id = (
       SELECT job_id FROM clips AS due WHERE states_until_ms <= ? AND NOT EXISTS (
         SELECT 1 FROM jobs AS child
         WHERE child.state IN ${unfinishedStates} AND child.parent IS NOT NULL
           AND CASE WHEN json_valid(child.parent) THEN json_extract(child.parent, '$.id') END = due.job_id
       ) LIMIT 1
     )`,
  );

  function picked(jobId: string): number[] {
    const prefix = pickKey(jobId, '');
    return (listPicked.all([prefix.length + 1, prefix, pickKey(jobId, ':')]) as { number: number }[]).map(
      ({ number }) => number,
    );
  }

  return {
    kept: ({ id, form }) => void (form?.variations !== undefined && setTime.run([notShownYet, id])),
    shown: ({ id, form }, atMs) => void (form?.variations !== undefined && setTime.run([atMs + variationsKeptMs, id])),
    added({ parent }) {
      if (parent?.variation === undefined || picked(parent.id).length < parent.variation.of) return;
      setTime.run([0, parent.id]);
    },
    picked,
    async drop(nowMs) {
      let dropped = 0;
      // One at a time: overwriting megabytes takes a moment that others wait for.
      while (drop.run([nowMs]).changes > 0) {
        dropped++;
        await blobs.erase();
        await setImmediate();
      }
      if (dropped > 0) emptyWriteAheadLog(database);
      return dropped;
    },
  };
}

/** What makes a pick unique: nobody picks a variation twice, unless the pick failed or was cancelled. */
export function pickKey(jobId: string, number: number | string): string {
  return `pick ${jobId} ${number}`;
}
