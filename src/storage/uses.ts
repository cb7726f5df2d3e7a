import { type Database, inTransaction, repository } from './sqlite.ts';

/** Cooldown and quota look back this far; older uses are deleted. */
export const quotaPeriodMs = 24 * 3_600_000;

/** Whose uses: everywhere, or in one guild. */
export interface UseScope {
  userId: string;
  guildId?: string;
}

/** When whom was granted a job; the store of jobs writes it, in the same transaction. */
export interface UseStore {
  /** Jobs accepted after `sinceMs` that were not refunded: their times, oldest first, twice of those that count as two clips. */
  counted(scope: UseScope, sinceMs: number): Promise<number[]>;
  /** When the latest job was accepted, refunded or not, of those at `untilMs` at the latest; default: of all. */
  latest(scope: UseScope, untilMs?: number): Promise<number | undefined>;
  /** Gives a user the whole quota back. */
  reset(userId: string): Promise<void>;
  /** Deletes what is older than the period. What lies in the future, since the clock was set back, is of now from then on. */
  prune(nowMs: number): Promise<void>;
}

/** Uses in the open database. */
export function createUseStore(database: Database): UseStore {
  const where = 'user_id = ? AND (? IS NULL OR guild_id = ?)';
  const counted = database.prepare(
    `SELECT at_ms, clips FROM uses WHERE ${where} AND at_ms > ? AND refunded = 0 ORDER BY at_ms`,
  );
  const latest = database.prepare(`SELECT max(at_ms) AS at_ms FROM uses WHERE ${where} AND at_ms <= ?`);
  const reset = database.prepare('DELETE FROM uses WHERE user_id = ?');
  const deleteOlder = database.prepare('DELETE FROM uses WHERE at_ms < ?');
  const bringBack = database.prepare('UPDATE uses SET at_ms = ?1 WHERE at_ms > ?1');
  const bound = ({ userId, guildId = null }: { userId: string; guildId?: string | null }) => [userId, guildId, guildId];
  return repository<UseStore>({
    counted: (scope, sinceMs) =>
      (counted.all([...bound(scope), sinceMs]) as { at_ms: number; clips: number }[]).flatMap(({ at_ms, clips }) =>
        Array.from({ length: clips }, () => at_ms),
      ),
    latest: (scope, untilMs = Number.MAX_SAFE_INTEGER) =>
      (latest.get([...bound(scope), untilMs]) as { at_ms: number | null }).at_ms ?? undefined,
    reset: (userId) => void reset.run([userId]),
    prune: (nowMs) =>
      inTransaction(database, () => {
        deleteOlder.run([nowMs - quotaPeriodMs]);
        bringBack.run([nowMs]);
      }),
  });
}
