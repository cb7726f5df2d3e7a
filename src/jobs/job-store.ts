import { randomBytes } from 'node:crypto';
import type { Clip, FitName } from '../render/types.ts';
import type { Database } from './database.ts';
import type { ClipForm, FinalJobState, Job, JobParent, JobSettings, JobState, NewJob } from './job.ts';
import { type LastWord, parseLastWord } from './last-word.ts';

/** Jobs, pictures and finished clips on disk. Every method is one committed transaction when it returns. */
export interface JobStore {
  /** Takes a job in with its picture. */
  add(job: NewJob, createdAtMs: number): Job;
  find(id: string): Job | undefined;
  /** Jobs that were accepted and not ended, in the order of arrival. */
  unfinished(): Job[];
  /** The picture's file; undefined once it was deleted. */
  picture(id: string): Uint8Array | undefined;
  /** The rendered clip; undefined before there is one, and once it was deleted. */
  clip(id: string): Clip | undefined;
  /** What a clip was made with; stays when its bytes are deleted. */
  made(id: string): MadeClip | undefined;
  /** Rendering begins: one attempt more. */
  start(id: string): Job;
  /** The job waits again. `refundAttempt`: the attempt was broken off by us, not by a fault. */
  putBack(id: string, state: 'queued' | 'interrupted', options?: { refundAttempt: boolean }): Job;
  /** Rendering ended well: keeps the clip until it is delivered. */
  keepClip(id: string, clip: Clip): Job;
  /**
   * The end. A delivered clip and its picture stay, for its buttons, until {@link JobStore.expire}; of other ends only the
   * row stays, and the daily quota gets its clip back. `untold` is kept until {@link JobStore.told}.
   */
  finish(id: string, end: { state: FinalJobState; finishedAtMs: number; errorCode?: string; untold?: LastWord }): Job;
  /** Deletes pictures and clips of jobs that ended before, and tells of how many. What clips were made with stays. */
  expire(endedBeforeMs: number): number;
  /** Deletes what is kept of a user's ended jobs. Tells how many were deleted, and how many have not ended. */
  forget(userId: string): { deleted: number; left: number };
  /** The requester knows how the job ended. */
  told(id: string): void;
  /** Ended jobs whose requester does not know yet, in the order of arrival. */
  untold(): { job: Job; lastWord: LastWord }[];
}

/** A clip without its bytes. */
type MadeClip = Omit<Clip, 'bytes' | 'master'>;

interface JobRow {
  id: string;
  state: JobState;
  user_id: string;
  guild_id: string | null;
  address: string;
  settings: string;
  fit: FitName;
  form: string | null;
  parent: string | null;
  max_bytes: number;
  attempts: number;
  created_at_ms: number;
}

function toJob(row: JobRow): Job {
  return {
    id: row.id,
    state: row.state,
    userId: row.user_id,
    guildId: row.guild_id,
    address: JSON.parse(row.address),
    settings: JSON.parse(row.settings) as JobSettings,
    fit: row.fit,
    ...(row.form !== null && { form: JSON.parse(row.form) as Partial<ClipForm> }),
    ...(row.parent !== null && { parent: JSON.parse(row.parent) as JobParent }),
    maxBytes: row.max_bytes,
    attempts: row.attempts,
    createdAtMs: row.created_at_ms,
  };
}

interface ClipRow {
  bytes: Uint8Array;
  made: string;
  master: Uint8Array | null;
}

function toClip({ bytes, made, master }: ClipRow): Clip {
  return { ...(JSON.parse(made) as MadeClip), bytes, ...(master !== null && { master }) };
}

function jsonOrNull(value: unknown): string | null {
  return value === undefined ? null : JSON.stringify(value);
}

