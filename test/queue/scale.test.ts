import { describe, expect, it } from 'vitest';
import { createEditBudget } from '../../src/bot/edit-budget.ts';
import { createEstimates } from '../../src/queue/estimates.ts';
import { FairQueue } from '../../src/queue/fair-queue.ts';
import type { Job } from '../../src/storage/job.ts';
import type { JobStore } from '../../src/storage/job-store.ts';
import { createFakeClock, settle } from '../support/fake-clock.ts';
import { newJob, tinyModel } from '../support/jobs.ts';
import { setUpQueue } from './set-up-queue.ts';

/** The store, and how often each of its methods was called. */
function countingStore(store: JobStore): { store: JobStore; calls: Record<string, number> } {
  const calls: Record<string, number> = {};
  const methods = store as unknown as Record<string, (...values: unknown[]) => unknown>;
  const counted = Object.entries(methods).map(([name, method]) => [
    name,
    (...values: unknown[]) => {
      calls[name] = (calls[name] ?? 0) + 1;
      return method(...values);
    },
  ]);
  return { store: Object.fromEntries(counted) as unknown as JobStore, calls };
}

/** Jobs of 125 users through a queue with four workers, each with `eventsPerJob` pieces of news; what was asked of the store. */
async function run({ jobs, eventsPerJob }: { jobs: number; eventsPerJob: number }) {
  const users = 125;
  const mostWaiting = 50;
  let calls: Record<string, number> = {};
  let delivered = 0;
  const { queue, renderer, database } = setUpQueue({
    workers: 4,
    wrapStore(store) {
      const counting = countingStore(store);
      calls = counting.calls;
      return counting.store;
    },
    listener: { waiting() {}, progress() {}, deliver: async () => void delivered++ },
  });
  // What a disk does is not what is counted.
  database.exec('PRAGMA synchronous = OFF');
  let [asked, rendered] = [0, 0];
  while (rendered < jobs) {
    while (asked < jobs && asked - rendered < mostWaiting) {
      await queue.submit(newJob({ userId: `u${asked % users}` }));
      asked++;
    }
    await settle();
    for (const render of renderer.renders.slice(rendered)) {
      for (let step = 1; step <= eventsPerJob; step++) {
        render.progress({ stage: 'denoise', step, steps: eventsPerJob, secondsPerStep: 1 });
      }
      render.finish();
      rendered++;
    }
  }
  await settle();
  await queue.close();
  return { calls, delivered };
}

describe('the queue with hundreds of jobs', () => {
  it('asks the store a fixed number of times a job, whatever waits and however much news there is', async () => {
    const jobs = 200;
    const { calls, delivered } = await run({ jobs, eventsPerJob: 20 });
    expect(delivered).toBe(jobs);
    const once = ['add', 'claim', 'picture', 'checkpoint', 'keepClip', 'clip', 'finish'];
    expect(calls).toEqual(Object.fromEntries(once.map((name) => [name, jobs])));
  });
});

describe('what is asked at every event, of everybody who waits,', () => {
  it('is not sorted anew while nobody came or went', () => {
    let reads = 0;
    const queue = new FairQueue();
    for (let index = 0; index < 100; index++) {
      const { picture: _, ...request } = newJob({ userId: `u${index % 7}` });
      const job: Job = { ...request, id: `j${index}`, state: 'queued', attempts: 0, createdAtMs: 0 };
      queue.add(
        Object.defineProperty(job, 'userId', {
          get() {
            reads++;
            return request.userId;
          },
        }),
      );
    }
    const order = queue.jobs().map(({ id }) => id);
    const readsOfOne = reads;
    for (let event = 0; event < 50; event++) expect(queue.jobs().map(({ id }) => id)).toEqual(order);
    expect(reads).toBe(readsOfOne);
    queue.remove('j0');
    expect(queue.jobs()).toHaveLength(99);
  });

  it('is not described anew: a kind of clip is made out once for each job', () => {
    const estimates = createEstimates({ store: { set: async () => {} }, model: tinyModel, provider: 'cpu' });
    let reads = 0;
    const settings = new Proxy(
      { seed: 7 },
      {
        ownKeys(target) {
          reads++;
          return Reflect.ownKeys(target);
        },
      },
    );
    for (let event = 0; event < 50; event++) estimates.of({ settings });
    // As it is, and as it would be without or with a last picture.
    expect(reads).toBe(2);
  });
});

describe('a thousand messages that wait to be edited', () => {
  it('are not all looked at for each one more, while Discord takes no edit', async () => {
    const clock = createFakeClock();
    let looks = 0;
    const budget = createEditBudget({
      ...clock,
      now() {
        looks++;
        return clock.now();
      },
    });
    const sent: number[] = [];
    for (let index = 0; index < 1_000; index++) {
      budget.request({ channelId: `c${index % 400}`, rank: () => index, edit: () => sent.push(index) > 0 });
    }
    expect(sent).toHaveLength(25);
    // A few for each of them, not one for each that waits.
    expect(looks).toBeLessThan(40 * 1_000);
    await clock.advance(60_000);
    expect(sent).toHaveLength(1_000);
  });

  it('nor while their one channel takes no edit', async () => {
    const clock = createFakeClock();
    let looks = 0;
    const budget = createEditBudget(clock);
    const rank = () => ++looks;
    for (let index = 0; index < 1_000; index++) budget.request({ channelId: 'c1', rank, edit: () => true });
    // The first three were sent at once, each as the only one.
    expect(looks).toBe(3);
  });
});
