import { setImmediate } from 'node:timers/promises';
import type { BlobStore } from './blobs.ts';
import { hasBytes } from './clips.ts';
import type { PictureStore } from './pictures.ts';
import { type Database, emptyWriteAheadLog, inTransaction } from './sqlite.ts';
import { finalStates, findDamagedInTurns, unfinishedStates } from './stored-rows.ts';

/** What {@link Deletions.expire} may be told. */
export interface ExpireOptions {
  /** Of so many jobs, the oldest first. Overwriting a clip's megabytes takes a moment that others wait for. */
  atMost?: number;
  /** What ended later than this ends now: the clock was set back since. */
  nowMs?: number;
}

/** Deletions after which no byte of what was deleted is left in the database's files. */
export interface Deletions {
  expire(endedBeforeMs: number, options?: ExpireOptions): Promise<number>;
  forget(userId: string): Promise<{ deleted: number; left: number }>;
}

/** Jobs and pictures that are forgotten in one transaction: with up to {@link largestInRow} of each in the rows. */
const forgottenAtOnce = 3;

/** What {@link createDeletions} works with. */
export interface DeletionsOptions {
  pictures: Pick<PictureStore, 'forget' | 'deleteUnused'>;
  blobs: Pick<BlobStore, 'erase' | 'eraseStrays'>;
}

/** Deletions of the jobs in an open database. */
export function createDeletions(database: Database, { pictures, blobs }: DeletionsOptions): Deletions {
  const hasClip = `EXISTS (SELECT 1 FROM clips WHERE clips.job_id = jobs.id AND ${hasBytes})`;
  const hasPicture = '(picture_id IS NOT NULL OR end_picture_id IS NOT NULL)';
  // What a job goes on from that has not ended is still needed.
  const isNeeded = `EXISTS (
    SELECT 1 FROM jobs AS child
    WHERE child.state IN ${unfinishedStates} AND child.parent IS NOT NULL
      AND CASE WHEN json_valid(child.parent) THEN json_extract(child.parent, '$.id') END = jobs.id
  )`;
  const listDelivered = database.prepare(
    `SELECT sequence FROM jobs
     WHERE state IN ${finalStates} AND finished_at_ms < ? AND (${hasPicture} OR ${hasClip}) AND NOT ${isNeeded}
     ORDER BY sequence`,
  );
  const listUndelivered = database.prepare(
    `SELECT sequence FROM jobs WHERE state = 'undelivered' AND coalesce(rendered_at_ms, created_at_ms) < ?
     ORDER BY sequence`,
  );
  const unlinkPictures = database.prepare(
    'UPDATE jobs SET picture_id = NULL, end_picture_id = NULL WHERE sequence = ?',
  );
  const ofJob = 'job_id = (SELECT id FROM jobs WHERE sequence = ?)';
  const emptyClip = database.prepare(
    `UPDATE clips
     SET padding = x'', bytes = x'', file = NULL, master = NULL, master_file = NULL, states_until_ms = NULL WHERE ${ofJob}`,
  );
  const deleteClip = database.prepare(`DELETE FROM clips WHERE ${ofJob}`);
  const deleteCheckpoint = database.prepare(`DELETE FROM checkpoints WHERE ${ofJob}`);
  const fail = database.prepare(
    `UPDATE jobs SET state = 'failed', error_code = ?, finished_at_ms = ? WHERE sequence = ? AND state NOT IN ${finalStates}`,
  );
  const forgetFinalNotice = database.prepare('UPDATE jobs SET pending_notice = NULL WHERE sequence = ?');
  const endNow = database.prepare('UPDATE jobs SET finished_at_ms = ?1 WHERE finished_at_ms > ?1');
  const renderNow = database.prepare('UPDATE jobs SET rendered_at_ms = ?1 WHERE rendered_at_ms > ?1');
  const deleteEnded = database.prepare(
    `DELETE FROM jobs WHERE sequence IN (
       SELECT sequence FROM jobs WHERE user_id = ? AND state NOT IN ${unfinishedStates} LIMIT ${forgottenAtOnce}
     )`,
  );
  const deleteRow = database.prepare('DELETE FROM jobs WHERE sequence = ? AND user_id = ?');
  const countOf = database.prepare('SELECT count(*) AS count FROM jobs WHERE user_id = ?');

  type List = typeof listDelivered;
  const sequencesOf = (list: List, beforeMs: number) =>
    (list.all([beforeMs]) as { sequence: number }[]).map(({ sequence }) => sequence);

  function endWithoutClip(sequence: number, end: { errorCode: string; finishedAtMs: number }): void {
    fail.run([end.errorCode, end.finishedAtMs, sequence]);
    unlinkPictures.run([sequence]);
    deleteClip.run([sequence]);
    deleteCheckpoint.run([sequence]);
  }

  function forgetSome(userId: string, damaged: readonly number[]): { jobs: number; isAll: boolean } {
    const { changes } = deleteEnded.run([userId]);
    const broken = damaged.map((sequence) => deleteRow.run([sequence, userId]).changes);
    const forgotten = pictures.forget(userId, forgottenAtOnce);
    pictures.deleteUnused();
    const jobs = broken.reduce((sum, each) => sum + each, changes);
    return { jobs, isAll: changes < forgottenAtOnce && forgotten < forgottenAtOnce };
  }

  return {
    async expire(endedBeforeMs, { atMost = Number.POSITIVE_INFINITY, nowMs } = {}) {
      const found = await findDamagedInTurns(database);
      const count = inTransaction(database, () => {
        if (nowMs !== undefined) {
          endNow.run([nowMs]);
          renderNow.run([nowMs]);
        }
        const delivered = sequencesOf(listDelivered, endedBeforeMs).map((sequence) => () => {
          unlinkPictures.run([sequence]);
          emptyClip.run([sequence]);
        });
        const undelivered = sequencesOf(listUndelivered, endedBeforeMs).map((sequence) => () => {
          endWithoutClip(sequence, { errorCode: 'clip-expired', finishedAtMs: endedBeforeMs });
        });
        const damaged = found.damaged
          .flatMap(({ row }) => found.look(row.sequence))
          .filter(({ row }) => row.created_at_ms < endedBeforeMs)
          .map(({ row: { sequence } }) => () => {
            endWithoutClip(sequence, { errorCode: 'job-damaged', finishedAtMs: endedBeforeMs });
            forgetFinalNotice.run([sequence]);
          });
        const due = [...delivered, ...undelivered, ...damaged].slice(0, atMost);
        for (const expireOne of due) expireOne();
        pictures.deleteUnused();
        return due.length;
      });
      // Also where nothing was due: an earlier deletion may not have come so far.
      await blobs.eraseStrays();
      emptyWriteAheadLog(database);
      return count;
    },
    async forget(userId) {
      const { damaged, look } = await findDamagedInTurns(database);
      let deleted = 0;
      for (;;) {
        const { jobs, isAll } = inTransaction(database, () =>
          forgetSome(
            userId,
            damaged.flatMap(({ row: { sequence } }) => look(sequence).map(() => sequence)),
          ),
        );
        deleted += jobs;
        if (isAll) break;
        // Others' turn: overwriting megabytes takes a moment.
        await setImmediate();
      }
      await blobs.erase();
      emptyWriteAheadLog(database);
      const { count: left } = countOf.get([userId]) as { count: number };
      return { deleted, left };
    },
  };
}
