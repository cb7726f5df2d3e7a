import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Libsql from 'libsql';
import { expect, it } from 'vitest';
import { openDatabase } from '../../src/storage/database.ts';
import { createJobStore } from '../../src/storage/job-store.ts';
import { migrations } from '../../src/storage/migrations.ts';
import { tempFolder } from '../support/temp-folder.ts';

/** A job as the fourth shape kept it: every job had its own copy of the picture. */
interface OldJob {
  id: string;
  state: string;
  userId: string;
  parent?: string;
  picture?: string;
  clip?: string;
  pendingNotice?: string;
}

/** A file of the fourth shape, and of none of the connections' making. */
function oldDatabase(jobs: readonly OldJob[]) {
  const folder = tempFolder();
  const database = new Libsql(join(folder, 'kinora.db'));
  database.exec('PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON;');
  for (const migration of migrations.slice(0, 4)) database.exec(migration);
  database.exec('PRAGMA user_version = 4');
  for (const { id, state, userId, parent, picture, clip, pendingNotice } of jobs) {
    database
      .prepare(
        `INSERT INTO jobs (id, state, user_id, guild_id, address, settings, fit, max_bytes, attempts, created_at_ms, parent, untold)
         VALUES (?, ?, ?, 'g1', '{"channelId":"c1"}', '{"seed":7}', 'pad', 1000, 1, 123, ?, ?)`,
      )
      .run([id, state, userId, parent ?? null, pendingNotice ?? null]);
    if (picture) database.prepare('INSERT INTO pictures VALUES (?, ?)').run([id, Buffer.from(picture)]);
    if (clip !== undefined) {
      const made = '{"settings":{"seed":7},"secondsPerStage":{}}';
      database
        .prepare('INSERT INTO clips VALUES (?, ?, ?, ?)')
        .run([id, Buffer.from(clip), made, Buffer.from('master')]);
    }
    database.prepare('INSERT INTO uses (job_id, user_id, at_ms) VALUES (?, ?, 123)').run([id, userId]);
  }
  return { folder, old: database };
}

/** The bytes of the database's files as text. */
function filesOf(folder: string): string {
  return ['kinora.db', 'kinora.db-wal'].map((name) => readFileSync(join(folder, name), 'latin1')).join('');
}

const text = (bytes: Uint8Array | undefined) => bytes && Buffer.from(bytes).toString();

it('the fifth shape keeps jobs in every state with their pictures and clips', async () => {
  const states = ['queued', 'running', 'interrupted', 'delivering', 'done', 'failed', 'cancelled'];
  const { folder } = oldDatabase(
    states.map((state, index) => ({
      id: `0000000${index}`,
      state,
      userId: `u${index}`,
      ...(index < 5 && { picture: `picture of ${state}` }),
      ...((state === 'delivering' || state === 'done') && { clip: `clip of ${state}` }),
      ...(state === 'failed' && { pendingNotice: '{"kind":"broke"}' }),
    })),
  );
  const store = createJobStore(openDatabase(folder));
  expect((await store.unfinished()).map(({ state }) => state)).toEqual(states.slice(0, 4));
  expect((await store.unfinished())[1]).toEqual({
    id: '00000001',
    state: 'running',
    userId: 'u1',
    guildId: 'g1',
    address: { channelId: 'c1' },
    settings: { seed: 7 },
    fit: 'pad',
    maxBytes: 1000,
    attempts: 1,
    createdAtMs: 123,
  });
  const ids = states.map((_, index) => `0000000${index}`);
  expect((await Promise.all(ids.map((id) => store.picture(id)))).map(text)).toEqual([
    ...states.slice(0, 5).map((state) => `picture of ${state}`),
    ...[undefined, undefined],
  ]);
  expect(text((await store.clip('00000003'))?.bytes)).toBe('clip of delivering');
  expect(text((await store.clip('00000004'))?.bytes)).toBe('clip of done');
  expect(text((await store.clip('00000004'))?.master)).toBe('master');
  expect(await store.pendingNotices()).toMatchObject([{ job: { id: '00000005' }, finalNotice: { kind: 'broke' } }]);
  expect(await store.damaged()).toEqual([]);
});

