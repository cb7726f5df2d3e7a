import { InferenceSession } from 'onnxruntime-node';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { readModelConfigs } from '../../../src/inference/pipeline/load-model.ts';
import { modelNetworks } from '../../../src/inference/pipeline/networks.ts';
import { goldenPath } from '../../support/golden.ts';

const configs = await readModelConfigs(goldenPath('models/tiny-a'));
const target = () => ({ provider: 'cpu', precision: 'float32' }) as const;

afterEach(() => vi.restoreAllMocks());

describe('the memory of a call', () => {
  it.each([
    ['model-offload', true],
    ['resident', false],
    ['sequential-offload', false],
  ] as const)('%s: is kept for the next call: %s, and never planned as a second block', async (memoryMode, isKept) => {
    const create = vi.spyOn(InferenceSession, 'create');
    const networks = modelNetworks(configs, { target, session: { provider: 'cpu', threads: 1 }, memoryMode });
    const session = await networks.open({ network: 'vae-encoder', width: 16, height: 16 });
    await session.release();
    await networks.release();
    const options = create.mock.calls.map(([, given]) => given as unknown as InferenceSession.SessionOptions);
    expect(options.map(({ enableCpuMemArena }) => enableCpuMemArena)).toEqual([isKept]);
    expect(options.map(({ enableMemPattern }) => enableMemPattern)).toEqual([false]);
  });
});
