import { describe, expect, it } from 'vitest';
import { scopeOf } from '../../src/errors.ts';
import { openDatabase } from '../../src/storage/database.ts';
import { createGuildSettings } from '../../src/storage/guild-settings.ts';
import { createJobStore } from '../../src/storage/job-store.ts';
import { addAll, claim, keepClip, newJob } from '../support/jobs.ts';
import { makeClip } from '../support/scripted-renderer.ts';
import { tempFolder } from '../support/temp-folder.ts';

function open() {
  const database = openDatabase(tempFolder());
  return { database, store: createJobStore(database) };
}

const spec = { picture: Buffer.alloc(0), settings: { seed: 7 }, fit: 'crop' as const };

describe('a row that cannot be read', () => {
  const notText = "CAST(x'c328' AS TEXT)";
  it.each([
    ['an address that is no JSON', `address = '{"token":"secret'`, 'address is not JSON'],
    ['settings that are no JSON', `settings = 'seed 7'`, 'settings is not JSON'],
    ['settings that are a list', `settings = '[1]'`, 'settings does not have its shape (invalid_type)'],
    [
      'a setting that is an object',
      `settings = '{"seed":{}}'`,
      'settings.seed does not have its shape (invalid_union)',
    ],
    ['a form that is no JSON', `form = ''`, 'form is not JSON'],
    ['a parent without an id', `parent = '{"use":"extend"}'`, 'parent.id does not have its shape (invalid_type)'],
    ['a parent that is no JSON', `parent = '{'`, 'parent is not JSON'],
    ['a state that there is none', `state = 'flying'`, 'state does not have its shape (invalid_value)'],
    ['a fit that there is none', `fit = 'squeeze'`, 'fit does not have its shape (invalid_value)'],
    ['bytes that are no text', `address = ${notText}`, 'address is not text'],
    ['an owner that is no text', `user_id = ${notText}`, 'user_id is not text'],
    ['a final notice that is no JSON', `state = 'failed', pending_notice = 'x'`, 'pending_notice is not JSON'],
    [
      'a final notice of no kind',
      `state = 'failed', pending_notice = '{"kind":"x"}'`,
      'pending_notice.kind does not have its shape (invalid_union)',
    ],
  ])('is set aside and notified of, and the others go on: %s', async (_, change, problem) => {
    const { store, database } = open();
    const [one, damaged, other, notified] = (await addAll(
      store,
      Array.from({ length: 4 }, () => newJob()),
    )) as [string, string, string, string];
    await store.finish(notified, { state: 'failed', finishedAtMs: 2, pendingNotice: { kind: 'broke' } });
    database.exec(`UPDATE jobs SET ${change} WHERE id = '${damaged}'`);
    expect((await store.unfinished()).map(({ id }) => id)).toEqual([one, other]);
    expect((await store.pendingNotices()).map(({ job }) => job.id)).toEqual([notified]);
    expect(await store.damaged()).toEqual([{ id: damaged, problem }]);
    expect(await store.undelivered('u1')).toEqual([]);
  });

  it('is found by nobody, which is the job’s fault and not the machine’s', async () => {
    const { store, database } = open();
    const { id } = await store.add(newJob(), 1);
    database.exec("UPDATE jobs SET settings = 'x'");
    let caught: unknown;
    try {
      await store.find(id);
    } catch (error) {
      caught = error;
    }
    expect(caught).toMatchObject({ code: 'job-damaged' });
    expect(scopeOf(caught)).toBe('job');
    // A write that would have to give the job back does nothing.
    await expect(claim(store, id)).rejects.toThrow(expect.objectContaining({ code: 'job-damaged' }));
    expect(database.prepare('SELECT state, attempts FROM jobs').get([])).toMatchObject({
      state: 'queued',
      attempts: 0,
    });
  });

  it('is named by its place where its id cannot be read either', async () => {
    const { store, database } = open();
    await store.add(newJob(), 1);
    database.exec(`UPDATE jobs SET id = ${notText}`);
    expect(await store.damaged()).toEqual([{ id: 'row 1', problem: 'id is not text' }]);
    expect(await store.unfinished()).toEqual([]);
  });

  it('keeps its picture until its retention is over, and is then ended', async () => {
    const { store, database } = open();
    const { id } = await store.add(newJob(), 5);
    database.exec("UPDATE jobs SET settings = 'x'");
    expect(await store.expire(5)).toBe(0);
    expect(await store.hasPicture(id)).toBe(true);
    expect(await store.expire(6)).toBe(1);
    expect(await store.hasPicture(id)).toBe(false);
    expect(await store.damaged()).toEqual([]);
    expect(database.prepare('SELECT state, error_code FROM jobs').get([])).toMatchObject({
      state: 'failed',
      error_code: 'job-damaged',
    });
  });

  it('does not hold up what others go on from, nor is it left when its owner is forgotten', async () => {
    const { store, database } = open();
    const [done, child] = [
      (await store.add(newJob({ userId: 'bob' }), 1)).id,
      (await store.add(newJob({ parent: { id: 'x', use: 'extend' } }), 1)).id,
    ];
    await keepClip(store, done, { clip: makeClip(spec), atMs: 2 });
    await store.finish(done, { state: 'done', finishedAtMs: 2 });
    database.exec(`UPDATE jobs SET parent = '{' WHERE id = '${child}'`);
    expect(await store.expire(3)).toBe(2);
    database.exec(`UPDATE jobs SET state = 'queued' WHERE id = '${child}'`);
    expect(await store.forget('u1')).toEqual({ deleted: 1, left: 0 });
  });

  it('counts as no clip where the clip’s description cannot be read, so that it is made again', async () => {
    const { store, database } = open();
    const { id } = await store.add(newJob(), 1);
    await keepClip(store, id, { clip: makeClip(spec), atMs: 2 });
    for (const made of [`'{'`, `'{}'`, notText]) {
      database.exec(`UPDATE clips SET made = ${made}`);
      expect([await store.clip(id), await store.made(id)]).toEqual([undefined, undefined]);
    }
    expect(await store.unfinished()).toMatchObject([{ id, state: 'delivering' }]);
    await store.renderAgain(id);
    await keepClip(store, id, { clip: makeClip(spec), atMs: 3 });
    expect(await store.clip(id)).toEqual(makeClip(spec));
  });
});

it.each(["'{'", '\'{"spoiler":1}\'', "CAST(x'c328' AS TEXT)"])(
  'a guild’s settings that cannot be read show nothing to those it may be kept from, until they are replaced: %s',
  async (stored) => {
    const { database } = open();
    const guildSettings = createGuildSettings(database);
    await guildSettings.change('g1', () => ({ preset: 'quick' }));
    database.exec(`UPDATE guild_settings SET settings = ${stored}`);
    expect(await guildSettings.of('g1')).toMatchObject({ spoiler: true, ageRestrictedOnly: true, channelIds: [] });
    expect(await guildSettings.of('g2')).toMatchObject({ spoiler: false, ageRestrictedOnly: false });
    await guildSettings.change('g1', () => ({ spoiler: false, ageRestrictedOnly: false }));
    expect(await guildSettings.of('g1')).toMatchObject({ spoiler: false, ageRestrictedOnly: false });
  },
);
