import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { openDatabase } from '../../src/storage/database.ts';
import { createJobStore } from '../../src/storage/job-store.ts';
import { claim, newJob } from '../support/jobs.ts';
import { longestStepMs, watchSteps } from '../support/longest-step.ts';
import { makeClip } from '../support/scripted-renderer.ts';
import { tempFolder } from '../support/temp-folder.ts';

const mib = 1024 * 1024;
/** The longest that a turn of the event loop takes while `work` goes on. */
async function longestStep(work: () => Promise<unknown>): Promise<number> {
  const steps = watchSteps();
  await work().finally(steps.stop);
  return steps.longestMs();
}

/** The best of a few: a step that is too long always is. */
async function atBest(work: () => Promise<unknown>): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < 8 && best >= longestStepMs; attempt++) {
    best = Math.min(best, await longestStep(work));
    if (best >= longestStepMs) await delay(200);
  }
  return best;
}

const [picture, checkpoint] = [Buffer.alloc(20 * mib, 1), Buffer.alloc(4 * mib, 2)];
const clip = makeClip(
  { picture: Buffer.alloc(0), settings: { seed: 7 }, fit: 'crop' },
  { bytes: Buffer.alloc(20 * mib, 3), master: Buffer.alloc(20 * mib, 4) },
);

function setUp() {
  const database = openDatabase(tempFolder());
  // How long a disk takes that others use as well is not what is tested.
  database.pragma('synchronous = OFF');
  const store = createJobStore(database);
  const addLarge = () => store.add(newJob({ picture }), 1);
  const finishedClip = async () => {
    const { id } = await addLarge();
    const attempt = await claim(store, id);
    await store.saveCheckpoint(attempt, checkpoint);
    await store.keepClip(attempt, clip, 2);
    await store.clip(id);
    return id;
  };
  return { store, addLarge, finishedClip };
}

it('a picture of 20 MiB is taken in, read and deleted without a step of 50 ms', async () => {
  const { store, addLarge } = setUp();
  const way = async () => {
    const { id } = await addLarge();
    await store.picture(id);
    await store.finish(id, { state: 'cancelled', finishedAtMs: 2 });
  };
  expect(await atBest(way)).toBeLessThan(longestStepMs);
});

it('nor does a clip of 20 MiB with its frames and checkpoints take one, kept, read and forgotten', async () => {
  const { store, finishedClip } = setUp();
  const way = async () => {
    const id = await finishedClip();
    await store.finish(id, { state: 'done', finishedAtMs: 3 });
    await store.expire(4);
    await store.forget('u1');
  };
  expect(await atBest(way)).toBeLessThan(longestStepMs);
});

it('nor does forgetting a person with forty small pictures', async () => {
  const { store } = setUp();
  const way = async () => {
    for (let index = 0; index < 40; index++) {
      const { id } = await store.add(newJob({ picture: Buffer.alloc(100 * 1024, 1) }), 1);
      await store.finish(id, { state: 'done', finishedAtMs: 2 });
      // As each person's click is an event of its own.
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await store.forget('u1')).toEqual({ deleted: 40, left: 0 });
  };
  expect(await atBest(way)).toBeLessThan(longestStepMs);
});
