import { randomUUID } from 'node:crypto';
import { dirname } from 'node:path';
import { ConfigError } from '../errors.ts';
import type { Clock } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import { openFailure } from './database-failure.ts';
import { identityOf, lifeOf, type ProcessIdentity } from './process-identity.ts';
import { type Database, inTransaction } from './sqlite.ts';

/** Between two heartbeats of the holder, in milliseconds. */
export const heartbeatMs = 5_000;

/** Where nothing better is known, a holder without a heartbeat for longer than this is gone. In milliseconds. */
export const staleAfterMs = 30_000;

/** Who works with a data folder. Times are milliseconds since 1970. */
export interface LeaseHolder {
  host: string;
  pid: number;
  sinceMs: number;
  heartbeatAtMs: number;
}

/** The right to work with a data folder. */
export interface Lease {
  /** Lets the next process in at once. Nothing else may be written afterwards. */
  release(): void;
}

/** What {@link takeLease} works with. */
export interface LeaseOptions {
  clock: Clock;
  log: Log;
  /** Default: this process on this host. */
  holder?: { host: string; pid: number };
  /**
   * Another process has taken the lease, since this one had no heartbeat for long, e.g. because it was suspended. Every
   * write to the database fails from then on. Called once.
   */
  onLost: (taker: LeaseHolder) => void;
}

interface LeaseRow extends LeaseHolder {
  holder: string;
  namespace: string | null;
  processStart: string | null;
}

/** Leases that this process holds, e.g. of a bot that was started twice in it. */
const ownLeases = new Set<string>();

const selectLease = `SELECT holder, host, pid, namespace, process_start AS processStart, since_ms AS sinceMs,
  heartbeat_at_ms AS heartbeatAtMs FROM lease`;

/**
 * Makes this process the only one that writes to the database: two bots with one queue would render, and deliver, every
 * job twice. A heartbeat is written every {@link heartbeatMs}; its timer does not keep the process alive, and one that
 * cannot be written (a full disk) loses nothing by itself.
 *
 * The lease of a process that was killed is taken over at once where it can be seen that the process is gone: on the same
 * machine. Else it is taken over when the last heartbeat is older than {@link staleAfterMs}: of a process that is suspended
 * or hangs, that ran on another machine or in another container, or, on systems other than Linux, whose id another
 * process was given.
 *
 * @throws ConfigError `data-in-use`: another process holds it; the message names it
 */