/** The store over an open database. */
export function createJobStore(database: Database): JobStore {
  const insertJob = database.prepare(
    `INSERT INTO jobs (id, state, user_id, guild_id, address, settings, fit, max_bytes, created_at_ms, form, parent)
     VALUES (?, 'queued', ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const insertPicture = database.prepare('INSERT INTO pictures (job_id, bytes) VALUES (?, ?)');
  const insertClip = database.prepare('INSERT OR REPLACE INTO clips (job_id, bytes, made, master) VALUES (?, ?, ?, ?)');
  const selectJob = database.prepare('SELECT * FROM jobs WHERE id = ?');
  const selectUnfinished = database.prepare(
    `SELECT * FROM jobs WHERE state IN ('queued', 'running', 'interrupted', 'delivering') ORDER BY sequence`,
  );
  const selectPicture = database.prepare('SELECT bytes FROM pictures WHERE job_id = ?');
  const selectClip = database.prepare('SELECT bytes, made, master FROM clips WHERE job_id = ?');
  const selectMade = database.prepare('SELECT made FROM clips WHERE job_id = ?');
  const updateState = database.prepare('UPDATE jobs SET state = ?, attempts = attempts + ? WHERE id = ?');
  const updateEnd = database.prepare(
    'UPDATE jobs SET state = ?, finished_at_ms = ?, error_code = ?, untold = ? WHERE id = ?',
  );
  const updateTold = database.prepare('UPDATE jobs SET untold = NULL WHERE id = ?');
  const selectUntold = database.prepare('SELECT * FROM jobs WHERE untold IS NOT NULL ORDER BY sequence');
  const deletePicture = database.prepare('DELETE FROM pictures WHERE job_id = ?');
  const deleteClip = database.prepare('DELETE FROM clips WHERE job_id = ?');
  const insertUse = database.prepare('INSERT INTO uses (job_id, user_id, guild_id, at_ms) VALUES (?, ?, ?, ?)');
  const refundUse = database.prepare('UPDATE uses SET refunded = 1 WHERE job_id = ?');
  const ended = "state IN ('done', 'failed', 'cancelled')";
  // What a job goes on from that has not ended is still needed.
  const needed = `SELECT json_extract(parent, '$.id') FROM jobs WHERE parent IS NOT NULL AND NOT (${ended})`;
  const expired = `job_id IN (SELECT id FROM jobs WHERE ${ended} AND finished_at_ms < ? AND id NOT IN (${needed}))`;
  const expirePictures = database.prepare(`DELETE FROM pictures WHERE ${expired}`);
  const expireClips = database.prepare(
    `UPDATE clips SET bytes = x'', master = NULL WHERE length(bytes) > 0 AND ${expired}`,
  );
  const deleteEnded = database.prepare(`DELETE FROM jobs WHERE user_id = ? AND ${ended}`);
  const countOf = database.prepare('SELECT count(*) AS count FROM jobs WHERE user_id = ?');

  function find(id: string): Job | undefined {
    const row = selectJob.get([id]) as JobRow | undefined;
    return row && toJob(row);
  }

  function moveTo(id: string, state: JobState, attempts: -1 | 0 | 1): Job {
    updateState.run([state, attempts, id]);
    return find(id)!;
  }

  return {
    find,
    add: (job, createdAtMs) =>
      database.transaction(() => {
        const id = freshId(find);
        const { userId, guildId, address, settings, fit, maxBytes } = job;
        const columns = [id, userId, guildId, JSON.stringify(address), JSON.stringify(settings)];
        insertJob.run([...columns, fit, maxBytes, createdAtMs, jsonOrNull(job.form), jsonOrNull(job.parent)]);
        insertPicture.run([id, job.picture]);
        insertUse.run([id, userId, guildId, createdAtMs]);
        return find(id)!;
      })(),
    unfinished: () => (selectUnfinished.all([]) as JobRow[]).map(toJob),
    picture: (id) => (selectPicture.get([id]) as { bytes: Uint8Array } | undefined)?.bytes,
    clip(id) {
      const row = selectClip.get([id]) as ClipRow | undefined;
      if (row === undefined || row.bytes.byteLength === 0) return undefined;
      return toClip(row);
    },
    made(id) {
      const row = selectMade.get([id]) as Pick<ClipRow, 'made'> | undefined;
      return row && (JSON.parse(row.made) as MadeClip);
    },
    start: (id) => moveTo(id, 'running', 1),
    putBack: (id, state, options) => moveTo(id, state, options?.refundAttempt ? -1 : 0),
    keepClip: (id, { bytes, master, ...made }) =>
      database.transaction(() => {
        insertClip.run([id, bytes, JSON.stringify(made), master ?? null]);
        return moveTo(id, 'delivering', 0);
      })(),
    finish: (id, { state, finishedAtMs, errorCode, untold }) =>
      database.transaction(() => {
        updateEnd.run([state, finishedAtMs, errorCode ?? null, untold ? JSON.stringify(untold) : null, id]);
        if (state !== 'done') {
          deletePicture.run([id]);
          deleteClip.run([id]);
          refundUse.run([id]);
        }
        return find(id)!;
      })(),
    expire: (endedBeforeMs) =>
      database.transaction(() => {
        const { changes } = expirePictures.run([endedBeforeMs]);
        expireClips.run([endedBeforeMs]);
        return changes;
      })(),
    forget: (userId) =>
      database.transaction(() => {
        const { changes: deleted } = deleteEnded.run([userId]);
        return { deleted, left: (countOf.get([userId]) as { count: number }).count };
      })(),
    told: (id) => void updateTold.run([id]),
    untold: () =>
      (selectUntold.all([]) as (JobRow & { untold: string })[]).map((row) => ({
        job: toJob(row),
        lastWord: parseLastWord(row.untold),
      })),
  };
}

function freshId(find: (id: string) => Job | undefined): string {
  let id: string;
  do id = randomBytes(4).toString('hex');
  while (find(id));
  return id;
}
