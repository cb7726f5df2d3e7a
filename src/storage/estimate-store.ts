import { type Database, repository } from './sqlite.ts';

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
  all(): Promise<Map<string, Estimate>>;
  set(key: string, estimate: Estimate): Promise<void>;
}

/** Measured times in the open database. */
export function createEstimateStore(database: Database): EstimateStore {
  const selectAll = database.prepare('SELECT * FROM estimates');
  const upsert = database.prepare('INSERT OR REPLACE INTO estimates VALUES (?, ?, ?, ?)');
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
    set: (key, { secondsBefore, secondsPerStep, secondsAfter }) =>
      void upsert.run([key, secondsBefore, secondsPerStep, secondsAfter]),
  });
}