export function takeLease(database: Database, { clock, log, holder, onLost }: LeaseOptions): Lease {
  const me = { ...identityOf(holder?.pid), ...holder };
  const id = randomUUID();
  const insert = database.prepare(
    `INSERT OR REPLACE INTO lease
       (only_row, holder, host, pid, namespace, process_start, since_ms, heartbeat_at_ms) VALUES (1, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const select = database.prepare(selectLease);
  const update = database.prepare('UPDATE lease SET heartbeat_at_ms = ? WHERE holder = ?');
  const remove = database.prepare('DELETE FROM lease WHERE holder = ?');
  const sinceMs = clock.now();
  let isOver = false;
  let cancelTimer = () => {};
  let isSilent = false;

  function take(): void {
    insert.run([id, me.host, me.pid, me.namespace, me.processStart, sinceMs, clock.now()]);
  }

  function beat(): void {
    cancelTimer = clock.after(heartbeatMs, beat);
    try {
      const row = select.get([]) as LeaseRow | undefined;
      if (row !== undefined && row.holder !== id) lose(row);
      // Deleted by hand: nobody else has it.
      else if (row === undefined) take();
      else update.run([clock.now(), id]);
      if (isSilent) log.info({}, 'the data folder can be written again');
      isSilent = false;
    } catch (err) {
      if (!isSilent) log.warn({ err }, 'the heartbeat could not be written to the data folder; trying again');
      isSilent = true;
    }
  }

  function end(): void {
    isOver = true;
    cancelTimer();
    ownLeases.delete(id);
  }

  function lose(taker: LeaseHolder): void {
    if (isOver) return;
    end();
    log.error({ taker: { host: taker.host, pid: taker.pid } }, 'another process has taken over the data folder');
    onLost(taker);
  }

  try {
    inTransaction(database, () => {
      refuseHeld(database, clock.now(), me);
      take();
    });
    forbidWritesOfOthers(database, id);
  } catch (error) {
    const path = pathOf(database);
    throw openFailure(error, { dataDir: dirname(path), path });
  }
  ownLeases.add(id);
  cancelTimer = clock.after(heartbeatMs, beat);

  return {
    release() {
      if (isOver) return;
      end();
      try {
        remove.run([id]);
      } catch (err) {
        log.warn({ err }, 'the data folder could not be handed back; the next start finds out by itself');
      }
    },
  };
}

/** Who works with the database, as far as this process can tell; undefined: nobody. */
export function holderOf(database: Database, nowMs: number, me = identityOf()): LeaseHolder | undefined {
  const row = database.prepare(selectLease).get([]) as LeaseRow | undefined;
  return row !== undefined && isHeld(row, nowMs, me) ? row : undefined;
}

/** @throws ConfigError `data-in-use`: a process holds the lease */
export function refuseHeld(database: Database, nowMs: number, me = identityOf()): void {
  const holder = holderOf(database, nowMs, me);
  if (holder === undefined) return;
  const silentSeconds = Math.round((nowMs - holder.heartbeatAtMs) / 1000);
  throw new ConfigError(
    'data-in-use',
    `${pathOf(database)} is in use by another Kinora: ${describeHolder(holder)}, last heartbeat ${silentSeconds} s ago. Stop that ` +
      'process, or give this one a folder of its own, e.g. DATA_DIR=data-2. Of a process that was killed on another ' +
      `machine or in another container the folder is free ${staleAfterMs / 1000} s after its last heartbeat.`,
    { details: { host: holder.host, pid: holder.pid, sinceMs: holder.sinceMs } },
  );
}

function pathOf(database: Database): string {
  return (database.prepare('PRAGMA database_list').get([]) as { file: string }).file;
}

/** A holder in words. */
export function describeHolder({ host, pid, sinceMs }: LeaseHolder): string {
  return `process ${pid} on host ${host}, since ${new Date(sinceMs).toISOString()}`;
}

function isHeld(row: LeaseRow, nowMs: number, me: ProcessIdentity): boolean {
  // In both directions: a heartbeat from the future was written before the clock was set back.
  const isFresh = Math.abs(nowMs - row.heartbeatAtMs) <= staleAfterMs;
  if (row.host !== me.host || row.namespace !== me.namespace) return isFresh;
  // Of this process's own id this process knows best: it is its own lease, or that of a process before it.
  const own = ownLeases.has(row.holder) ? 'same' : 'dead';
  const life = row.pid === process.pid ? own : lifeOf(row);
  // One that lives and is silent is suspended or hangs. When it goes on, it finds that it may write no more.
  return life !== 'dead' && isFresh;
}

/**
 * Lets every write of this connection fail while another process holds the lease. Triggers, since they are checked in
 * the write's own transaction, whoever makes it: a process that was suspended in mid-work writes before it looks.
 */
function forbidWritesOfOthers(database: Database, id: string): void {
  const tables = database.prepare(
    `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'lease'`,
  );
  for (const { name } of tables.all([]) as { name: string }[]) {
    for (const change of ['INSERT', 'UPDATE', 'DELETE']) {
      const trigger = `lease_${name}_${change.toLowerCase()}`;
      database.exec(`
        DROP TRIGGER IF EXISTS temp.${trigger};
        CREATE TEMP TRIGGER ${trigger} BEFORE ${change} ON main.${name}
        WHEN EXISTS (SELECT 1 FROM main.lease WHERE holder <> '${id}')
        BEGIN SELECT RAISE(ABORT, 'another process holds the data folder'); END;
      `);
    }
  }
}
