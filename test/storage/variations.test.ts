import { describe, expect, it } from 'vitest';
import { openDatabase } from '../../src/storage/database.ts';
import type { JobRequest } from '../../src/storage/job.ts';
import { createJobStore, type JobStore } from '../../src/storage/job-store.ts';
import { createUseStore } from '../../src/storage/uses.ts';
import { pickKey } from '../../src/storage/variations.ts';
import { keepClip, newJob } from '../support/jobs.ts';
import { makeClip } from '../support/scripted-renderer.ts';
import { tempFolder } from '../support/temp-folder.ts';

const hourMs = 3_600_000;
const form: NonNullable<JobRequest['form']> = { variations: 2 };
const sheet = makeClip(
  { picture: Buffer.alloc(0), settings: { seed: 7 }, fit: 'crop', form, keepMaster: true },
  { form: { variations: 2, format: 'webp', loop: 'none', smooth: false } },
);

async function setUp() {
  const folder = tempFolder();
  const database = openDatabase(folder);
  const store = createJobStore(database);
  const { id } = await store.add(newJob({ form }), 1);
  await keepClip(store, id, { clip: sheet, atMs: 2 });
  return { folder, database, store, id };
}

const shown = (store: JobStore, id: string, finishedAtMs = 1_000) => store.finish(id, { state: 'done', finishedAtMs });

/** A pick as the bot hands it in. */
const pickOf = (id: string, number: number) =>
  newJob({
    picture: { jobId: id },
    parent: { id, use: 'render', change: 'pick', variation: { number, of: 2 } },
    uniqueKey: pickKey(id, number),
  });

describe('variations', () => {
  it('are kept for an hour after they were shown, over a restart, and then dropped; what shows them stays', async () => {
    const { store, id, folder } = await setUp();
    // Not shown yet, since Discord is away: they wait as clips do.
    expect(await store.dropVariations(100 * hourMs)).toBe(0);
    await shown(store, id);
    expect(await store.dropVariations(hourMs + 999)).toBe(0);
    const again = createJobStore(openDatabase(folder));
    expect(await again.hasFrames(id)).toBe(true);
    expect(await again.dropVariations(hourMs + 1_000)).toBe(1);
    expect(await again.hasFrames(id)).toBe(false);
    expect((await again.clip(id))?.bytes).toEqual(sheet.bytes);
    expect(await again.dropVariations(hourMs + 1_000)).toBe(0);
  });

  it('that a pick waits for outlive the hour, until it has its clip', async () => {
    const { store, id } = await setUp();
    await shown(store, id);
    const pick = await store.add(pickOf(id, 1), 2_000);
    expect(await store.dropVariations(2 * hourMs)).toBe(0);
    await keepClip(store, pick.id, { clip: sheet, atMs: 3 });
    await shown(store, pick.id);
    expect(await store.dropVariations(2 * hourMs)).toBe(1);
  });

  it('are dropped before the hour once all are picked and rendered', async () => {
    const { store, id } = await setUp();
    await shown(store, id);
    const picks = [await store.add(pickOf(id, 2), 2_000), await store.add(pickOf(id, 1), 2_001)];
    expect(await store.picked(id)).toEqual([1, 2]);
    expect(await store.dropVariations(2_002)).toBe(0);
    for (const pick of picks) await store.finish(pick.id, { state: 'done', finishedAtMs: 2_003 });
    expect(await store.dropVariations(2_004)).toBe(1);
  });

  it('are picked once each, unless the pick failed or was cancelled', async () => {
    const { store, id } = await setUp();
    await shown(store, id);
    const pick = await store.add(pickOf(id, 2), 2_000);
    await expect(store.add(pickOf(id, 2), 2_001)).rejects.toMatchObject({ code: 'already-asked' });
    await store.finish(pick.id, { state: 'cancelled', finishedAtMs: 2_002 });
    expect(await store.picked(id)).toEqual([]);
    await store.add(pickOf(id, 2), 2_003);
    expect(await store.picked(id)).toEqual([2]);
  });

  it('go with the picture when its sender is forgotten, and with the clips when those are old', async () => {
    const first = await setUp();
    await shown(first.store, first.id);
    await first.store.forget('u1');
    expect(await first.store.hasFrames(first.id)).toBe(false);
    const second = await setUp();
    await shown(second.store, second.id);
    await second.store.expire(5_000);
    expect(await second.store.hasFrames(second.id)).toBe(false);
    expect(await second.store.dropVariations(2 * hourMs)).toBe(0);
  });

  it('of somebody else go with the picture that they were made of', async () => {
    const { store, id } = await setUp();
    await shown(store, id);
    const other = await store.add(newJob({ userId: 'u2', picture: { jobId: id }, form }), 3);
    await keepClip(store, other.id, { clip: sheet, atMs: 4 });
    await shown(store, other.id);
    await store.forget('u1');
    expect((await store.find(other.id))?.state).toBe('done');
    expect(await store.hasFrames(other.id)).toBe(false);
  });

  it('count with their picks as what is rendered, rounded: the first pick with the previews', async () => {
    const { database, store } = await setUp();
    const counted = async () => (await createUseStore(database).counted({ userId: 'u1' }, 0)).length;
    expect(await counted()).toBe(1);
    await store.add(newJob({ form: { variations: 4 } }), 2);
    expect(await counted()).toBe(3);
    await store.add({ ...newJob(), quotaClips: 0 }, 3);
    expect(await counted()).toBe(3);
  });
});
