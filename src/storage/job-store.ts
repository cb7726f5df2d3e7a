import { StorageError, UserError } from '../errors.ts';
import type { Clip } from '../settings/clip.ts';
import { type Attempt, type ClaimState, createAttemptStore, type LeaseTerm } from './attempts.ts';
import { createBlobStore } from './blobs.ts';
import { createCheckpointStore } from './checkpoints.ts';
import { createClipStore, type MadeClip } from './clips.ts';
import { createDeletions, type ExpireOptions } from './delete-jobs.ts';
import type { JobEnd } from './final-notice.ts';
import { clipCountOf, type Job, type NewJob } from './job.ts';
import { createJobLists, type JobLists } from './job-lists.ts';
import { createPictureStore, type StoredPictures, storingPictures } from './pictures.ts';
import { type Database, emptyWriteAheadLog, inTransaction, type Observers, observedRepository } from './sqlite.ts';
import { createJobInsert, finalStates, freshId, type JobRow, jobColumns, jsonOrNull, toJob } from './stored-rows.ts';
import { createVariationStore } from './variations.ts';

/**
 * Jobs, pictures, checkpoints and finished clips. Every method but `forget` and `dropVariations` is one transaction,
 * committed and on the disk when its promise resolves; when it rejects, everything is as it was. What an {@link Attempt}
 * writes is refused once its job is another attempt's, was released or has ended.
 */
export interface JobStore extends JobLists {
  /**
   * Takes a job in with its picture, or its two.
   * Rejects with UserError `clip-expired` where the job whose picture it was to have has none any more, and `already-asked`
   * where another job has its unique key.
   */
  add(job: NewJob, createdAtMs: number): Promise<Job>;
  /** Rejects with StorageError `job-damaged` where its row cannot be read. */
  find(id: string): Promise<Job | undefined>;
  /** Numbers of a job's variations that were picked, and whose picks neither failed nor were cancelled. */
  picked(id: string): Promise<number[]>;
  /** Drops variations that were shown an hour ago or are all picked, once no pick needs them; of how many jobs. */
  dropVariations(nowMs: number): Promise<number>;
  /** Whether a job has this unique key that neither failed nor was cancelled. */
  hasUniqueKey(uniqueKey: string): Promise<boolean>;
  /** The picture's file; undefined once it was deleted. */
  picture(id: string): Promise<Uint8Array | undefined>;
  /** The file of the picture that the clip ends with; undefined where it has none, and once it was deleted. */
  endPicture(id: string): Promise<Uint8Array | undefined>;
  /** Whether there is a picture, and both where it came with two, without reading them. */
  hasPicture(id: string): Promise<boolean>;
  /** Whether the clip's frames are kept ({@link Clip.master}), without reading them. */
  hasFrames(id: string): Promise<boolean>;
  /** Whether a picture of the job is gone because the person was forgotten who had handed it in. */
  pictureWasForgotten(id: string): Promise<boolean>;
  /** The rendered clip; undefined before there is one, once it was deleted, and where it cannot be read. */
  clip(id: string): Promise<Clip | undefined>;
  /** What a clip was made with; stays when its bytes are deleted. */
  made(id: string): Promise<MadeClip | undefined>;
  /**
   * Rendering begins: one attempt more. Undefined where another holder has the job and its lease is not over, and where the
   * job is none that waits. The same holder may claim its job again: its earlier attempt is then over.
   */
  claim(id: string, claim: LeaseTerm & { holder: string }): Promise<{ job: Job; attempt: Attempt } | undefined>;
  /** Whether a job can be claimed, whoever asks. */
  claimState(id: string, nowMs: number): Promise<ClaimState>;
  /** Renews the lease of a claimed job; false where it is lost. */
  heartbeat(attempt: Attempt, term: LeaseTerm): Promise<boolean>;
  /**
   * The job waits again, as one that was broken off. `isCounted`: the attempt counts, since it may be to blame. False where
   * it was lost already.
   */
  release(attempt: Attempt, options: { isCounted: boolean }): Promise<boolean>;
  /** The job begins anew, without its checkpoint and with no attempt lost. Undefined as {@link AttemptStore.reseed} says. */
  reseed(id: string, seed: number): Promise<Job | undefined>;
  /**
   * Releases what every holder has whose name begins so: for a process that knows that they are gone. Tells of how many
   * jobs. Their attempts count.
   */
  releaseHeldBy(prefix: string): Promise<number>;
  /** Every job that somebody renders is theirs at least until then; how many. For a start: nobody could renew a lease before. */
  extendLeases(untilMs: number): Promise<number>;
  /**
   * Keeps how far the rendering has come, instead of what was kept before. False where the attempt is lost, or the picture
   * was forgotten.
   */
  saveCheckpoint(attempt: Attempt, bytes: Uint8Array): Promise<boolean>;
  /** What was saved last; undefined where there is none, and once the job was rendered or ended. */
  checkpoint(id: string): Promise<Uint8Array | undefined>;
  /** Rendering ended well: keeps the clip until it is delivered. Undefined where the attempt is lost. */
  keepClip(attempt: Attempt, clip: Clip, renderedAtMs: number): Promise<Job | undefined>;
  /** A clip that was to be delivered cannot be read: its job waits again, as one that was broken off. */
  renderAgain(id: string): Promise<void>;
  /** Every way to the requester is closed: the clip is kept for them. The quota does not get it back. */
  keepUndelivered(id: string): Promise<void>;
  /**
   * A clip that could not be delivered is on its way again, to a new address.
   * Rejects with UserError `too-late` where it is not one of these any more.
   */
  readdress(id: string, address: unknown): Promise<Job>;
  /**
   * The end. A delivered clip and its picture stay, for its buttons, until {@link JobStore.expire}; of other ends only the
   * row stays, and the daily quota gets its clip back. `pendingNotice` is kept until {@link JobStore.notified}. Undefined,
   * and nothing is changed, where the job has ended already, and where it is the end of an attempt that is lost.
   */
  finish(id: string, end: JobEnd): Promise<Job | undefined>;
  /**
   * Deletes pictures and clips of jobs that ended before, and tells of how many jobs. What clips were made with stays.
   * Clips that were ready before and that nobody could be given end as failed, with the code `clip-expired`; so do damaged
   * jobs that came before, with `job-damaged`.
   */
  expire(endedBeforeMs: number, options?: ExpireOptions): Promise<number>;
  /**
   * Deletes what is kept of a user's jobs that have ended or could not be delivered, and every picture that the user
   * handed in, whoever's jobs have it. Tells how many jobs were deleted, and how many have not ended. Of many jobs it
   * takes several transactions: where it rejects, ask again for the rest.
   */
  forget(userId: string): Promise<{ deleted: number; left: number }>;
  /** The requester knows how the job ended. */
  notified(id: string): Promise<void>;
}

