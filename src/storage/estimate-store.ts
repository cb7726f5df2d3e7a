import { type Database, inTransaction, repository } from './sqlite.ts';

/** How long the parts of a render take, in seconds. */
export interface Estimate {
  /** Everything before the first step. */
  secondsBefore: number;
  secondsPerStep: number;
  /** Decoding and encoding. */
  secondsAfter: number;
}

/** Measured times, by kind of render. */
export interface EstimateStore {
  /** Those that were stored longest ago first. */
  all(): Promise<Map<string, Estimate>>;
  /** Stores some and forgets others, at once. */
  set(estimates: ReadonlyMap<string, Estimate>, forgotten?: readonly string[]): Promise<void>;
}

/** Measured times in the open database. */
export function createEstimateStore(database: Database): EstimateStore {
  const selectAll = database.prepare('SELECT * FROM estimates ORDER BY rowid');
  // A row that is replaced is the newest one again.
  const upsert = database.prepare('INSERT OR REPLACE INTO estimates VALUES (?, ?, ?, ?)');
  const remove = database.prepare('DELETE FROM estimates WHERE key = ?');
  return repository<EstimateStore>({
    all() {
      const rows = selectAll.all([]) as Record<string, number>[];
      return new Map(
        rows.map((row) => [
          String(row.key),
          {
            secondsBefore: row.seconds_before!,
            secondsPerStep: row.seconds_per_step!,
            secondsAfter: row.seconds_after!,
          },
        ]),
      );
    },
    set(estimates, forgotten = []) {
      inTransaction(database, () => {
        for (const key of forgotten) remove.run([key]);
        for (const [key, { secondsBefore, secondsPerStep, secondsAfter }] of estimates)
          upsert.run([key, secondsBefore, secondsPerStep, secondsAfter]);
      });
    },
  });
}
