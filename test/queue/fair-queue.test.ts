import { describe, expect, it } from 'vitest';
import { FairQueue } from '../../src/queue/fair-queue.ts';
import type { Job } from '../../src/storage/job.ts';
import { newJob } from '../support/jobs.ts';

/** A job called like `ann1`: its user, then a number. */
function job(name: string, state: Job['state'] = 'queued'): Job {
  const { picture: _, ...request } = newJob({ userId: name.replace(/\d+$/, '') });
  return { ...request, id: name, state, attempts: 0, createdAtMs: 0 };
}

function queueOf(...names: string[]): FairQueue {
  const queue = new FairQueue();
  for (const name of names) queue.add(job(name));
  return queue;
}

const namesOf = (queue: FairQueue) => queue.jobs().map(({ id }) => id);

function served(queue: FairQueue): string[] {
  const names: string[] = [];
  for (let next = queue.take(); next; next = queue.take()) names.push(next.id);
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
    queue.take();
    queue.add(job('ann2'));
    queue.add(job('bob1'));
    expect(namesOf(queue)).toEqual(['bob1', 'ann2']);
  });

  it('lets no stream of newcomers hold up who waits', () => {
    const queue = queueOf('ann1', 'ann2');
    queue.take();
    queue.add(job('new1'));
    const order: string[] = [];
    for (let count = 2; count < 10; count++) {
      order.push(queue.take()!.id);
      queue.add(job(`${'new'.repeat(count)}1`));
    }
    expect(order.indexOf('ann2')).toBeLessThanOrEqual(2);
  });

  it('lets no stream of newcomers hold up the second clip of somebody among many', () => {
    const queue = queueOf('ann1', 'ann2', ...Array.from({ length: 30 }, (_, index) => `bob${'x'.repeat(index)}1`));
    const order: string[] = [];
    for (let count = 0; count < 200; count++) {
      order.push(queue.take()!.id);
      queue.add(job(`new${'y'.repeat(count)}1`));
    }
    expect(order.indexOf('ann2')).toBeGreaterThan(0);
    // Once all that waited were served, and all that had come meanwhile.
    expect(order.indexOf('ann2')).toBeLessThanOrEqual(2 * 32);
  });

  it('gives nobody credit for having stayed away', () => {
    const queue = queueOf('ann1', 'ann2', 'ann3', 'ann4');
    for (let turn = 0; turn < 3; turn++) queue.take();
    for (const name of ['bob1', 'bob2', 'bob3']) queue.add(job(name));
    expect(namesOf(queue)).toEqual(['bob1', 'ann4', 'bob2', 'bob3']);
  });

  it('moves a user’s later jobs up when an earlier one is taken out', () => {
    const queue = queueOf('ann1', 'ann2', 'bob1', 'bob2');
    expect(queue.remove('ann1')?.id).toBe('ann1');
    expect(queue.remove('ann1')).toBeUndefined();
    expect(namesOf(queue)).toEqual(['ann2', 'bob1', 'bob2']);
  });

  it('does first what the end of the process broke off', () => {
    const queue = queueOf('ann1');
    queue.add(job('bob1', 'interrupted'));
    expect(namesOf(queue)).toEqual(['bob1', 'ann1']);
  });

  it('takes a job that is passed over only where no other one waits', () => {
    const queue = queueOf('ann1', 'bob1');
    expect([queue.take('ann1')?.id, queue.take('ann1')?.id, queue.size]).toEqual(['bob1', 'ann1', 0]);
  });
});
