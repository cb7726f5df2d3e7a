import { describe, expect, inject, it } from 'vitest';
import { buildNetwork, type NetworkRequest } from '../../../src/inference/pipeline/build-network.ts';
import { openImageToVideo } from '../../../src/inference/pipeline/image-to-video.ts';
import { readModelConfigs } from '../../../src/inference/pipeline/load-model.ts';
import { modelNetworks } from '../../../src/inference/pipeline/networks.ts';
import type { ImageToVideoSettings, MemoryMode } from '../../../src/inference/pipeline/types.ts';
import { torchGenerator } from '../../../src/inference/random/torch-generator.ts';
import { goldenPath } from '../../support/golden.ts';

type StepRequest = Extract<NetworkRequest, { network: 'unet-step' }>;

const request: StepRequest = { network: 'unet-step', batch: 1, frames: 2, width: 12, height: 8 };

/** One call of each form of a UNet step, on the same random numbers. */
async function forms(model: string, precision: 'float32' | 'float16', memoryMode: MemoryMode) {
  const configs = await readModelConfigs(model === 'tiny' ? inject('tinyModel') : goldenPath(`models/${model}`));
  const target = { provider: 'cpu', precision } as const;
  const networks = modelNetworks(configs, {
    target: () => target,
    session: { provider: 'cpu', threads: 1 },
    memoryMode,
  });
  const { inputs } = await buildNetwork(configs, request, target);
  const generator = torchGenerator(3);
  const given = Object.fromEntries(
    inputs.map(({ name, shape }) => [name, generator.randn(shape.reduce((product, size) => product * size, 1))]),
  );
  const run = async (deepFeatures: StepRequest['deepFeatures'], more: Record<string, Float32Array> = {}) => {
    const session = await networks.open({ ...request, ...(deepFeatures && { deepFeatures }) });
    const outputs = await session.run({ ...given, ...more });
    await session.release();
    return outputs;
  };
  const whole = await run(undefined);
  const giving = await run('give');
  const features = giving.deep_features ?? new Float32Array();
  const taking = await run('take', { deep_features: features });
  const other = await run('take', { deep_features: features.map((value) => value + 1) });
  await networks.release();
  return { whole, giving, taking, other };
}

describe('a UNet step that is cut where the outermost up block begins', { timeout: 120_000 }, () => {
  it.each([
    ['tiny-a', 'float32', 'model-offload'],
    ['tiny-b', 'float32', 'resident'],
    ['tiny', 'float32', 'sequential-offload'],
    ['tiny', 'float16', 'sequential-offload'],
  ] as const)(
    '%s in %s, %s: what was cached stands in for the inner blocks exactly',
    async (model, precision, mode) => {
      const { whole, giving, taking, other } = await forms(model, precision, mode);
      expect(giving.out_sample).toEqual(whole.out_sample);
      expect(taking.out_sample).toEqual(whole.out_sample);
      expect(other.out_sample).not.toEqual(whole.out_sample);
    },
  );

  it('has neither nodes nor weights of the inner blocks, nor what only they are told', async () => {
    const configs = await readModelConfigs(goldenPath('models/tiny-b'));
    const target = { provider: 'cpu', precision: 'float32' } as const;
    const graph = await buildNetwork(configs, { ...request, deepFeatures: 'take' }, target);
    const names = [...graph.nodes, ...graph.initializers, ...graph.inputs].map(({ name }) => name);
    expect(names.filter((name) => /^(down_blocks\.[12]|mid_block|up_blocks\.[01])\b/.test(name))).toEqual([]);
    expect(names).toContain('down_blocks.0.resnets.0.spatial_res_block.conv1.weight');
    expect(names.filter((name) => name.includes('downsamplers'))).toEqual([]);
    expect(names).toContain('deep_features');
  });
});

describe('clips', { timeout: 120_000 }, () => {
  const settings: ImageToVideoSettings = {
    width: 16,
    height: 16,
    numFrames: 2,
    numInferenceSteps: 3,
    minGuidanceScale: 1,
    maxGuidanceScale: 3,
    fps: 7,
    motionBucketId: 127,
    noiseAugStrength: 0.02,
    decodeChunkSize: 2,
    seed: 5,
    sampler: 'euler',
    schedule: 'karras',
  };
  const picture = { width: 16, height: 16, data: Uint8Array.from({ length: 16 * 16 * 3 }, (_, at) => (at * 37) % 256) };

  async function frames(
    changes: Partial<ImageToVideoSettings>,
    memoryMode: MemoryMode = 'model-offload',
  ): Promise<Buffer> {
    const modelDir = inject('tinyModel');
    const pipeline = await openImageToVideo({ modelDir, provider: 'cpu', threads: 1, memoryMode });
    const run = pipeline.generate(picture, { ...settings, ...changes });
    let next = await run.next();
    while (!next.done) next = await run.next();
    await pipeline.release();
    return Buffer.concat(next.value.frames);
  }

  const withoutCache = frames({});

  it('are the same with a cache for every step, and others with a cache for every second one', async () => {
    const exact = await withoutCache;
    expect((await frames({ deepCacheInterval: 1 })).equals(exact)).toBe(true);
    const cached = await frames({ deepCacheInterval: 2 });
    expect(cached.equals(exact)).toBe(false);
    expect((await frames({ deepCacheInterval: 2 }, 'resident')).equals(cached)).toBe(true);
  });

  it('are the same with an interval that holds all steps, and unguided ones with one that holds none', async () => {
    const exact = await withoutCache;
    expect((await frames({ guidanceInterval: [0, 1000] })).equals(exact)).toBe(true);
    const unguided = await frames({ maxGuidanceScale: 1 });
    expect(unguided.equals(exact)).toBe(false);
    expect((await frames({ guidanceInterval: [800, 900] })).equals(unguided)).toBe(true);
    const some = await frames({ guidanceInterval: [1, 600] });
    expect(some.equals(unguided) || some.equals(exact)).toBe(false);
  });
});
