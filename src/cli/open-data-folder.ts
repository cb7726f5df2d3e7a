import { ConfigError } from '../errors.ts';
import { openDatabase } from '../storage/database.ts';
import { describeHolder, type Lease, takeLease } from '../storage/lease.ts';
import type { Database } from '../storage/sqlite.ts';
import { systemClock } from '../util/clock.ts';
import type { Log } from '../util/log.ts';

/** An open data folder that no other process works with. */
interface DataFolder {
  database: Database;
  lease: Lease;
  /** Rejects with ConfigError `data-in-use` when another process has taken it over. Never resolves. */
  lost: Promise<never>;
}

/**
 * Opens DATA_DIR and takes its lease.
 * @throws ConfigError it cannot be used, e.g. because another bot works with it
 */
export function openDataFolder(dataDir: string, log: Log): DataFolder {
  const database = openDatabase(dataDir);
  let lose = (_: ConfigError) => {};
  const lost = new Promise<never>((_, reject) => {
    lose = reject;
  });
  lost.catch(() => {});
  // Of the machine's clock: it is about processes, and no test's time is theirs.
  const lease = takeLease(database, {
    clock: systemClock,
    log,
    onLost: (taker) =>
      lose(new ConfigError('data-in-use', `DATA_DIR=${dataDir} was taken over: ${describeHolder(taker)}.`)),
  });
  return { database, lease, lost };
}
