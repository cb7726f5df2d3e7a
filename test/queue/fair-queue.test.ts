import PQueue from 'p-queue';
import { describe, expect, it } from 'vitest';
import { FairQueue, type FairQueueOptions } from '../../src/queue/fair-queue.ts';
import type { Job } from '../../src/storage/job.ts';
import { newJob } from '../support/jobs.ts';

/** A job called like `ann1`: its user, then a number. */
function job(name: string, state: Job['state'] = 'queued'): Job {
  const { picture: _, ...request } = newJob({ userId: name.replace(/\d+$/, '') });
  return { ...request, id: name, state, attempts: 0, createdAtMs: 0 };
}

function queueOf(...names: string[]): FairQueue {
  const queue = new FairQueue();
  for (const name of names) add(queue, job(name));
  return queue;
}

/** The functions that p-queue would call, by the job that each is for. */
const jobOf = new Map<unknown, Job>();

function add(queue: FairQueue, added: Job): void {
  const run = async () => {};
  jobOf.set(run, added);
  queue.enqueue(run, { job: added });
}

const take = (queue: FairQueue) => jobOf.get(queue.dequeue());

const namesOf = (queue: FairQueue) => queue.jobs().map(({ id }) => id);

function served(queue: FairQueue): string[] {
  const names: string[] = [];
  for (let next = take(queue); next; next = take(queue)) names.push(next.id);
  return names;
}

describe('FairQueue', () => {
  it('takes one job of every user in turn, in the order of arrival within a round', () => {
    const queue = queueOf('ann1', 'ann2', 'ann3', 'bob1', 'cy1', 'bob2');
    const order = ['ann1', 'bob1', 'cy1', 'ann2', 'bob2', 'ann3'];
    expect(namesOf(queue)).toEqual(order);
    expect(served(queue)).toEqual(order);
  });

  it('puts who was served just now behind who was not', () => {
    const queue = queueOf('ann1');
    take(queue);
    add(queue, job('ann2'));
    add(queue, job('bob1'));
    expect(namesOf(queue)).toEqual(['bob1', 'ann2']);
  });

  it('lets no stream of newcomers hold up who waits', () => {
    const queue = queueOf('ann1', 'ann2');
    take(queue);
    add(queue, job('new1'));
    const order: string[] = [];
    for (let count = 2; count < 10; count++) {
      order.push(take(queue)!.id);
      add(queue, job(`${'new'.repeat(count)}1`));
    }
    expect(order.indexOf('ann2')).toBeLessThanOrEqual(2);
  });

  it('gives nobody credit for having stayed away', () => {
    const queue = queueOf('ann1', 'ann2', 'ann3', 'ann4');
    for (let turn = 0; turn < 3; turn++) take(queue);
    for (const name of ['bob1', 'bob2', 'bob3']) add(queue, job(name));
    expect(namesOf(queue)).toEqual(['bob1', 'ann4', 'bob2', 'bob3']);
  });

  it('moves a user’s later jobs up when an earlier one is taken out', () => {
    const queue = queueOf('ann1', 'ann2', 'bob1', 'bob2');
    expect(queue.remove('ann1')).toBe(true);
    expect(queue.remove('ann1')).toBe(false);
    expect(namesOf(queue)).toEqual(['ann2', 'bob1', 'bob2']);
  });

  it('does first what the end of the process broke off', () => {
    const queue = queueOf('ann1');
    add(queue, job('bob1', 'interrupted'));
    expect(namesOf(queue)).toEqual(['bob1', 'ann1']);
  });

  it('takes a job that is passed over only where no other one waits', () => {
    const queue = queueOf('ann1', 'bob1');
    queue.passedOver = () => 'ann1';
    expect(served(queue)).toEqual(['bob1', 'ann1']);
  });

  it('shows p-queue what waits, and has no priorities', () => {
    const queue = queueOf('ann1', 'bob1');
    expect(queue.size).toBe(2);
    expect(queue.filter({}).map((run) => jobOf.get(run)?.id)).toEqual(['ann1', 'bob1']);
    expect(queue.filter({ job: job('bob1') }).map((run) => jobOf.get(run)?.id)).toEqual(['bob1']);
    expect(() => queue.setPriority()).toThrow(TypeError);
    expect(() => queue.enqueue(async () => {})).toThrow(TypeError);
  });

  it('lets p-queue itself run the jobs in fair order', async () => {
    const tasks = new PQueue<FairQueue, FairQueueOptions>({ concurrency: 1, autoStart: false, queueClass: FairQueue });
    const order: string[] = [];
    for (const name of ['ann1', 'ann2', 'ann3', 'bob1', 'cy1']) {
      void tasks.add(async () => order.push(name), { job: job(name) });
    }
    expect(tasks.size).toBe(5);
    tasks.start();
    await tasks.onIdle();
    expect(order).toEqual(['ann1', 'bob1', 'cy1', 'ann2', 'ann3']);
  });
});
