import { expect, it } from 'vitest';
import { openDatabase } from '../../src/storage/database.ts';
import { createJobStore } from '../../src/storage/job-store.ts';
import { newJob } from '../support/jobs.ts';
import { makeClip } from '../support/scripted-renderer.ts';
import { tempFolder } from '../support/temp-folder.ts';

const clip = makeClip({ picture: Buffer.alloc(0), settings: { seed: 7 }, fit: 'crop' });

async function open() {
  const store = createJobStore(openDatabase(tempFolder()));
  const { id } = await store.add(newJob(), 1);
  const claim = (holder: string, nowMs: number) => store.claim(id, { holder, nowMs, leaseMs: 100 });
  return { store, id, claim };
}

it('of concurrent claims one gets the job', async () => {
  const { claim } = await open();
  const claims = await Promise.all(['a', 'b', 'c'].map((holder) => claim(holder, 1)));
  expect(claims.map((claimed) => claimed?.attempt.holder)).toEqual(['a', undefined, undefined]);
});

it('a lease that is over may be taken by another, and not before; a heartbeat renews it', async () => {
  const { store, claim } = await open();
  const first = (await claim('a', 1))!.attempt;
  expect(await claim('b', 100)).toBeUndefined();
  expect(await store.heartbeat(first, { nowMs: 100, leaseMs: 100 })).toBe(true);
  expect(await claim('b', 199)).toBeUndefined();
  const second = (await claim('b', 200))!.attempt;
  expect(second.number).toBeGreaterThan(first.number);
  expect(await store.heartbeat(first, { nowMs: 201, leaseMs: 100 })).toBe(false);
});

it('a lost fence refuses everything that comes late, whoever sends it', async () => {
  const { store, id, claim } = await open();
  const lost = (await claim('a', 1))!.attempt;
  // The same holder again: its earlier attempt is over too.
  const current = (await claim('a', 2))!.attempt;
  const end = { state: 'failed', finishedAtMs: 3, attempt: lost } as const;
  expect(await store.saveCheckpoint(lost, Buffer.from('late'))).toBe(false);
  expect(await store.keepClip(lost, clip, 3)).toBeUndefined();
  expect(await store.finish(id, end)).toBeUndefined();
  expect(await store.release(lost, { isCounted: false })).toBe(false);
  expect([await store.checkpoint(id), await store.clip(id)]).toEqual([undefined, undefined]);
  expect(await store.find(id)).toMatchObject({ state: 'running', attempts: 2 });
  expect((await store.keepClip(current, clip, 4))?.state).toBe('delivering');
  // What was delivered already is not delivered again.
  expect(await store.keepClip(current, clip, 5)).toBeUndefined();
});

it('a job that has ended cannot be claimed, nor ended again', async () => {
  const { store, id, claim } = await open();
  await store.finish(id, { state: 'cancelled', finishedAtMs: 2 });
  expect(await claim('a', 3)).toBeUndefined();
  expect(await store.finish(id, { state: 'done', finishedAtMs: 3 })).toBeUndefined();
  expect((await store.find(id))?.state).toBe('cancelled');
});

it('a start releases what its predecessor held, and nothing of others', async () => {
  const { store, id, claim } = await open();
  const other = (await store.add(newJob(), 2)).id;
  await claim('local 1', 1);
  await store.claim(other, { holder: 'remote 1', nowMs: 1, leaseMs: 100 });
  expect(await store.releaseHeldBy('local ')).toBe(1);
  expect([(await store.find(id))?.state, (await store.find(other))?.state]).toEqual(['interrupted', 'running']);
});

it('a start gives everybody who renders a whole lease more, and takes none from anybody', async () => {
  const { store, id } = await open();
  const other = (await store.add(newJob(), 2)).id;
  await store.claim(id, { holder: 'remote 1', nowMs: 1, leaseMs: 100 });
  await store.claim(other, { holder: 'remote 2', nowMs: 1, leaseMs: 10_000 });
  expect(await store.claimState(id, 200)).toBe('free');
  expect(await store.extendLeases(1_000)).toBe(2);
  expect(await store.claimState(id, 999)).toBe('held');
  expect(await store.claimState(id, 1_001)).toBe('free');
  expect(await store.claimState(other, 9_999)).toBe('held');
});
