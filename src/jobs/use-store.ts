import type { Database } from './database.ts';

/** Cooldown and quota look back this far; older uses are deleted. */
export const quotaPeriodMs = 24 * 3_600_000;

/** Whose uses: everywhere, or in one guild. */
export interface UseScope {
  userId: string;
  guildId?: string;
}

/** When whom was granted a job; the store of jobs writes it, in the same transaction. */
export interface UseStore {
  /** Jobs accepted after `sinceMs` that were not refunded: their times, oldest first. */
  counted(scope: UseScope, sinceMs: number): number[];
  /** When the latest job was accepted, refunded or not. */
  latest(scope: UseScope): number | undefined;
  /** Gives a user the whole quota back. */
  reset(userId: string): void;
  /** Deletes what is older. */
  prune(beforeMs: number): void;
}

/** Uses in the open database. */
export function createUseStore(database: Database): UseStore {
  const where = 'user_id = ? AND (? IS NULL OR guild_id = ?)';
  const counted = database.prepare(
    `SELECT at_ms FROM uses WHERE ${where} AND at_ms > ? AND refunded = 0 ORDER BY at_ms`,
  );
  const latest = database.prepare(`SELECT max(at_ms) AS at_ms FROM uses WHERE ${where}`);
  const reset = database.prepare('DELETE FROM uses WHERE user_id = ?');
  const prune = database.prepare('DELETE FROM uses WHERE at_ms < ?');
  const bound = ({ userId, guildId = null }: { userId: string; guildId?: string | null }) => [userId, guildId, guildId];
  return {
    counted: (scope, sinceMs) =>
      (counted.all([...bound(scope), sinceMs]) as { at_ms: number }[]).map((row) => row.at_ms),
    latest: (scope) => (latest.get(bound(scope)) as { at_ms: number | null }).at_ms ?? undefined,
    reset: (userId) => void reset.run([userId]),
    prune: (beforeMs) => void prune.run([beforeMs]),
  };
}
