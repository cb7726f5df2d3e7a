import { maxReseeds } from './job.ts';
import type { Database } from './sqlite.ts';

/** The right to render a job: of one holder at a time, for as long as its lease is renewed. */
export interface Attempt {
  readonly jobId: string;
  readonly holder: string;
  /**
   * The fence: it rises with every claim of the job, and what is written with an older one is refused. So a holder that was
   * thought dead, and comes back late, changes nothing.
   */
  readonly number: number;
}

/** What every line of the log about an attempt has. */
export function attemptFields({ jobId, number, holder }: Attempt): { job: string; attempt: number; worker: string } {
  // A holder is named after its process or its bot, then by what an operator calls it.
  return { job: jobId, attempt: number, worker: holder.replace(/^(local|remote) \S+ /, '') };
}

/** How long a lease holds from now on, in milliseconds. */
export interface LeaseTerm {
  nowMs: number;
  leaseMs: number;
}

/**
 * Claims, which SQLite does at once. Methods that write are parts of the caller's transaction.
 *
 * A lease that is over and that nobody has taken is still its holder's: what was rendered meanwhile (the machine was
 * suspended, the clock was set) is not thrown away for nothing. It is lost at the moment in which somebody else claims the
 * job, and when the job is released or ends.
 */
export interface AttemptStore {
  /** Undefined where somebody else holds the job, and where it is none that can be rendered now. */
  claim(jobId: string, claim: LeaseTerm & { holder: string }): Attempt | undefined;
  heartbeat(attempt: Attempt, term: LeaseTerm): boolean;
  release(attempt: Attempt, options: { isCounted: boolean }): boolean;
  /**
   * The job waits again, whoever has it, with another seed, no attempt lost and no checkpoint; false where it has ended, its
   * clip is there, or it was begun anew too often.
   */
  reseed(jobId: string, seed: number): boolean;
  /** Of every holder whose name begins so, and of attempts from before there were leases; tells of how many. */
  releaseHeldBy(prefix: string): number;
  isCurrent(attempt: Attempt): boolean;
  /** `held`: somebody has the job, and its lease is not over. `free`: it can be claimed. `over`: there is nothing to render. */
  claimState(jobId: string, nowMs: number): ClaimState;
  /** As of the store. */
  extendLeases(untilMs: number): number;
}

/** For SQL: the job is rendered by this attempt. Takes its job, its number and its holder. */
export const isCurrentAttempt = `id = ? AND fence = ? AND lease_holder = ? AND state = 'running'`;

/** What {@link isCurrentAttempt} takes. */
export function boundTo({ jobId, number, holder }: Attempt): [string, number, string] {
  return [jobId, number, holder];
}

/** Who may claim a job: see {@link AttemptStore.claimState}. */
export type ClaimState = 'held' | 'free' | 'over';

/** Claims of the jobs in an open database. */
export function createAttemptStore(database: Database): AttemptStore {
  const claim = database.prepare(
    `UPDATE jobs SET state = 'running', attempts = attempts + 1, fence = fence + 1, lease_holder = ?1, lease_until_ms = ?2
     WHERE id = ?3 AND (
       state IN ('queued', 'interrupted')
       OR state = 'running' AND (lease_holder IS NULL OR lease_holder = ?1 OR lease_until_ms <= ?4)
     ) RETURNING fence`,
  );
  const renew = database.prepare(`UPDATE jobs SET lease_until_ms = ? WHERE ${isCurrentAttempt}`);
  const free = `state = 'interrupted', lease_holder = NULL, lease_until_ms = NULL`;
  const release = database.prepare(`UPDATE jobs SET ${free}, attempts = attempts - ? WHERE ${isCurrentAttempt}`);
  const reseed = database.prepare(
    `UPDATE jobs SET settings = json_set(settings, '$.seed', ?),
       attempts = attempts - (state = 'running'), reseeds = reseeds + 1,
       state = CASE state WHEN 'queued' THEN state ELSE 'interrupted' END,
       lease_holder = NULL, lease_until_ms = NULL
     WHERE id = ? AND state IN ('queued', 'running', 'interrupted') AND reseeds < ?`,
  );
  const removeCheckpoint = database.prepare('DELETE FROM checkpoints WHERE job_id = ?');
  const releaseHeld = database.prepare(
    `UPDATE jobs SET ${free}
     WHERE state = 'running' AND (lease_holder IS NULL OR substr(lease_holder, 1, length(?1)) = ?1)`,
  );
  const extend = database.prepare(
    `UPDATE jobs SET lease_until_ms = max(lease_until_ms, ?) WHERE state = 'running' AND lease_holder IS NOT NULL`,
  );
  const select = database.prepare(`SELECT 1 FROM jobs WHERE ${isCurrentAttempt}`);
  const selectState = database.prepare(
    `SELECT CASE
       WHEN state IN ('queued', 'interrupted') THEN 'free'
       WHEN state <> 'running' THEN 'over'
       WHEN lease_holder IS NULL OR lease_until_ms <= ? THEN 'free'
       ELSE 'held' END AS state
     FROM jobs WHERE id = ?`,
  );

  return {
    claim(jobId, { holder, nowMs, leaseMs }) {
      const row = claim.get([holder, nowMs + leaseMs, jobId, nowMs]) as { fence: number } | undefined;
      return row && { jobId, holder, number: row.fence };
    },
    heartbeat: (attempt, { nowMs, leaseMs }) => renew.run([nowMs + leaseMs, ...boundTo(attempt)]).changes > 0,
    release: (attempt, { isCounted }) => release.run([isCounted ? 0 : 1, ...boundTo(attempt)]).changes > 0,
    reseed(jobId, seed) {
      if (reseed.run([seed, jobId, maxReseeds]).changes === 0) return false;
      removeCheckpoint.run([jobId]);
      return true;
    },
    releaseHeldBy: (prefix) => releaseHeld.run([prefix]).changes,
    isCurrent: (attempt) => select.get(boundTo(attempt)) !== undefined,
    extendLeases: (untilMs) => extend.run([untilMs]).changes,
    claimState: (jobId, nowMs) =>
      (selectState.get([nowMs, jobId]) as { state: ClaimState } | undefined)?.state ?? 'over',
  };
}
