import { randomBytes } from 'node:crypto';
import { StorageError, UserError } from '../errors.ts';
import type { Clip } from '../worker/types.ts';
import { createClipStore, type MadeClip } from './clips.ts';
import { createDeletions, type ExpireOptions } from './delete-jobs.ts';
import type { FinalNotice } from './final-notice.ts';
import type { FinalJobState, Job, JobState, NewJob } from './job.ts';
import { pageOfZeros } from './migrations.ts';
import { createPictureStore } from './pictures.ts';
import { type Database, emptyWriteAheadLog, inTransaction } from './sqlite.ts';
import {
  type DamagedJob,
  findDamaged,
  type JobRow,
  jobColumns,
  problemOf,
  toFinalNotice,
  toJob,
  unfinishedStates,
} from './stored-rows.ts';

/**
 * Jobs, pictures, checkpoints and finished clips on disk. Every method is one transaction, committed when it returns; when
 * it throws, everything is as it was.
 */
export interface JobStore {
  /**
   * Takes a job in with its picture.
   * @throws UserError `clip-expired`: the job whose picture it was to have has none any more
   */
  add(job: NewJob, createdAtMs: number): Job;
  /** @throws StorageError `job-damaged`: its row cannot be read */
  find(id: string): Job | undefined;
  /** Jobs that were accepted and not ended, in the order of arrival; without those of {@link JobStore.damaged}. */
  unfinished(): Job[];
  /** Jobs that wait for something and whose row cannot be read, with what is wrong. They are left as they are. */
  damaged(): DamagedJob[];
  /** The picture's file; undefined once it was deleted. */
  picture(id: string): Uint8Array | undefined;
  /** Whether there is a picture, without reading it. */
  hasPicture(id: string): boolean;
  /** Whether the picture is gone because the person was forgotten who had handed it in. */
  pictureWasForgotten(id: string): boolean;
  /** The rendered clip; undefined before there is one, once it was deleted, and where it cannot be read. */
  clip(id: string): Clip | undefined;
  /** What a clip was made with; stays when its bytes are deleted. */
  made(id: string): MadeClip | undefined;
  /** Rendering begins: one attempt more. */
  start(id: string): Job;
  /**
   * Keeps how far the rendering of a job has come, instead of what was kept before. Does nothing where the job does not run
   * any more, or its picture was forgotten.
   */
  saveCheckpoint(id: string, bytes: Uint8Array): void;
  /** What was saved last; undefined where there is none, and once the job was rendered or ended. */
  checkpoint(id: string): Uint8Array | undefined;
  /** The job waits again. `refundAttempt`: the attempt was broken off by us, not by a fault. */
  putBack(id: string, state: 'queued' | 'interrupted', options?: { refundAttempt: boolean }): Job;
  /** Rendering ended well: keeps the clip until it is delivered. */
  keepClip(id: string, clip: Clip, renderedAtMs: number): Job;
  /** Every way to the requester is closed: the clip is kept for them. The quota does not get it back. */
  keepUndelivered(id: string): Job;
  /** A user's clips that could not be delivered, oldest first. */
  undelivered(userId: string): Job[];
  /**
   * A clip that could not be delivered is on its way again, to a new address.
   * @throws UserError `too-late`: it is not one of these any more
   */
  readdress(id: string, address: unknown): Job;
  /**
   * The end. A delivered clip and its picture stay, for its buttons, until {@link JobStore.expire}; of other ends only the
   * row stays, and the daily quota gets its clip back. `pendingNotice` is kept until {@link JobStore.notified}.
   */
  finish(
    id: string,
    end: { state: FinalJobState; finishedAtMs: number; errorCode?: string; pendingNotice?: FinalNotice },
  ): Job;
  /**
   * Deletes pictures and clips of jobs that ended before, and tells of how many jobs. What clips were made with stays.
   * Clips that were ready before and that nobody could be given end as failed, with the code `clip-expired`; so do damaged
   * jobs that came before, with `job-damaged`.
   */
  expire(endedBeforeMs: number, options?: ExpireOptions): number;
  /**
   * Deletes what is kept of a user's jobs that have ended or could not be delivered, and every picture that the user
   * handed in, whoever's jobs have it. Tells how many jobs were deleted, and how many have not ended.
   */
  forget(userId: string): { deleted: number; left: number };
  /** The requester knows how the job ended. */
  notified(id: string): void;
  /** Ended jobs whose requester does not know yet, in the order of arrival; without those of {@link JobStore.damaged}. */
  pendingNotices(): { job: Job; finalNotice: FinalNotice }[];
}

