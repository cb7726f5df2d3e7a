import { cpSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { runCli } from '../../src/cli/run-cli.ts';
import { findPulledModels } from '../../src/hub/pulled-models.ts';
import { createMemoryIo } from '../support/cli-io.ts';
import { goldenPath } from '../support/golden.ts';
import { tempFolder } from '../support/temp-folder.ts';

/** A folder as `kinora model pull` leaves it, without the files of `missing`. */
function pull(workingFolder: string, name: string, missing?: string): string {
  const folder = join(workingFolder, 'models', name);
  cpSync(goldenPath('models/tiny-a'), folder, { recursive: true });
  const networks = ['image_encoder', 'unet', 'vae'].filter((network) => network !== missing);
  const paths = networks.flatMap((network) => readdirSync(join(folder, network)).map((file) => `${network}/${file}`));
  const file = { repo: 'o/n', commit: 'c', sizeBytes: 1, digest: { kind: 'sha256', hex: '0' } };
  const files = Object.fromEntries(paths.map((path) => [path, file]));
  writeFileSync(join(folder, 'kinora-pull.json'), JSON.stringify({ version: 1, licences: {}, files }));
  return folder;
}

function cache(home: string): string {
  const snapshot = join(home, '.cache/huggingface/hub/models--owner--tiny/snapshots/0123abc');
  mkdirSync(snapshot, { recursive: true });
  cpSync(goldenPath('models/tiny-a'), snapshot, { recursive: true });
  return snapshot;
}

describe('findPulledModels', () => {
  it('lists what was pulled completely and what is in the cache, and nothing else', async () => {
    const folder = tempFolder();
    const options = { environment: { HOME: folder }, workingFolder: folder };
    expect(await findPulledModels(options)).toEqual([]);
    const pulled = pull(folder, 'svd');
    pull(folder, 'on-its-way', 'unet');
    cpSync(goldenPath('models/tiny-a'), join(folder, 'models', 'demo'), { recursive: true });
    expect(await findPulledModels(options)).toEqual([pulled]);
    const cached = cache(folder);
    expect(await findPulledModels(options)).toEqual([pulled, cached]);
  });
});

describe('a pulled model', () => {
  const info = async (HOME: string, more: Record<string, string> = {}) => {
    const io = createMemoryIo({ environment: { HOME, ...more } });
    expect(await runCli(['model', 'info'], io)).toBe(0);
    return { out: io.out(), err: io.err() };
  };
  const inFolder = (folder: string) => {
    const before = process.cwd();
    process.chdir(folder);
    onTestFinished(() => process.chdir(before));
  };

  it('is used without MODEL_DIR where it is the only one, and that is said', async () => {
    const home = tempFolder();
    inFolder(home);
    const snapshot = cache(home);
    const { out, err } = await info(home);
    expect(out).toContain(`(${snapshot})`);
    expect(err).toBe(`MODEL_DIR is not set: using ${snapshot}, the only model that was downloaded.\n`);
  });

  it('is not used where another is there too: both are named', async () => {
    const home = tempFolder();
    inFolder(home);
    const models = [pull(home, 'a'), pull(home, 'b')];
    const { out, err } = await info(home);
    expect(out).toContain('models/demo)');
    expect(err).toContain(`Set MODEL_DIR to one of ${models.join(', ')}.`);
  });

  it('gives way to MODEL_DIR, without a word', async () => {
    const home = tempFolder();
    inFolder(home);
    cache(home);
    const { out, err } = await info(home, { MODEL_DIR: goldenPath('models/tiny-b') });
    expect(out).toContain('tiny-b)');
    expect(err).toBe('');
  });
});
