import { type ChildProcess, fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { hostname } from 'node:os';
import { join } from 'node:path';
import Libsql from 'libsql';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ConfigError, scopeOf } from '../../src/errors.ts';
import { inspectDatabase, openDatabase } from '../../src/storage/database.ts';
import { createJobStore } from '../../src/storage/job-store.ts';
import { heartbeatMs, type LeaseHolder, type LeaseOptions, staleAfterMs, takeLease } from '../../src/storage/lease.ts';
import { migrations } from '../../src/storage/migrations.ts';
import { openStorage } from '../../src/storage/open-storage.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { claim, newJob } from '../support/jobs.ts';
import { programFile } from '../support/program-file.ts';
import { createRecordingLog } from '../support/recording-log.ts';
import { tempFolder } from '../support/temp-folder.ts';

const bundled = programFile('test/storage/fixtures/lease-process.ts');

/** The id of a process that has ended. */
const deadPid = spawnSync(process.execPath, ['--version']).pid;

/** A bot's side of a data folder: a connection of its own, and its own clock. */
function createSide(folder: string, holder?: LeaseOptions['holder']) {
  const database = openDatabase(folder);
  const [clock, log] = [createFakeClock(startMs), createRecordingLog()];
  const lost: LeaseHolder[] = [];
  const take = () =>
    takeLease(database, { clock, log, onLost: (taker) => lost.push(taker), ...(holder && { holder }) });
  /** Its row of the lease. */
  const row = () => database.prepare('SELECT * FROM lease').get([]) as Record<string, unknown> | undefined;
  return { database, clock, log, lost, take, row };
}

const here = { host: hostname(), pid: process.pid };
const elsewhere = { host: 'elsewhere', pid: 7 };

/** Now, since `inspectDatabase` goes by the machine's clock; the same for both sides. */
const startMs = Date.now();

const inUse = expect.objectContaining({ code: 'data-in-use' });

describe('the lease', () => {
  it('is one process’s, which the second is told of: host, process id, since when, and what to do', async () => {
    const folder = tempFolder();
    const first = createSide(folder);
    first.take();
    const refused = () => createSide(folder, elsewhere).take();
    expect(refused).toThrow(ConfigError);
    expect(refused).toThrow(inUse);
    const since = new Date(first.clock.now()).toISOString();
    expect(refused).toThrow(
      `${folder}/kinora.db is in use by another Kinora: process ${process.pid} on host ${hostname()}`,
    );
    expect(refused).toThrow(
      `since ${since}, last heartbeat 0 s ago. Stop that process, or give this one a folder of its own`,
    );
    expect(inspectDatabase(folder)?.holder).toMatchObject({ ...here, sinceMs: first.clock.now() });
  });

  it('is free once it is released, and then nothing is written behind the next holder’s back', async () => {
    const folder = tempFolder();
    const first = createSide(folder);
    const store = createJobStore(first.database);
    const lease = first.take();
    await store.add(newJob(), 1);
    lease.release();
    expect(first.clock.pending()).toBe(0);
    expect(inspectDatabase(folder)).toEqual({ holder: undefined, damagedJobs: [] });
    createSide(folder, elsewhere).take();
    await expect(store.add(newJob(), 1)).rejects.toThrow('another process holds the data folder');
    // A second release takes nothing from the new holder.
    lease.release();
    expect(first.row()).toMatchObject({ host: 'elsewhere' });
  });

  it('of a process of this host that lives no more is taken over at once', async () => {
    const folder = tempFolder();
    createSide(folder, { host: hostname(), pid: deadPid }).take();
    const second = createSide(folder);
    second.take();
    expect(second.row()).toMatchObject(here);
  });

  it.runIf(process.platform === 'linux')('of a process whose id was given again is taken over at once', () => {
    const folder = tempFolder();
    const first = createSide(folder, { host: hostname(), pid: process.ppid });
    first.take();
    const second = createSide(folder);
    // As it is, the parent process lives, and this is its start.
    expect(second.take).toThrow(inUse);
    second.database.exec(`UPDATE lease SET process_start = '1'`);
    second.take();
    expect(second.row()).toMatchObject(here);
  });

  it('of a process of this host that lives is taken over when it is silent for too long, e.g. suspended', async () => {
    const folder = tempFolder();
    createSide(folder, { host: hostname(), pid: process.ppid }).take();
    const second = createSide(folder);
    await second.clock.advance(staleAfterMs);
    expect(second.take).toThrow(/last heartbeat 30 s ago/);
    await second.clock.advance(1);
    second.take();
    expect(second.row()).toMatchObject(here);
  });

  it('of a process that cannot be told from another is taken over when it is silent for too long', async () => {
    const folder = tempFolder();
    createSide(folder, { host: hostname(), pid: process.ppid }).take();
    const second = createSide(folder);
    // As on systems that do not tell when a process was started.
    second.database.exec(`UPDATE lease SET process_start = NULL`);
    expect(second.take).toThrow(inUse);
    await second.clock.advance(staleAfterMs + 1);
    second.take();
    expect(second.row()).toMatchObject(here);
  });

  it.each([
    ['another host', {}],
    ['another container of this host', { namespace: 'another boot or namespace' }],
  ])('of %s is taken over when its last heartbeat is older than half a minute, and not before', async (_, change) => {
    const folder = tempFolder();
    // A process id that is free here says nothing of there.
    createSide(folder, { host: 'namespace' in change ? hostname() : 'elsewhere', pid: deadPid }).take();
    const second = createSide(folder);
    if ('namespace' in change) second.database.prepare('UPDATE lease SET namespace = ?').run([change.namespace]);
    await second.clock.advance(staleAfterMs);
    expect(second.take).toThrow(inUse);
    await second.clock.advance(1);
    second.take();
    expect(second.row()).toMatchObject(here);
  });

  it('from a future that the clock was set back from is not held until then', async () => {
    const folder = tempFolder();
    const first = createSide(folder, elsewhere);
    first.take();
    const second = createSide(folder);
    second.database.prepare('UPDATE lease SET heartbeat_at_ms = ?').run([second.clock.now() + 3 * 3_600_000]);
    second.take();
    expect(second.row()).toMatchObject(here);
  });

  it('is renewed every five seconds, and so outlasts any time', async () => {
    const folder = tempFolder();
    const [first, second] = [createSide(folder, elsewhere), createSide(folder)];
    first.take();
    for (let beats = 1; beats <= 10; beats++) {
      await first.clock.advance(heartbeatMs);
      await second.clock.advance(heartbeatMs);
      expect(first.row()).toMatchObject({ heartbeat_at_ms: first.clock.now() });
    }
    expect(second.take).toThrow(inUse);
  });
});

