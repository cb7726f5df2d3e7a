import { expect, it } from 'vitest';
import { startRetention } from '../../src/queue/retention.ts';
import { openDatabase } from '../../src/storage/database.ts';
import { createJobStore } from '../../src/storage/job-store.ts';
import { createUseStore } from '../../src/storage/uses.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { keepClip, newJob } from '../support/jobs.ts';
import { createRecordingLog } from '../support/recording-log.ts';
import { makeClip } from '../support/scripted-renderer.ts';
import { tempFolder } from '../support/temp-folder.ts';

const hourMs = 3_600_000;
const spec = { picture: Buffer.alloc(0), settings: { seed: 7 }, fit: 'crop' as const };

it('deletes pictures and clips once their hours are over, and uses after a day', async () => {
  const database = openDatabase(tempFolder());
  const [clock, log] = [createFakeClock(), createRecordingLog()];
  const [store, uses] = [createJobStore(database), createUseStore(database)];
  const { id, userId } = await store.add(newJob(), clock.now());
  await keepClip(store, id, { clip: makeClip(spec), atMs: clock.now() });
  await store.finish(id, { state: 'done', finishedAtMs: clock.now() });

  const stop = startRetention({ store, uses, retentionHours: 48, clock, log });
  await clock.advance(48 * hourMs);
  expect(await store.clip(id)).toBeDefined();
  expect(await uses.latest({ userId })).toBeUndefined();
  await clock.advance(hourMs);
  expect(await store.clip(id)).toBeUndefined();
  expect(await store.picture(id)).toBeUndefined();
  expect(log.events.filter(({ message }) => message.includes('deleted'))).toHaveLength(1);
  stop();
  expect(clock.pending()).toBe(0);
});

it('deletes at the start what became old while the bot was down, and goes on after a failure', async () => {
  const [clock, log] = [createFakeClock(), createRecordingLog()];
  const calls: number[] = [];
  const store = {
    dropVariations: async () => 0,
    async expire(beforeMs: number) {
      calls.push(beforeMs);
      if (calls.length === 1) throw new Error('the disk is away');
      return 0;
    },
  };
  startRetention({ store, uses: { prune: async () => {} }, retentionHours: 1, clock, log });
  expect(calls).toEqual([clock.now() - hourMs]);
  await clock.advance(hourMs);
  expect(calls).toHaveLength(2);
  expect(log.events.filter(({ level }) => level === 'error')).toHaveLength(1);
});

it('deletes a few at a time, so that nobody waits for many, and tells of all of them once', async () => {
  const [clock, log] = [createFakeClock(), createRecordingLog()];
  const asked: { atMost?: number; nowMs?: number }[] = [];
  let left = 7;
  const store = {
    dropVariations: async () => 0,
    async expire(_: number, options: { atMost?: number; nowMs?: number } = {}) {
      asked.push(options);
      const expired = Math.min(left, options.atMost!);
      left -= expired;
      return expired;
    },
  };
  const stop = startRetention({ store, uses: { prune: async () => {} }, retentionHours: 1, clock, log });
  expect(left).toBe(5);
  await clock.advance(1_000);
  expect(left).toBe(0);
  expect(asked).toHaveLength(4);
  expect(asked.at(-1)?.nowMs).toBeGreaterThan(asked[0]!.nowMs!);
  expect(log.events.map(({ fields }) => fields)).toEqual([{ jobs: 7 }]);
  stop();
  expect(clock.pending()).toBe(0);
});