it('the fifth shape knows whose picture a clip was made from again, over any number of jobs', async () => {
  const again = (id: string) => `{"id":"${id}","use":"render"}`;
  const { folder } = oldDatabase([
    { id: 'aaaaaaa0', state: 'done', userId: 'ann', picture: 'the picture', clip: '' },
    { id: 'aaaaaaa1', state: 'done', userId: 'bob', picture: 'the picture', parent: again('aaaaaaa0') },
    { id: 'aaaaaaa2', state: 'queued', userId: 'cid', picture: 'the picture', parent: again('aaaaaaa1') },
    // Hers too, though she has no picture any more herself.
    { id: 'bbbbbbb0', state: 'failed', userId: 'ann' },
    { id: 'bbbbbbb1', state: 'queued', userId: 'bob', picture: 'kept by bob', parent: again('bbbbbbb0') },
    // Nobody knows whose these were before.
    { id: 'ccccccc0', state: 'queued', userId: 'bob', picture: 'of a parent that is gone', parent: again('99999999') },
    { id: 'ccccccc1', state: 'queued', userId: 'bob', picture: 'of a damaged parent', parent: '{"id":' },
    // Not the same picture, whatever the parent says.
    { id: 'ddddddd0', state: 'queued', userId: 'bob', picture: 'another', parent: again('aaaaaaa0') },
    // These two lead to each other.
    { id: 'eeeeeee0', state: 'queued', userId: 'bob', picture: 'one', parent: again('eeeeeee1') },
    { id: 'eeeeeee1', state: 'queued', userId: 'cid', picture: 'two', parent: again('eeeeeee0') },
  ]);
  const database = openDatabase(folder);
  const store = createJobStore(database);
  const pictures = database.prepare('SELECT user_id, bytes FROM pictures ORDER BY id').all([]) as {
    user_id: string;
    bytes: ArrayBuffer;
  }[];
  expect(pictures.map(({ user_id, bytes }) => [user_id, Buffer.from(bytes).toString()])).toEqual([
    ['ann', 'the picture'],
    ['ann', 'kept by bob'],
    ['bob', 'of a parent that is gone'],
    ['bob', 'of a damaged parent'],
    ['ann', 'another'],
    ['bob', 'one'],
    ['cid', 'two'],
  ]);
  expect(text(await store.picture('aaaaaaa2'))).toBe('the picture');
  expect(text(await store.picture('ddddddd0'))).toBe('another');
  await store.forget('ann');
  expect(await store.hasPicture('aaaaaaa2')).toBe(false);
  expect(await store.pictureWasForgotten('bbbbbbb1')).toBe(true);
  // The next picture takes no id that was another's.
  expect(database.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'pictures'").get([])).toMatchObject({
    seq: 10,
  });
});

it('what earlier shapes deleted and left in the file is in it no more', async () => {
  const picture = 'SECRET'.repeat(3_000);
  const { folder, old } = oldDatabase([
    { id: 'aaaaaaa0', state: 'queued', userId: 'ann', picture },
    { id: 'aaaaaaa1', state: 'queued', userId: 'bob', picture: 'kept' },
  ]);
  old.exec("DELETE FROM jobs WHERE id = 'aaaaaaa0'");
  expect(filesOf(folder).includes('SECRETSECRET')).toBe(true);
  const database = openDatabase(folder);
  expect(filesOf(folder).includes('SECRET')).toBe(false);
  expect(text(await createJobStore(database).picture('aaaaaaa1'))).toBe('kept');
  expect(database.prepare("SELECT * FROM facts WHERE key = 'rewrite-file'").all([])).toEqual([]);
});

it('what cannot be erased at one start, since somebody reads, is erased at the next', async () => {
  const { folder, old } = oldDatabase([
    { id: 'aaaaaaa0', state: 'done', userId: 'ann', picture: 'SECRET'.repeat(3_000) },
  ]);
  old.exec('DELETE FROM pictures');
  old.exec('BEGIN');
  old.prepare('SELECT count(*) FROM jobs').get([]);
  openDatabase(folder);
  expect(filesOf(folder).includes('SECRETSECRET')).toBe(true);
  old.exec('COMMIT');
  openDatabase(folder);
  expect(filesOf(folder).includes('SECRET')).toBe(false);
});

it('the sixth shape keeps jobs of the fifth: their notices, what they go on from, and who was rendering', async () => {
  const folder = tempFolder();
  const old = new Libsql(join(folder, 'kinora.db'));
  for (const migration of migrations.slice(0, 5)) old.exec(migration);
  old.exec('PRAGMA user_version = 5');
  const insert = old.prepare(
    `INSERT INTO jobs (id, state, user_id, address, settings, fit, max_bytes, attempts, created_at_ms, parent, untold)
     VALUES (?, ?, 'u1', '{}', '{}', 'pad', 1000, 1, 123, ?, ?)`,
  );
  insert.run(['aaaaaaa0', 'running', '{"id":"aaaaaaa9","use":"finish","link":"l"}', null]);
  insert.run(['aaaaaaa1', 'failed', '{"id":', '{"kind":"broke"}']);
  insert.run(['aaaaaaa2', 'failed', '{"id":"aaaaaaa9","use":"extend"}', '{"kind":"broke"}']);
  old.close();
  const store = createJobStore(openDatabase(folder));
  expect((await store.find('aaaaaaa0'))?.parent).toEqual({ id: 'aaaaaaa9', use: 'reencode', link: 'l' });
  expect(await store.damaged()).toMatchObject([{ id: 'aaaaaaa1' }]);
  expect((await store.pendingNotices()).map(({ job }) => [job.id, job.parent?.use])).toEqual([['aaaaaaa2', 'extend']]);
  // Nobody has a lease of before there were leases.
  const claimed = await store.claim('aaaaaaa0', { holder: 'a', nowMs: 1, leaseMs: 1 });
  expect(claimed).toMatchObject({ attempt: { number: 1 }, job: { attempts: 2 } });
});
