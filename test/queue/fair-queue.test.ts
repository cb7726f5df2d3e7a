import { describe, expect, it } from 'vitest';
import { createFairQueue, type FairQueue } from '../../src/queue/fair-queue.ts';
import type { Job } from '../../src/storage/job.ts';
import { newJob } from '../support/jobs.ts';

/** A job called like `ann1`: its user, then a number. */
function job(name: string, state: Job['state'] = 'queued'): Job {
  const { picture: _, ...wish } = newJob({ userId: name.replace(/\d+$/, '') });
  return { ...wish, id: name, state, attempts: 0, createdAtMs: 0 };
}

function queueOf(...names: string[]): FairQueue {
  const line = createFairQueue();
  for (const name of names) line.add(job(name));
  return line;
}

const namesOf = (line: FairQueue) => line.jobs().map(({ id }) => id);

function served(line: FairQueue): string[] {
  const names: string[] = [];
  for (let next = line.take(); next; next = line.take()) names.push(next.id);
  return names;
}

describe('createFairLine', () => {
  it('takes one job of every user in turn, in the order of arrival within a round', () => {
    const line = queueOf('ann1', 'ann2', 'ann3', 'bob1', 'cy1', 'bob2');
    const order = ['ann1', 'bob1', 'cy1', 'ann2', 'bob2', 'ann3'];
    expect(namesOf(line)).toEqual(order);
    expect(served(line)).toEqual(order);
  });

  it('puts who was served just now behind who was not', () => {
    const line = queueOf('ann1');
    line.take();
    line.add(job('ann2'));
    line.add(job('bob1'));
    expect(namesOf(line)).toEqual(['bob1', 'ann2']);
  });

  it('lets no stream of newcomers hold up who waits', () => {
    const line = queueOf('ann1', 'ann2');
    line.take();
    line.add(job('new1'));
    const order: string[] = [];
    for (let count = 2; count < 10; count++) {
      order.push(line.take()!.id);
      line.add(job(`${'new'.repeat(count)}1`));
    }
    expect(order.indexOf('ann2')).toBeLessThanOrEqual(2);
  });

  it('gives nobody credit for having stayed away', () => {
    const line = queueOf('ann1', 'ann2', 'ann3', 'ann4');
    for (let turn = 0; turn < 3; turn++) line.take();
    for (const name of ['bob1', 'bob2', 'bob3']) line.add(job(name));
    expect(namesOf(line)).toEqual(['bob1', 'ann4', 'bob2', 'bob3']);
  });

  it('moves a user’s later jobs up when an earlier one is taken out', () => {
    const line = queueOf('ann1', 'ann2', 'bob1', 'bob2');
    expect(line.remove('ann1')).toBe(true);
    expect(line.remove('ann1')).toBe(false);
    expect(namesOf(line)).toEqual(['ann2', 'bob1', 'bob2']);
  });

  it('does first what the end of the process broke off', () => {
    const line = queueOf('ann1');
    line.add(job('bob1', 'interrupted'));
    expect(namesOf(line)).toEqual(['bob1', 'ann1']);
  });
});
