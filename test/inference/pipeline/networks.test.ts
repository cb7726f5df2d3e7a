import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { InferenceSession } from 'onnxruntime-node';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { buildNetwork } from '../../../src/inference/pipeline/build-network.ts';
import { readModelConfigs } from '../../../src/inference/pipeline/load-model.ts';
import { modelNetworks } from '../../../src/inference/pipeline/networks.ts';
import { goldenPath } from '../../support/golden.ts';
import { linkModel } from '../../support/linked-model.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const configs = await readModelConfigs(goldenPath('models/tiny-a'));
const step = { network: 'unet-step', batch: 1, frames: 1, width: 2, height: 2 } as const;
const target = () => ({ provider: 'cpu', precision: 'float32' }) as const;

afterEach(() => vi.restoreAllMocks());

describe('the memory of a call', () => {
  it.each([
    ['model-offload', step, true],
    ['resident', step, false],
    ['sequential-offload', step, undefined], // no part is there before its turn in a call
    ['model-offload', { network: 'vae-decoder', frames: 1, width: 2, height: 2 }, false],
  ] as const)(
    '%s, %o: is kept for the next call: %s, and never planned as a second block',
    async (memoryMode, request, isKept) => {
      const create = vi.spyOn(InferenceSession, 'create');
      const networks = modelNetworks(configs, { target, session: { provider: 'cpu', threads: 1 }, memoryMode });
      const session = await networks.open(request);
      await session.release();
      await networks.release();
      const options = create.mock.calls.map(([, given]) => given as unknown as InferenceSession.SessionOptions);
      expect(options.map(({ enableCpuMemArena }) => enableCpuMemArena)).toEqual(isKept === undefined ? [] : [isKept]);
      expect(options.map(({ enableMemPattern }) => enableMemPattern)).toEqual(isKept === undefined ? [] : [false]);
    },
  );
});

it('either half of the VAE compares the whole checkpoint with the config, also when the other half was built before', async () => {
  const encoder = { network: 'vae-encoder', width: 16, height: 16 } as const;
  const decoder = { network: 'vae-decoder', frames: 1, width: 2, height: 2 } as const;
  for (const request of [encoder, decoder, encoder]) await buildNetwork(configs, request, target());
  const dir = join(tempFolder(), 'model');
  linkModel(configs.dir, dir, ['vae']);
  const index = join(dir, 'vae', 'diffusion_pytorch_model.safetensors.index.json');
  const names = Object.keys(JSON.parse(readFileSync(index, 'utf8')).weight_map);
  for (const [request, half] of [
    [encoder, 'decoder'],
    [decoder, 'encoder'],
  ] as const) {
    const lost = names.find((name) => name.startsWith(`${half}.`))!;
    const renamed = `${half}-lost.${lost.slice(half.length + 6)}`;
    expect(renamed).toHaveLength(lost.length);
    rename(join(dir, 'vae'), lost, renamed);
    await expect(buildNetwork({ ...configs, dir }, request, target())).rejects.toMatchObject({
      code: 'weights-mismatch',
      message: expect.stringContaining(`missing: ${lost}`),
    });
    rename(join(dir, 'vae'), renamed, lost);
  }
});

/** Renames a tensor in a folder's files. */
function rename(folder: string, from: string, to: string): void {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    writeFileSync(path, readFileSync(path, 'latin1').replaceAll(`"${from}"`, `"${to}"`), 'latin1');
  }
}