it('a database is not brought up to date under a process that works with it', async () => {
  const folder = tempFolder();
  const { database, row } = createSide(folder);
  const clock = createFakeClock(Date.now());
  const lease = takeLease(database, { clock, log: createRecordingLog(), onLost: () => {} });
  database.exec(`PRAGMA user_version = ${migrations.length - 1}`);
  expect(() => openDatabase(folder)).toThrow(inUse);
  expect(database.prepare('PRAGMA user_version').get([])).toMatchObject({ user_version: migrations.length - 1 });
  lease.release();
  expect(row()).toBeUndefined();
});

describe('a holder that was suspended while another took over', () => {
  async function loseLease() {
    const folder = tempFolder();
    const first = createSide(folder, elsewhere);
    const repositories = openStorage(first.database);
    const { id } = await repositories.store.add(newJob(), 1);
    first.take();
    const second = createSide(folder);
    await second.clock.advance(staleAfterMs + 1);
    second.take();
    return { folder, first, second, repositories, id };
  }

  it('hears of it at its next heartbeat, once, and beats no more', async () => {
    const { first, second } = await loseLease();
    expect(first.lost).toEqual([]);
    await first.clock.advance(heartbeatMs);
    await first.clock.advance(10 * heartbeatMs);
    expect(first.lost).toMatchObject([here]);
    expect(first.clock.pending()).toBe(0);
    expect(second.row()).toMatchObject(here);
    expect(first.log.events.filter(({ level }) => level === 'error')).toHaveLength(1);
  });

  it('writes nothing any more, not even before it has heard', async () => {
    const { first, second, repositories, id } = await loseLease();
    const writes: readonly (() => unknown)[] = [
      () => repositories.store.add(newJob(), 2),
      () => claim(repositories.store, id),
      () => repositories.store.finish(id, { state: 'cancelled', finishedAtMs: 2 }),
      () => repositories.store.forget('u1'),
      () => repositories.uses.reset('u1'),
      () => repositories.facts.set('queue-mode', 'paused'),
      () => repositories.blocks.set('user', 'u1', true),
      () => repositories.userSettings.setWantsPing('u1', false),
      () => repositories.guildSettings.change('g1', () => ({ spoiler: true })),
    ];
    for (const write of writes) {
      let caught: unknown;
      try {
        await write();
      } catch (error) {
        caught = error;
      }
      expect(caught).toMatchObject({ message: 'another process holds the data folder' });
      expect(scopeOf(caught)).toBe('host');
    }
    expect(await createJobStore(second.database).unfinished()).toMatchObject([{ id, state: 'queued', attempts: 0 }]);
    // Reading is no harm, and nor is the new holder kept from writing.
    expect((await repositories.store.find(id))?.state).toBe('queued');
    expect(await claim(createJobStore(second.database), id)).toMatchObject({ number: 1 });
    expect(first.lost).toEqual([]);
  });
});