/** The store over an open database. */
export function createJobStore(database: Database): JobStore {
  const pictures = createPictureStore(database);
  const clips = createClipStore(database);
  const deletions = createDeletions(database, pictures);
  const insertJob = database.prepare(
    `INSERT INTO jobs
       (id, state, user_id, guild_id, address, settings, fit, max_bytes, created_at_ms, form, parent, picture_id)
     VALUES (?, 'queued', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const selectJob = database.prepare(`SELECT ${jobColumns} FROM jobs WHERE id = ?`);
  const selectRow = database.prepare(`SELECT ${jobColumns} FROM jobs WHERE sequence = ?`);
  const exists = database.prepare('SELECT 1 FROM jobs WHERE id = ?');
  const listUnfinished = database.prepare(
    `SELECT sequence FROM jobs WHERE state IN ${unfinishedStates} ORDER BY sequence`,
  );
  const listUndelivered = database.prepare(
    `SELECT sequence FROM jobs WHERE state = 'undelivered' AND user_id = ? ORDER BY sequence`,
  );
  const listPendingNotices = database.prepare('SELECT sequence FROM jobs WHERE untold IS NOT NULL ORDER BY sequence');
  const updateState = database.prepare('UPDATE jobs SET state = ?, attempts = attempts + ? WHERE id = ?');
  const updateRendered = database.prepare(`UPDATE jobs SET state = 'delivering', rendered_at_ms = ? WHERE id = ?`);
  const updateAddress = database.prepare(
    `UPDATE jobs SET state = 'delivering', address = ? WHERE id = ? AND state = 'undelivered'`,
  );
  const updateEnd = database.prepare(
    'UPDATE jobs SET state = ?, finished_at_ms = ?, error_code = ?, untold = ? WHERE id = ?',
  );
  const updateNotified = database.prepare('UPDATE jobs SET untold = NULL WHERE id = ?');
  const insertUse = database.prepare('INSERT INTO uses (job_id, user_id, guild_id, at_ms) VALUES (?, ?, ?, ?)');
  const refundUse = database.prepare('UPDATE uses SET refunded = 1 WHERE job_id = ?');
  const upsertCheckpoint = database.prepare(
    `INSERT INTO checkpoints (job_id, padding, bytes)
     SELECT id, ${pageOfZeros}, ? FROM jobs WHERE id = ? AND state = 'running' AND picture_forgotten = 0
     ON CONFLICT (job_id) DO UPDATE SET bytes = excluded.bytes`,
  );
  const selectCheckpoint = database.prepare('SELECT bytes FROM checkpoints WHERE job_id = ?');
  const deleteCheckpoint = database.prepare('DELETE FROM checkpoints WHERE job_id = ?');

  /** Rows that can be read. One at a time: what is wrong with one must not hide the others. */
  function rowsOf(list: typeof listPendingNotices, parameters: unknown[] = []): JobRow[] {
    const found = list.all(parameters) as { sequence: number }[];
    return found
      .map(({ sequence }) => selectRow.get([sequence]) as JobRow)
      .filter((row) => problemOf(row) === undefined);
  }

  function find(id: string): Job | undefined {
    const row = selectJob.get([id]) as JobRow | undefined;
    return row && toJob(row);
  }

  function mustFind(id: string): Job {
    const job = find(id);
    if (job === undefined) throw new StorageError('job-unknown', `There is no job ${id}.`, { scope: 'job' });
    return job;
  }

  function moveTo(id: string, state: JobState, attempts: -1 | 0 | 1 = 0): Job {
    return inTransaction(database, () => {
      updateState.run([state, attempts, id]);
      return mustFind(id);
    });
  }

  /** Deletes the bytes of a job that ends otherwise than delivered. */
  function dropBytes(id: string): void {
    pictures.release(id);
    clips.remove(id);
    deleteCheckpoint.run([id]);
  }

  return {
    find,
    add: (job, createdAtMs) =>
      inTransaction(database, () => {
        const id = freshId((candidate) => exists.get([candidate]) !== undefined);
        const { userId, guildId, address, settings, fit, maxBytes, picture } = job;
        const pictureId = pictures.add(userId, picture);
        const columns = [id, userId, guildId, JSON.stringify(address), JSON.stringify(settings), fit, maxBytes];
        insertJob.run([...columns, createdAtMs, jsonOrNull(job.form), jsonOrNull(job.parent), pictureId]);
        insertUse.run([id, userId, guildId, createdAtMs]);
        return mustFind(id);
      }),
    unfinished: () => rowsOf(listUnfinished).map(toJob),
    damaged: () => findDamaged(database).map(({ id, problem }) => ({ id, problem })),
    picture: pictures.of,
    hasPicture: pictures.has,
    pictureWasForgotten: pictures.wasForgotten,
    clip: clips.of,
    made: clips.made,
    start: (id) => moveTo(id, 'running', 1),
    saveCheckpoint: (id, bytes) => void upsertCheckpoint.run([bytes, id]),
    checkpoint: (id) => (selectCheckpoint.get([id]) as { bytes: Uint8Array } | undefined)?.bytes,
    putBack: (id, state, options) => moveTo(id, state, options?.refundAttempt ? -1 : 0),
    keepClip: (id, clip, renderedAtMs) =>
      inTransaction(database, () => {
        clips.keep(id, clip);
        deleteCheckpoint.run([id]);
        updateRendered.run([renderedAtMs, id]);
        return mustFind(id);
      }),
    keepUndelivered: (id) => moveTo(id, 'undelivered'),
    undelivered: (userId) => rowsOf(listUndelivered, [userId]).map(toJob),
    readdress: (id, address) =>
      inTransaction(database, () => {
        const { changes } = updateAddress.run([JSON.stringify(address), id]);
        if (changes === 0) throw new UserError('too-late', `The clip of job ${id} is not one that waits.`);
        return mustFind(id);
      }),
    finish(id, { state, finishedAtMs, errorCode, pendingNotice }) {
      const job = inTransaction(database, () => {
        updateEnd.run([state, finishedAtMs, errorCode ?? null, jsonOrNull(pendingNotice), id]);
        if (state !== 'done') {
          dropBytes(id);
          refundUse.run([id]);
        }
        return mustFind(id);
      });
      if (state !== 'done') emptyWriteAheadLog(database);
      return job;
    },
    expire: deletions.expire,
    forget: deletions.forget,
    notified: (id) => void updateNotified.run([id]),
    pendingNotices: () =>
      rowsOf(listPendingNotices).map((row) => ({ job: toJob(row), finalNotice: toFinalNotice(row)! })),
  };
}

function jsonOrNull(value: unknown): string | null {
  return value === undefined ? null : JSON.stringify(value);
}

function freshId(isTaken: (id: string) => boolean): string {
  let id: string;
  do id = randomBytes(4).toString('hex');
  while (isTaken(id));
  return id;
}
