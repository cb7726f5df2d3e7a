import { describe, expect, it } from 'vitest';
import { scopeOf, UserError } from '../../src/errors.ts';
import { openDatabase } from '../../src/storage/database.ts';
import { createJobStore, type JobStore } from '../../src/storage/job-store.ts';
import { type Database, inTransaction } from '../../src/storage/sqlite.ts';
import { createFailingStore, diskFull, type StoreWrite, storeWrites } from '../support/failing-store.ts';
import { claim, keepClip, newJob } from '../support/jobs.ts';
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
async function setUp() {
  const database = openDatabase(tempFolder());
  const store = createJobStore(database);
  const { id } = await store.add(newJob({ parent: { id: '00000000', use: 'render' } }), 1);
  return { database, store, id };
}

const clip = makeClip(spec);
const claimOptions = { holder: 'local test', nowMs: 1, leaseMs: 1_000 };
const broke = { state: 'failed', finishedAtMs: 3, pendingNotice: { kind: 'broke' } } as const;

/** For each write: what comes before, and the write, which takes what came out of that. */
const cases: Readonly<Record<StoreWrite, (store: JobStore, id: string) => Promise<() => Promise<unknown>>>> = {
  add: async (store, id) => () => store.add(newJob({ picture: { jobId: id } }), 2),
  claim: async (store, id) => () => store.claim(id, claimOptions),
  async heartbeat(store, id) {
    const attempt = await claim(store, id);
    return () => store.heartbeat(attempt, { nowMs: 500, leaseMs: 1_000 });
  },
  async release(store, id) {
    const attempt = await claim(store, id);
    return () => store.release(attempt, { isCounted: true });
  },
  async reseed(store, id) {
    await store.saveCheckpoint(await claim(store, id), Buffer.from('state'));
    return () => store.reseed(id, 8);
  },
  async releaseHeldBy(store, id) {
    await claim(store, id);
    return () => store.releaseHeldBy('local ');
  },
  async extendLeases(store, id) {
    await claim(store, id);
    return () => store.extendLeases(10_000);
  },
  async saveCheckpoint(store, id) {
    const attempt = await claim(store, id);
    await store.saveCheckpoint(attempt, Buffer.from('first'));
    return () => store.saveCheckpoint(attempt, Buffer.from('second'));
  },
  async keepClip(store, id) {
    const attempt = await claim(store, id);
    await store.saveCheckpoint(attempt, Buffer.from('latents'));
    return () => store.keepClip(attempt, clip, 2);
  },
  async renderAgain(store, id) {
    await keepClip(store, id, { clip, atMs: 2 });
    return () => store.renderAgain(id);
  },
  async keepUndelivered(store, id) {
    await keepClip(store, id, { clip, atMs: 2 });
    return () => store.keepUndelivered(id);
  },
  async dropVariations(store) {
    const { id } = await store.add(newJob({ form: { variations: 2 } }), 1);
    await keepClip(store, id, { clip, atMs: 2 });
    await store.finish(id, { state: 'done', finishedAtMs: 3 });
    return () => store.dropVariations(10_000_000);
  },
  async readdress(store, id) {
    await keepClip(store, id, { clip, atMs: 2 });
    await store.keepUndelivered(id);
    return () => store.readdress(id, { channelId: 'c2' });
  },
  async finish(store, id) {
    await keepClip(store, id, { clip, atMs: 2 });
    return () => store.finish(id, broke);
  },
  async notified(store, id) {
    await store.finish(id, broke);
    return () => store.notified(id);
  },
  async expire(store, id) {
    const other = (await store.add(newJob(), 1)).id;
    await keepClip(store, other, { clip, atMs: 2 });
    await store.keepUndelivered(other);
    await keepClip(store, id, { clip, atMs: 2 });
    await store.finish(id, { state: 'done', finishedAtMs: 3 });
    return () => store.expire(10, { nowMs: 20 });
  },
  async forget(store, id) {
    await keepClip(store, id, { clip, atMs: 2 });
    await store.finish(id, { state: 'done', finishedAtMs: 3 });
    await store.add(newJob({ userId: 'u2', picture: { jobId: id } }), 1);
    return () => store.forget('u1');
  },
};

describe('a write of the store that fails', () => {
  it.each(storeWrites)('%s leaves everything as it was, whichever of its changes fails', async (name) => {
    const { database, store, id } = await setUp();
    const write = await cases[name](store, id);
    const stored = dump(database);
    let failures = 0;
    for (let nth = 1; ; nth++) {
      const heal = failChange(database, nth);
      try {
        await write();
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

  it('says what failed first, and not that there was nothing to roll back', async () => {
    const { database, store } = await setUp();
    const stored = dump(database);
    const { page_count: pages } = database.prepare('PRAGMA page_count').get([]) as { page_count: number };
    // What SQLite calls a full disk.
    database.exec(`PRAGMA max_page_count = ${pages}`);
    const large = newJob({ picture: Buffer.alloc(100_000, 7) });
    for (let attempt = 0; attempt < 2; attempt++) {
      await expect(store.add(large, 2)).rejects.toThrow(expect.objectContaining({ code: 'SQLITE_FULL' }));
    }
    expect(dump(database)).toEqual(stored);
    database.exec('PRAGMA max_page_count = 1000000');
    expect(await store.picture((await store.add(large, 2)).id)).toHaveLength(100_000);
  });

  it('does not bar the next one when the way back failed too', async () => {
    const { database, store } = await setUp();
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
    expect((await store.add(newJob(), 5)).createdAtMs).toBe(5);
    expect(database.inTransaction).toBe(false);
  });
});

describe('createFailingStore', () => {
  it('lets the named write fail, counts them all, and heals', async () => {
    const { store: real, id } = await setUp();
    const store = createFailingStore(real, { at: 2 });
    const attempt = await claim(store, id);
    const options = { isCounted: true };
    await expect(store.release(attempt, options)).rejects.toThrow('database or disk is full');
    expect((await store.find(id))?.state).toBe('running');
    store.failNext(Number.POSITIVE_INFINITY, 'keepClip');
    await store.saveCheckpoint(attempt, Buffer.from('x'));
    await expect(store.keepClip(attempt, clip, 1)).rejects.toThrow(expect.objectContaining({ code: 'SQLITE_FULL' }));
    store.heal();
    expect((await store.keepClip(attempt, clip, 1))?.state).toBe('delivering');
    expect(store.writes).toEqual(['claim', 'release', 'saveCheckpoint', 'keepClip', 'keepClip']);
    expect(scopeOf(diskFull())).toBe('host');
  });

  it('knows every method of the store that writes', async () => {
    const { store } = await setUp();
    const reads = ['find', 'unfinished', 'damaged', 'picture', 'hasPicture', 'pictureWasForgotten', 'clip', 'made'];
    reads.push(
      'endPicture',
      'hasFrames',
      'hasUniqueKey',
      'picked',
      'checkpoint',
      'claimState',
      'undelivered',
      'pendingNotices',
    );
    expect([...storeWrites, ...reads].sort()).toEqual(Object.keys(store).sort());
  });

  it('may reject with whatever a test wants', async () => {
    const store = createFailingStore((await setUp()).store, { at: 1, error: () => new UserError('x', 'chosen') });
    await expect(store.add(newJob(), 1)).rejects.toThrow('chosen');
  });
});
