import { describe, expect, it } from 'vitest';
import { estimateMemory } from '../../../src/inference/pipeline/estimate-memory.ts';
import { readModelConfigs } from '../../../src/inference/pipeline/load-model.ts';
import { modelInfo } from '../../../src/inference/pipeline/model-info.ts';
import { goldenPath } from '../../support/golden.ts';

const configs = await readModelConfigs(goldenPath('models/tiny-a'));
const { defaults } = modelInfo(configs);
const small = { ...defaults, width: 64, height: 64 };

describe('estimateMemory', () => {
  it('orders the modes by the weights that are there at once', async () => {
    for (const stage of Object.values(await estimateMemory(configs, small, { provider: 'cpu' }))) {
      expect(stage.resident.weightBytes).toBeGreaterThan(stage['model-offload'].weightBytes);
      expect(stage['model-offload'].weightBytes).toBeGreaterThanOrEqual(stage['sequential-offload'].weightBytes);
      expect(stage.resident.activationBytes).toBe(stage['sequential-offload'].activationBytes);
    }
    const { denoise } = await estimateMemory(configs, small, { provider: 'cpu' });
    expect(denoise['sequential-offload'].weightBytes).toBeLessThan(denoise['model-offload'].weightBytes);
  });

  it('reckons with half the bytes on a GPU, and float32 for an encoder that asks for it', async () => {
    const cpu = await estimateMemory(configs, small, { provider: 'cpu' });
    const gpu = await estimateMemory(configs, small, { provider: 'cuda' });
    expect(gpu.denoise['model-offload'].weightBytes).toBe(cpu.denoise['model-offload'].weightBytes / 2);
    expect(gpu.denoise.resident.weightBytes).toBeGreaterThanOrEqual(cpu.denoise.resident.weightBytes / 2);
  });

  it('grows with the clip, the guidance and the frames that are decoded together', async () => {
    const working = async (changes: Partial<typeof small>, stage: 'denoise' | 'decode') =>
      (await estimateMemory(configs, { ...small, ...changes }, { provider: 'cpu' }))[stage]['model-offload']
        .activationBytes;
    const unguided = { minGuidanceScale: 1, maxGuidanceScale: 1 };
    expect(await working({ width: 128 }, 'denoise')).toBeGreaterThan(1.8 * (await working({}, 'denoise')));
    expect(await working(unguided, 'denoise')).toBeLessThan(0.6 * (await working({}, 'denoise')));
    expect(await working({ decodeChunkSize: 1 }, 'decode')).toBeLessThan(
      await working({ decodeChunkSize: 2 }, 'decode'),
    );
  });
});
