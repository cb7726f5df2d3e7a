import Libsql from 'libsql';
import { ConfigError } from '../errors.ts';
import { DamagedFile } from './database-failure.ts';
import { migrations } from './migrations.ts';
import type { Database } from './sqlite.ts';

/**
 * Up to this size the whole file is checked at every start, which reads it once: 0.2 s of processor time for 500 MB, and
 * what the disk takes. Of larger files only the tables without pictures and clips are checked.
 */
const defaultFullCheckBytes = 2 * 2 ** 30;

/** Tables of bytes; damage in them is met by the job whose bytes they are. */
const blobTables: ReadonlySet<string> = new Set(['pictures', 'clips', 'checkpoints']);

/** What {@link checkSound} is told. */
export interface SoundnessOptions {
  /** For messages. */
  path: string;
  /** Up to this size the whole file is checked. Default 2 GiB. */
  fullCheckBytes?: number;
}

/**
 * The shape that the file has: the migrations that were taken.
 *
 * @throws DamagedFile it is not a whole database of Kinora; ConfigError `data-newer`
 */
export function checkSound(
  database: Database,
  { path, fullCheckBytes = defaultFullCheckBytes }: SoundnessOptions,
): number {
  const version = numberOf(database, 'user_version');
  if (version > migrations.length) {
    throw new ConfigError('data-newer', `${path} was written by a newer Kinora (shape ${version}); update Kinora.`);
  }
  const tables = tablesOf(database);
  if (version === 0 && tables.length > 0) throw new DamagedFile('it is a database of another program');
  const missing = tablesAfter(version).filter((name) => !tables.includes(name));
  if (missing.length > 0) throw new DamagedFile(`it lacks ${missing.join(', ')}`);
  const bytes = numberOf(database, 'page_count') * numberOf(database, 'page_size');
  const checks =
    bytes <= fullCheckBytes
      ? ['quick_check(1)']
      : tables.filter((name) => !blobTables.has(name)).map((name) => `quick_check("${name}")`);
  for (const check of checks) {
    const [row] = database.prepare(`PRAGMA ${check}`).all([]) as { quick_check: string }[];
    if (row?.quick_check !== 'ok') throw new DamagedFile(String(row?.quick_check).replaceAll(/\s+/g, ' '));
  }
  return version;
}

/** The number that the pragma gives. */
export function numberOf(database: Database, pragma: 'user_version' | 'page_count' | 'page_size'): number {
  return (database.prepare(`PRAGMA ${pragma}`).get([]) as Record<string, number>)[pragma]!;
}

/** The names of the tables, SQLite's own left out. */
export function tablesOf(database: Database): string[] {
  const rows = database.prepare(`SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`);
  return (rows.all([]) as { name: string }[]).map(({ name }) => name);
}

/** By the number of migrations: the tables that a file has after them. Taking them all costs more than all other checks. */
const knownTables = new Map<number, readonly string[]>();

function tablesAfter(version: number): readonly string[] {
  const known = knownTables.get(version);
  if (known !== undefined) return known;
  const model = new Libsql(':memory:');
  for (const migration of migrations.slice(0, version)) model.exec(migration);
  const tables = tablesOf(model);
  model.close();
  knownTables.set(version, tables);
  return tables;
}
