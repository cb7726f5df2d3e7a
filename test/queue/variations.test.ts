import { expect, it } from 'vitest';
import { openDatabase } from '../../src/storage/database.ts';
import { createJobStore } from '../../src/storage/job-store.ts';
import { pickKey } from '../../src/storage/variations.ts';
import { settle } from '../support/fake-clock.ts';
import { newJob } from '../support/jobs.ts';
import { shownStates, stateOfNumber } from '../support/variations.ts';
import { setUpQueue } from './set-up-queue.ts';

const form = { variations: 4, loop: 'none' } as const;

const pickOf = (id: string, number: number, seed: number) =>
  newJob({
    settings: { seed },
    form: { loop: 'none' },
    picture: { jobId: id },
    parent: { id, use: 'render', change: 'pick', variation: { number, of: 4 } },
    uniqueKey: pickKey(id, number),
  });

/** Variations that were shown. */
async function withShown() {
  const parts = setUpQueue();
  const { queue, renderer } = parts;
  const { id } = await queue.submit(newJob({ form }));
  (await renderer.begun(0)).finish({ master: shownStates(4), form: { ...form, smooth: false, format: 'webp' } });
  await settle();
  return { ...parts, id };
}

it('a pick goes on from the state of its variation, and from its own once it has one', async () => {
  const { queue, renderer, id, store, news } = await withShown();
  const pick = await queue.submit(pickOf(id, 3, 9));
  const render = await renderer.begun(1);
  expect(render.spec).toMatchObject({ settings: { seed: 9 }, form: { loop: 'none' } });
  expect(render.spec.form).not.toHaveProperty('variations');
  expect(render.spec.checkpoint).toEqual(stateOfNumber(3));
  renderer.checkpoint(1, Buffer.from('its own'));
  await settle();
  render.fail(new Error('it broke, once'));
  const again = await renderer.begun(2);
  expect(String(again.spec.checkpoint)).toBe('its own');
  again.finish();
  await settle();
  expect((await store.find(pick.id))?.state).toBe('done');
  expect(news.at(-1)).toBe('u1 delivered');
});

it('a pick that waited while the process died goes on from its variation after the restart, and is made once', async () => {
  const { queue, renderer, id, folder, clock } = await withShown();
  const later = clock.now() + 7_200_000;
  const pick = await queue.submit(pickOf(id, 2, 8));
  await renderer.begun(1);
  // Killed: nothing is told, and the next process finds what is in the store.
  const next = setUpQueue({ folder });
  expect(await next.store.dropVariations(later)).toBe(0);
  await next.queue.resume();
  const render = await next.renderer.begun(0);
  expect(render.spec.checkpoint).toEqual(stateOfNumber(2));
  render.finish();
  await settle();
  expect(next.renderer.renders).toHaveLength(1);
  expect((await next.store.find(pick.id))?.state).toBe('done');
  await expect(next.queue.submit(pickOf(id, 2, 8))).rejects.toMatchObject({ code: 'already-asked' });
  expect(await next.store.dropVariations(later)).toBe(1);
});

it('a pick whose variation is gone begins anew: its seed gives the same clip', async () => {
  const { queue, renderer, id, folder } = await withShown();
  await createJobStore(openDatabase(folder)).dropVariations(Number.MAX_SAFE_INTEGER - 1);
  await queue.submit(pickOf(id, 1, 7));
  const { spec } = await renderer.begun(1);
  expect(spec.settings).toMatchObject({ seed: 7 });
  expect(spec).not.toHaveProperty('checkpoint');
});

it('nothing is learnt from variations about how long a clip takes', async () => {
  const { estimates } = await withShown();
  expect(estimates.of({ settings: {} })).toBeUndefined();
});