describe('a heartbeat that cannot be written', () => {
  it('loses nothing: it is told of once, and goes on when the disk has room again', async () => {
    const folder = tempFolder();
    const side = createSide(folder);
    side.take();
    side.database.exec(
      `CREATE TEMP TRIGGER no_room BEFORE UPDATE ON main.lease BEGIN SELECT RAISE(ABORT, 'disk full'); END`,
    );
    await side.clock.advance(10 * heartbeatMs);
    expect(side.lost).toEqual([]);
    expect(side.log.events.filter(({ level }) => level === 'warn')).toHaveLength(1);
    // The process lives, so that nobody takes the folder from it meanwhile.
    expect(createSide(folder, elsewhere).take).toThrow(inUse);
    side.database.exec('DROP TRIGGER temp.no_room');
    await side.clock.advance(heartbeatMs);
    expect(side.row()).toMatchObject({ heartbeat_at_ms: side.clock.now() });
    expect(side.log.events.at(-1)).toMatchObject({ level: 'info' });
  });

  it('is written anew where somebody has deleted the row', async () => {
    const side = createSide(tempFolder());
    side.take();
    side.database.exec('DELETE FROM lease');
    await side.clock.advance(heartbeatMs);
    expect(side.row()).toMatchObject({ ...here, heartbeat_at_ms: side.clock.now() });
    expect(side.lost).toEqual([]);
  });
});

/** A process that wants the folder, and what it says of it: `held`, or why not. */
async function startProcess(folder: string): Promise<{ child: ChildProcess; says: string; ended: Promise<unknown[]> }> {
  const child = fork(bundled, [folder], { execArgv: [] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const ended = once(child, 'exit');
  const [says] = await once(child, 'message');
  return { child, says: String(says), ended };
}

describe('of two processes on one folder', () => {
  it.each([
    ['that is new', 0],
    ['of an older shape', 4],
  ])(
    'one holds it where both are started at the same moment, on a folder %s',
    async (_, version) => {
      const folder = tempFolder();
      const older = new Libsql(join(folder, 'kinora.db'));
      for (const migration of migrations.slice(0, version)) older.exec(migration);
      older.exec(`PRAGMA user_version = ${version}`);
      older.close();
      const says = (await Promise.all([1, 2].map(() => startProcess(folder)))).map((started) => started.says);
      expect(says.filter((text) => text === 'held')).toHaveLength(1);
      expect(says.filter((text) => text.startsWith('data-in-use: '))).toHaveLength(1);
    },
    60_000,
  );

  it('the second is refused while the first lives, and takes over at once when the first was killed', async () => {
    const folder = tempFolder();
    const first = await startProcess(folder);
    expect(first.says).toBe('held');
    // The second, and the last, are this process.
    const refused = () => createSide(folder).take();
    expect(refused).toThrow(inUse);
    expect(refused).toThrow(`process ${first.child.pid} on host ${hostname()}, since `);
    expect(inspectDatabase(folder)?.holder).toMatchObject({ pid: first.child.pid });

    first.child.kill('SIGKILL');
    await first.ended;
    const third = await startProcess(folder);
    expect(third.says).toBe('held');
    third.child.send('release');
    // Nothing but the timer is left in it, and that keeps no process alive.
    expect(await third.ended).toEqual([0, null]);
    const last = createSide(folder);
    last.take();
    expect(last.row()).toMatchObject(here);
  }, 60_000);
});
