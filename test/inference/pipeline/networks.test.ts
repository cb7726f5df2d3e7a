import { InferenceSession } from 'onnxruntime-node';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { readModelConfigs } from '../../../src/inference/pipeline/load-model.ts';
import { modelNetworks } from '../../../src/inference/pipeline/networks.ts';
import { goldenPath } from '../../support/golden.ts';

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
