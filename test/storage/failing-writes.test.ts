import { describe, expect, it } from 'vitest';
import { scopeOf, UserError } from '../../src/errors.ts';
import { openDatabase } from '../../src/storage/database.ts';
import { createJobStore, type JobStore } from '../../src/storage/job-store.ts';
import { type Database, inTransaction } from '../../src/storage/sqlite.ts';
import { createFailingStore, diskFull, type StoreWrite, storeWrites } from '../support/failing-store.ts';
import { newJob } from '../support/jobs.ts';
import { makeClip } from '../support/scripted-renderer.ts';
import { tempFolder } from '../support/temp-folder.ts';

const spec = { picture: Buffer.alloc(0), settings: { seed: 7 }, fit: 'crop' as const, keepMaster: true };

/** Everything that is stored. */
function dump(database: Database): unknown {
  const tables = ['jobs', 'pictures', 'clips', 'checkpoints', 'uses'];
  return tables.map((table) => {
    const rows = database.prepare(`SELECT * FROM ${table}`).all([]) as Record<string, unknown>[];
    return rows.map((row) =>
      Object.values(row).map((value) => (value instanceof ArrayBuffer ? Buffer.from(value).toString('hex') : value)),
    );
  });
}

/** Lets the `nth` change of a row fail, whichever table and kind; in the connection's own temporary tables. */
function failChange(database: Database, nth: number): () => void {
  database.exec('CREATE TEMP TABLE countdown (changes INTEGER)');
  database.prepare('INSERT INTO countdown VALUES (?)').run([nth]);
  const names: string[] = [];
  for (const table of ['jobs', 'pictures', 'clips', 'checkpoints', 'uses']) {
    for (const change of ['INSERT', 'UPDATE', 'DELETE']) {
      const name = `fail_${table}_${change}`;
      names.push(name);
      database.exec(`CREATE TEMP TRIGGER ${name} BEFORE ${change} ON main.${table} BEGIN
        UPDATE countdown SET changes = changes - 1;
        SELECT RAISE(ABORT, 'the write failed') FROM countdown WHERE changes = 0;
      END`);
    }
  }
  return () => {
    for (const name of names) database.exec(`DROP TRIGGER temp.${name}`);
    database.exec('DROP TABLE temp.countdown');
  };
}

/** A store with a job that each write can be tried on, of user u1. */
function setUp() {
  const database = openDatabase(tempFolder());
  const store = createJobStore(database);
  const { id } = store.add(newJob({ parent: { id: '00000000', use: 'render' } }), 1);
  return { database, store, id };
}

/** For each write: what comes before, and the write. */
const cases: Readonly<
  Record<StoreWrite, { before: (store: JobStore, id: string) => void; write: (store: JobStore, id: string) => unknown }>
> = {
  add: { before: () => {}, write: (store, id) => store.add(newJob({ picture: { jobId: id } }), 2) },
  start: { before: () => {}, write: (store, id) => store.start(id) },
  saveCheckpoint: {
    before(store, id) {
      store.start(id);
      store.saveCheckpoint(id, Buffer.from('first'));
    },
    write: (store, id) => store.saveCheckpoint(id, Buffer.from('second')),
  },
  putBack: { before: (store, id) => store.start(id), write: (store, id) => store.putBack(id, 'interrupted') },
  keepClip: {
    before(store, id) {
      store.start(id);
      store.saveCheckpoint(id, Buffer.from('latents'));
    },
    write: (store, id) => store.keepClip(id, makeClip(spec), 2),
  },
  keepUndelivered: {
    before: (store, id) => store.keepClip(id, makeClip(spec), 2),
    write: (store, id) => store.keepUndelivered(id),
  },
  readdress: {
    before(store, id) {
      store.keepClip(id, makeClip(spec), 2);
      store.keepUndelivered(id);
    },
    write: (store, id) => store.readdress(id, { channelId: 'c2' }),
  },
  finish: {
    before: (store, id) => store.keepClip(id, makeClip(spec), 2),
    write: (store, id) => store.finish(id, { state: 'failed', finishedAtMs: 3, pendingNotice: { kind: 'broke' } }),
  },
  notified: {
    before: (store, id) => store.finish(id, { state: 'failed', finishedAtMs: 3, pendingNotice: { kind: 'broke' } }),
    write: (store, id) => store.notified(id),
  },
  expire: {
    before(store, id) {
      const other = store.add(newJob(), 1).id;
      store.keepClip(other, makeClip(spec), 2);
      store.keepUndelivered(other);
      store.keepClip(id, makeClip(spec), 2);
      store.finish(id, { state: 'done', finishedAtMs: 3 });
    },
    write: (store) => store.expire(10, { nowMs: 20 }),
  },
  forget: {
    before(store, id) {
      store.keepClip(id, makeClip(spec), 2);
      store.finish(id, { state: 'done', finishedAtMs: 3 });
      store.add(newJob({ userId: 'u2', picture: { jobId: id } }), 1);
    },
    write: (store) => store.forget('u1'),
  },
};

