import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { backUp } from '../../src/storage/backup.ts';
import { openDatabase } from '../../src/storage/database.ts';
import { createJobStore } from '../../src/storage/job-store.ts';
import { createStorageProbe } from '../../src/storage/probe.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { keepClip, newJob } from '../support/jobs.ts';
import { makeClip } from '../support/scripted-renderer.ts';
import { tempFolder } from '../support/temp-folder.ts';

it('the probe tells what the data folder holds, by kind, clips on their way and the last backup', async () => {
  const [dataDir, backups] = [tempFolder(), tempFolder()];
  const database = openDatabase(dataDir);
  const clock = createFakeClock();
  const probe = createStorageProbe(database, { dataDir, clock });
  mkdirSync(join(dataDir, 'blobs'), { recursive: true });
  mkdirSync(join(dataDir, 'backups'));
  writeFileSync(join(dataDir, 'blobs', 'one'), Buffer.alloc(500));
  writeFileSync(join(dataDir, 'backups', 'old.db'), Buffer.alloc(70));
  const sizeOf = (file: string) => statSync(join(dataDir, file)).size;
  const first = await probe.state();
  expect(first).toMatchObject({ delivering: 0, lastBackupAtMs: undefined, usedBytes: { blobs: 500 } });
  expect(first.usedBytes.database).toBe(sizeOf('kinora.db'));
  expect(first.usedBytes.other).toBe(70 + sizeOf('kinora.db-shm'));
  expect(first.freeBytes).toBeGreaterThan(0);

  const store = createJobStore(database);
  const { id } = await store.add(newJob(), 1);
  const clip = makeClip({ picture: Buffer.alloc(0), settings: { seed: 7 }, fit: 'crop' });
  await keepClip(store, id, { clip, atMs: 2 });
  backUp({ dataDir, folder: backups, nowMs: 123_000 });
  rmSync(join(dataDir, 'blobs', 'one'));
  const second = await probe.state();
  expect(second).toMatchObject({ delivering: 1, lastBackupAtMs: 123_000 });
  // Sizes are read once a minute: there may be thousands of files.
  expect(second.usedBytes).toEqual(first.usedBytes);
  await clock.advance(60_000);
  expect((await probe.state()).usedBytes.blobs).toBe(0);
  database.close();
});
