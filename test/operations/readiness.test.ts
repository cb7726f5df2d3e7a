import { mkdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Libsql from 'libsql';
import { describe, expect, it, onTestFinished } from 'vitest';
import { listModelFiles } from '../../src/operations/model-files.ts';
import { type BotParts, createReadiness, type ReadinessOptions } from '../../src/operations/readiness.ts';
import { openDatabase } from '../../src/storage/database.ts';
import { createStorageProbe } from '../../src/storage/probe.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { tempFolder } from '../support/temp-folder.ts';

function setUp(changes: Partial<BotParts> = {}, options: Partial<ReadinessOptions> = {}) {
  const clock = createFakeClock();
  const dataDir = tempFolder();
  const database = openDatabase(dataDir);
  onTestFinished(() => {
    if (database.open) database.close();
  });
  const shard = { shard: 0, isConnected: true, sinceMs: clock.now(), lastAckAtMs: undefined, latencyMs: undefined };
  const parts: BotParts = {
    jobs: { overview: () => ({ waiting: [], running: [], hostFault: undefined }), workers: () => [] },
    gateway: () => [shard],
    storage: createStorageProbe(database, { dataDir, clock }),
    ...changes,
  };
  const ask = createReadiness({ parts: () => parts, isRenderLate: () => false, modelFiles: [], clock, ...options });
  return { ask, clock, database, dataDir, parts };
}

const ready = { status: 'ready' };

describe('createReadiness', () => {
  it('names each check, and is ready where all of them are well', async () => {
    expect(await setUp().ask()).toEqual({
      status: 'ready',
      checks: {
        database: { ok: true },
        gateway: { ok: true },
        render: { ok: true },
        model: { ok: true },
        disk: { ok: true },
      },
    });
  });

  it('is not ready while the bot starts or goes down', async () => {
    const report = await setUp({}, { parts: () => undefined }).ask();
    expect(report).toMatchObject({
      status: 'not-ready',
      checks: { database: { reason: expect.stringContaining('starting') } },
    });
  });

  it('is not ready where the database cannot be written', async () => {
    const { ask, database } = setUp();
    database.pragma('query_only = ON');
    expect((await ask()).checks.database).toEqual({ ok: false, reason: expect.stringContaining('readonly') });
  });

  it('waits up to two seconds for a program that holds the database, without blocking, then is not ready', async () => {
    const { ask, clock, dataDir } = setUp();
    const other = new Libsql(join(dataDir, 'kinora.db'));
    other.exec('BEGIN IMMEDIATE');
    const short = ask();
    await clock.advance(1_000);
    other.exec('COMMIT');
    await clock.advance(200);
    expect((await short).checks.database).toEqual({ ok: true });
    other.exec('BEGIN IMMEDIATE');
    const long = ask();
    await clock.advance(2_100);
    expect((await long).checks.database).toEqual({
      ok: false,
      reason: 'Another program holds the database for over 2000 ms.',
    });
    other.exec('COMMIT');
    other.close();
  });

  it.each([
    ['before the first connection', [], 'Discord was not reached yet'],
    ['without a session', [{ shard: 1, isConnected: false, sinceMs: 5, lastAckAtMs: 5 }], 'shard 1 is not connected'],
  ])('is not ready %s', async (_, shards, reason) => {
    const { ask } = setUp({ gateway: () => shards.map((shard) => ({ ...shard, latencyMs: undefined })) });
    expect((await ask()).checks.gateway).toEqual({ ok: false, reason });
  });

  it('is not ready once the gateway has answered no heartbeat for 90 s on one of the shards', async () => {
    const clock = createFakeClock();
    const sinceMs = clock.now();
    let lastAckAtMs: number | undefined;
    const shard = { isConnected: true, sinceMs, latencyMs: 20 };
    const gateway = () => [
      { ...shard, shard: 0, lastAckAtMs: clock.now() },
      { ...shard, shard: 1, lastAckAtMs },
    ];
    const { ask } = setUp({ gateway }, { clock });
    await clock.advance(89_000);
    expect(await ask()).toMatchObject(ready);
    await clock.advance(2_000);
    const reason = 'shard 1 has had no answer to a heartbeat for 91 s';
    expect((await ask()).checks.gateway).toEqual({ ok: false, reason });
    lastAckAtMs = clock.now();
    await clock.advance(2_000);
    expect(await ask()).toMatchObject(ready);
  });

  it('is ready while it is busy, and not where this machine makes no clips or a step takes too long', async () => {
    const busy = { waiting: Array(100).fill({}), running: [{}] } as unknown as ReturnType<BotParts['jobs']['overview']>;
    expect(await setUp({ jobs: { overview: () => busy, workers: () => [] } }).ask()).toMatchObject(ready);
    const hostFault = { code: 'ENOSPC', message: 'no space left', sinceMs: 1, retryAtMs: 2 };
    const { checks } = await setUp({ jobs: { overview: () => ({ ...busy, hostFault }), workers: () => [] } }).ask();
    expect(checks.render).toEqual({ ok: false, reason: 'no clips can be made: no space left (ENOSPC)' });
    const late = await setUp({}, { isRenderLate: () => true }).ask();
    expect(late.checks.render).toEqual({ ok: false, reason: expect.stringContaining('five times') });
  });

  it('is not ready where a file of the model is gone or cut', async () => {
    const folder = tempFolder();
    mkdirSync(join(folder, 'unet'));
    const weights = join(folder, 'unet', 'model.safetensors');
    const lora = join(tempFolder(), 'style.safetensors');
    for (const path of [join(folder, 'model_index.json'), weights, lora]) writeFileSync(path, 'eight ch');
    const modelFiles = await listModelFiles(folder, [lora]);
    expect(modelFiles.map(({ sizeBytes }) => sizeBytes)).toEqual([8, 8, 8]);
    const { ask, clock } = setUp({}, { modelFiles });
    expect(await ask()).toMatchObject(ready);
    truncateSync(weights, 7);
    await clock.advance(1_000);
    expect((await setUp({}, { modelFiles }).ask()).checks.model).toEqual({
      ok: false,
      reason: expect.stringContaining('7 bytes, 8'),
    });
    writeFileSync(weights, 'eight ch');
    rmSync(lora);
    expect((await setUp({}, { modelFiles }).ask()).checks.model).toEqual({
      ok: false,
      reason: `${lora} cannot be read (ENOENT)`,
    });
  });

  it('is not ready where the disk is nearly full', async () => {
    const { parts } = setUp();
    const storage = { ...parts.storage, freeBytes: async () => 99 * 2 ** 20 };
    const { checks } = await setUp({ storage }).ask();
    expect(checks.disk).toEqual({ ok: false, reason: expect.stringMatching(/^104 MB are free, 105 MB are needed$/) });
  });

  it('says what does not answer instead of waiting for it', async () => {
    const { parts } = setUp();
    const { ask, clock } = setUp({ storage: { ...parts.storage, freeBytes: () => new Promise(() => {}) } });
    const asked = ask();
    await clock.advance(5_000);
    expect((await asked).checks.disk).toEqual({ ok: false, reason: 'no answer within 5 s' });
  });

  it('gives who asks often the same answer for a second: a check writes to the disk', async () => {
    const { ask, clock } = setUp();
    const first = ask();
    expect(ask()).toBe(first);
    await first;
    await clock.advance(1_000);
    expect(ask()).not.toBe(first);
  });
});