describe('a write of the store that fails', () => {
  it.each(storeWrites)('%s leaves everything as it was, whichever of its changes fails', (name) => {
    const { database, store, id } = setUp();
    const { before, write } = cases[name];
    before(store, id);
    const stored = dump(database);
    let failures = 0;
    for (let nth = 1; ; nth++) {
      const heal = failChange(database, nth);
      try {
        write(store, id);
        break;
      } catch (error) {
        expect(error).toMatchObject({ message: 'the write failed' });
        expect(scopeOf(error)).toBe('host');
        expect(dump(database)).toEqual(stored);
        failures++;
      } finally {
        heal();
      }
    }
    // Each change failed once; then the write came through on the same connection.
    expect(failures).toBeGreaterThan(0);
    expect(dump(database)).not.toEqual(stored);
  });

  it('says what failed first, and not that there was nothing to roll back', () => {
    const { database, store } = setUp();
    const stored = dump(database);
    const { page_count: pages } = database.prepare('PRAGMA page_count').get([]) as { page_count: number };
    // What SQLite calls a full disk.
    database.exec(`PRAGMA max_page_count = ${pages}`);
    const large = newJob({ picture: Buffer.alloc(100_000, 7) });
    for (let attempt = 0; attempt < 2; attempt++) {
      expect(() => store.add(large, 2)).toThrow(expect.objectContaining({ code: 'SQLITE_FULL' }));
    }
    expect(dump(database)).toEqual(stored);
    database.exec('PRAGMA max_page_count = 1000000');
    expect(store.picture(store.add(large, 2).id)).toHaveLength(100_000);
  });

  it('does not bar the next one when the way back failed too', () => {
    const { database, store } = setUp();
    const stuck = () => {
      throw new Error('the first cause');
    };
    const broken = Object.create(database, {
      exec: {
        value(sql: string) {
          if (sql === 'ROLLBACK') throw new Error('disk I/O error');
          return database.exec(sql);
        },
      },
    }) as Database;
    expect(() => inTransaction(broken, stuck)).toThrow('the first cause');
    expect(database.inTransaction).toBe(true);
    expect(store.add(newJob(), 5).createdAtMs).toBe(5);
    expect(database.inTransaction).toBe(false);
  });
});

describe('createFailingStore', () => {
  it('lets the named write fail, counts them all, and heals', () => {
    const { store: real, id } = setUp();
    const store = createFailingStore(real, { at: 2 });
    store.start(id);
    expect(() => store.putBack(id, 'queued')).toThrow('database or disk is full');
    expect(store.find(id)?.state).toBe('running');
    store.failNext(Number.POSITIVE_INFINITY, 'keepClip');
    store.saveCheckpoint(id, Buffer.from('x'));
    expect(() => store.keepClip(id, makeClip(spec), 1)).toThrow(expect.objectContaining({ code: 'SQLITE_FULL' }));
    store.heal();
    expect(store.keepClip(id, makeClip(spec), 1).state).toBe('delivering');
    expect(store.writes).toEqual(['start', 'putBack', 'saveCheckpoint', 'keepClip', 'keepClip']);
    expect(scopeOf(diskFull())).toBe('host');
  });

  it('knows every method of the store that writes', () => {
    const { store } = setUp();
    const reads = ['find', 'unfinished', 'damaged', 'picture', 'hasPicture', 'pictureWasForgotten', 'clip', 'made'];
    reads.push('checkpoint', 'undelivered', 'pendingNotices');
    expect([...storeWrites, ...reads].sort()).toEqual(Object.keys(store).sort());
  });

  it('may throw whatever a test wants', () => {
    const store = createFailingStore(setUp().store, { at: 1, error: () => new UserError('x', 'chosen') });
    expect(() => store.add(newJob(), 1)).toThrow('chosen');
  });
});
