import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runCli } from '../../src/cli/run-cli.ts';
import { openDatabase } from '../../src/storage/database.ts';
import { createMemoryIo } from '../support/cli-io.ts';
import { tempFolder } from '../support/temp-folder.ts';

async function kinora(dataDir: string, ...argv: string[]) {
  const io = createMemoryIo({ environment: { DATA_DIR: dataDir } });
  return { exitCode: await runCli(argv, io), out: io.out(), err: io.err() };
}

it('kinora backup and kinora restore bring a data folder back', async () => {
  const dataDir = tempFolder();
  const database = openDatabase(dataDir);
  database.prepare(`INSERT INTO facts VALUES ('key', 'value')`).run([]);
  const folder = join(tempFolder(), 'backups');
  const made = await kinora(dataDir, 'backup', folder);
  expect(made).toMatchObject({ exitCode: 0, err: '' });
  const [name] = readdirSync(folder);
  expect(made.out).toContain(`${join(folder, name!)} (`);
  database.close();
  rmSync(join(dataDir, 'kinora.db'));

  expect(await kinora(dataDir, 'restore', folder)).toMatchObject({
    exitCode: 0,
    out: `${join(folder, name!)} is now the database in ${dataDir}.\n`,
  });
  const restored = openDatabase(dataDir);
  expect(restored.prepare(`SELECT value FROM facts WHERE key = 'key'`).get([])).toMatchObject({ value: 'value' });
  restored.close();
  const again = await kinora(dataDir, 'restore', folder);
  expect(again.out).toContain('The one that was there is kept as ');
});

it('a backup of nothing, and a backup that is not there, are told in a sentence', async () => {
  const dataDir = tempFolder();
  const folder = join(tempFolder(), 'backups');
  expect(await kinora(dataDir, 'backup', folder)).toMatchObject({
    exitCode: 1,
    err: `kinora: There is nothing to back up: DATA_DIR=${dataDir} holds no kinora.db.\n`,
  });
  expect(existsSync(folder)).toBe(false);
  expect(await kinora(dataDir, 'restore', folder)).toMatchObject({
    exitCode: 1,
    err: `kinora: There is no ${folder}.\n`,
  });
  expect((await kinora(dataDir, 'restore')).exitCode).toBe(2);
});
