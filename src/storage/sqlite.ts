import type Libsql from 'libsql';

type LibsqlDatabase = InstanceType<typeof Libsql>;

/** A statement of SQL; its values are given as one list. */
interface Statement {
  run(...values: unknown[]): ReturnType<ReturnType<LibsqlDatabase['prepare']>['run']>;
  get(...values: unknown[]): unknown;
  all(...values: unknown[]): unknown[];
}

/** An open SQLite database of Kinora's shape. */
export type Database = Omit<LibsqlDatabase, 'prepare'> & { prepare(source: string): Statement };

/**
 * Has the database prepare a statement when it is first run: a start needs few of the hundred that the repositories have, and
 * preparing all of them takes 2 ms.
 */
export function prepareLate(database: Database): void {
  const prepare = database.prepare.bind(database);
  database.prepare = (source) => {
    let statement: Statement | undefined;
    const prepared = () => {
      statement ??= prepare(source);
      return statement;
    };
    return {
      run: (...values) => prepared().run(...values),
      get: (...values) => prepared().get(...values),
      all: (...values) => prepared().all(...values),
    };
  };
}

/** How long a statement waits for another connection's lock, in milliseconds. */
export const busyTimeoutMs = 5_000;

/** SQLite's primary result codes (sqlite.org/rescode.html). */
export const sqliteCodes = {
  error: 1,
  busy: 5,
  readOnly: 8,
  ioError: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  constraint: 19,
  notADatabase: 26,
} as const;

/** The primary result code of an error of SQLite; undefined for other errors. */
export function sqliteCodeOf(error: unknown): number | undefined {
  const rawCode = error instanceof Error && 'rawCode' in error ? error.rawCode : undefined;
  // The low byte of an extended code is the primary one.
  return typeof rawCode === 'number' ? rawCode & 0xff : undefined;
}

/** A repository's methods, some of which SQLite does at once. */
type SomeAtOnce<Repository> = {
  [Name in keyof Repository]: Repository[Name] extends (...values: infer Values) => Promise<infer Result>
    ? (...values: Values) => Result | Promise<Result>
    : never;
};

/** Called after a method's work is done, with what it gave and what it was called with. None may throw. */
export type Observers<Repository> = {
  [Name in keyof Repository]?: Repository[Name] extends (...values: infer Values) => Promise<infer Result>
    ? (result: Result, ...values: Values) => void
    : never;
};

/**
 * A repository over methods that do their work at once: each of those is done, and committed, in the order of the calls and
 * before the call returns; its promise settles afterwards. Methods that give a promise themselves stay as they are.
 */
export function repository<Repository extends object>(methods: SomeAtOnce<Repository>): Repository {
  return observedRepository({}, methods);
}

/** As {@link repository}, and tells what was done. */
export function observedRepository<Repository extends object>(
  observers: Observers<Repository>,
  methods: SomeAtOnce<Repository>,
): Repository {
  const entries = Object.entries(methods as Record<string, (...values: unknown[]) => unknown>);
  const hear = observers as Readonly<Record<string, ((...values: unknown[]) => void) | undefined>>;
  return Object.fromEntries(
    entries.map(([name, method]) => [
      name,
      async (...values: unknown[]) => {
        const result = method(...values);
        if (hear[name] === undefined) return result;
        const settled = await result;
        hear[name](settled, ...values);
        return settled;
      },
    ]),
  ) as Repository;
}

/** Runs `work`, which only reads, on one state of the database, whatever other processes write meanwhile. */
export function inSnapshot<T>(database: Database, work: () => T): T {
  database.exec('BEGIN');
  try {
    return work();
  } finally {
    rollBack(database);
  }
}

/**
 * Runs `work` as one transaction: all of its writes are committed when this returns, and none when it throws.
 *
 * The library's own `transaction()` reports "cannot rollback - no transaction is active" for a full disk, since SQLite
 * has rolled back by then; here the error that `work` met surfaces. Transactions do not nest.
 */
export function inTransaction<T>(database: Database, work: () => T): T {
  // One that could not be rolled back before, e.g. because the disk failed, would refuse every new one.
  rollBack(database);
  // IMMEDIATE: a lock that another process holds is met here, before anything was done.
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    rollBack(database);
    throw error;
  }
}

function rollBack(database: Database): void {
  if (!database.inTransaction) return;
  try {
    database.exec('ROLLBACK');
  } catch {
    // The error that led here says more, and the next transaction tries again.
  }
}

/**
 * Moves what was committed from the write-ahead log into the database file and cuts the log to no bytes, so that what
 * was deleted is in neither file (with `secure_delete`, which overwrites deleted content with zeros).
 *
 * False where another connection reads at this moment, or the disk fails: nothing is lost then, and a later call does it.
 */
export function emptyWriteAheadLog(database: Database): boolean {
  try {
    // Not worth a wait: the caller is on the event loop that holds the Discord connection.
    database.pragma('busy_timeout = 0');
    try {
      const [row] = database.pragma('wal_checkpoint(TRUNCATE)') as { busy: number }[];
      return row?.busy === 0;
    } finally {
      database.pragma(`busy_timeout = ${busyTimeoutMs}`);
    }
  } catch {
    return false;
  }
}