/** The store over an open database. */
export function createJobStore(database: Database, observers: Observers<JobStore> = {}): JobStore {
  const pictures = createPictureStore(database);
  const attempts = createAttemptStore(database);
  const blobs = createBlobStore(database);
  const clips = createClipStore(database, blobs);
  const checkpoints = createCheckpointStore(database, blobs);
  const deletions = createDeletions(database, { pictures, blobs });
  const variations = createVariationStore(database, blobs);
  const insertJob = createJobInsert(database);
  const selectUniqueKey = database.prepare(
    `SELECT 1 FROM jobs WHERE unique_key = ? AND state NOT IN ('failed', 'cancelled')`,
  );
  const selectJob = database.prepare(`SELECT ${jobColumns} FROM jobs WHERE id = ?`);
  const exists = database.prepare('SELECT 1 FROM jobs WHERE id = ?');
  const noLease = 'lease_holder = NULL, lease_until_ms = NULL';
  const updateRendered = database.prepare(
    `UPDATE jobs SET state = 'delivering', rendered_at_ms = ?, ${noLease} WHERE id = ?`,
  );
  const updateState = database.prepare('UPDATE jobs SET state = ? WHERE id = ? AND state = ?');
  const updateAddress = database.prepare(
    `UPDATE jobs SET state = 'delivering', address = ? WHERE id = ? AND state = 'undelivered'`,
  );
  const updateEnd = database.prepare(
    `UPDATE jobs SET state = ?, finished_at_ms = ?, error_code = ?, pending_notice = ?, ${noLease}
     WHERE id = ? AND state NOT IN ${finalStates}`,
  );
  const updateNotified = database.prepare('UPDATE jobs SET pending_notice = NULL WHERE id = ?');
  const insertUse = database.prepare(
    'INSERT INTO uses (job_id, user_id, guild_id, at_ms, clips) VALUES (?, ?, ?, ?, ?)',
  );
  const refundUse = database.prepare('UPDATE uses SET refunded = 1 WHERE job_id = ?');

  function find(id: string): Job | undefined {
    const row = selectJob.get([id]) as JobRow | undefined;
    return row && toJob(row);
  }

  function hasUniqueKey(uniqueKey: string): boolean {
    return selectUniqueKey.get([uniqueKey]) !== undefined;
  }

  function mustFind(id: string): Job {
    const job = find(id);
    if (job === undefined) throw new StorageError('job-unknown', `There is no job ${id}.`, { scope: 'job' });
    return job;
  }

  /** Deletes the bytes of a job that ends otherwise than delivered. */
  function dropBytes(id: string): void {
    pictures.release(id);
    clips.remove(id);
    checkpoints.remove(id);
  }

  function add(job: NewJob, { picture, endPicture, createdAtMs }: StoredPictures & { createdAtMs: number }): Job {
    return inTransaction(database, () => {
      const { userId, guildId, uniqueKey } = job;
      if (uniqueKey !== undefined && hasUniqueKey(uniqueKey)) {
        throw new UserError('already-asked', 'The same was asked for before.');
      }
      const id = freshId((candidate) => exists.get([candidate]) !== undefined);
      const pictureId = pictures.add(userId, picture, 'first');
      const endPictureId = endPicture && pictures.add(userId, endPicture, 'end');
      insertJob(job, { id, createdAtMs, pictureId, endPictureId });
      const added = mustFind(id);
      insertUse.run([id, userId, guildId, createdAtMs, job.quotaClips ?? clipCountOf(added)]);
      variations.added(added);
      return added;
    });
  }

  return observedRepository<JobStore>(observers, {
    find,
    hasUniqueKey,
    picked: variations.picked,
    dropVariations: variations.drop,
    add: (job, createdAtMs) => storingPictures(blobs, job, (stored) => add(job, { ...stored, createdAtMs })),
    ...createJobLists(database),
    picture: (id) => blobs.read(() => pictures.of(id, 'first')),
    endPicture: (id) => blobs.read(() => pictures.of(id, 'end')),
    hasPicture: pictures.has,
    hasFrames: clips.hasFrames,
    pictureWasForgotten: pictures.wasForgotten,
    clip: clips.read,
    made: clips.made,
    claim: (id, claim) =>
      inTransaction(database, () => {
        const attempt = attempts.claim(id, claim);
        return attempt && { attempt, job: mustFind(id) };
      }),
    claimState: attempts.claimState,
    heartbeat: attempts.heartbeat,
    release: attempts.release,
    async reseed(id, seed) {
      const job = inTransaction(database, () => (attempts.reseed(id, seed) ? mustFind(id) : undefined));
      await blobs.erase();
      return job;
    },
    releaseHeldBy: attempts.releaseHeldBy,
    extendLeases: attempts.extendLeases,
    saveCheckpoint: checkpoints.save,
    checkpoint: checkpoints.read,
    async keepClip(attempt, { bytes, master, ...made }, renderedAtMs) {
      const parts = master === undefined ? [bytes] : [bytes, master];
      const job = await blobs.storing(parts, ([clip, frames]) =>
        inTransaction(database, () => {
          if (!attempts.isCurrent(attempt)) return undefined;
          const id = attempt.jobId;
          clips.keep(id, made, { bytes: clip!, master: frames });
          checkpoints.remove(id);
          updateRendered.run([renderedAtMs, id]);
          const kept = mustFind(id);
          variations.kept(kept);
          return kept;
        }),
      );
      await blobs.erase();
      return job;
    },
    renderAgain: (id) => void updateState.run(['interrupted', id, 'delivering']),
    keepUndelivered: (id) => void updateState.run(['undelivered', id, 'delivering']),
    readdress: (id, address) =>
      inTransaction(database, () => {
        const { changes } = updateAddress.run([JSON.stringify(address), id]);
        if (changes === 0) throw new UserError('too-late', `The clip of job ${id} is not one that waits.`);
        return mustFind(id);
      }),
    async finish(id, { state, finishedAtMs, errorCode, pendingNotice, attempt }) {
      const job = inTransaction(database, () => {
        if (attempt !== undefined && !attempts.isCurrent(attempt)) return undefined;
        const end = [state, finishedAtMs, errorCode ?? null, jsonOrNull(pendingNotice)];
        if (updateEnd.run([...end, id]).changes === 0) return undefined;
        if (state !== 'done') {
          dropBytes(id);
          refundUse.run([id]);
        }
        const ended = mustFind(id);
        variations.shown(ended, finishedAtMs);
        return ended;
      });
      if (state !== 'done') {
        await blobs.erase();
        emptyWriteAheadLog(database);
      }
      return job;
    },
    expire: deletions.expire,
    forget: deletions.forget,
    notified: (id) => void updateNotified.run([id]),
  });
}
