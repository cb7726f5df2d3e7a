import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import Libsql from 'libsql';
import { ConfigError } from '../errors.ts';
import { migrations } from './migrations.ts';

/** An open SQLite database of Kinora's shape. */
export type Database = InstanceType<typeof Libsql>;

/**
 * Opens DATA_DIR/kinora.db, makes it where it is missing and brings it up to date.
 * Every commit reaches the disk before it returns: "accepted" must survive a power cut.
 *
 * @throws ConfigError the folder cannot be written, or the file was made by a newer Kinora
 */
export function openDatabase(dataDir: string): Database {
  const path = join(dataDir, 'kinora.db');
  let database: Database;
  try {
    mkdirSync(dataDir, { recursive: true });
    database = new Libsql(path);
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = FULL');
    database.pragma('foreign_keys = ON');
    database.pragma('busy_timeout = 5000');
  } catch (cause) {
    throw new ConfigError('data-dir', `DATA_DIR=${dataDir} cannot hold ${path}; name a folder that Kinora may write.`, {
      cause,
    });
  }
  migrate(database, path);
  return database;
}

function migrate(database: Database, path: string): void {
  const { user_version: version } = database.prepare('PRAGMA user_version').get([]) as { user_version: number };
  if (version > migrations.length) {
    database.close();
    throw new ConfigError('data-newer', `${path} was written by a newer Kinora (shape ${version}); update Kinora.`);
  }
  for (let step = version; step < migrations.length; step++) {
    database.transaction(() => {
      database.exec(migrations[step]!);
      database.exec(`PRAGMA user_version = ${step + 1}`);
    })();
  }
}
