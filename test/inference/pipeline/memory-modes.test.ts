import { describe, expect, inject, it } from 'vitest';
import { buildNetwork } from '../../../src/inference/pipeline/build-network.ts';
import { type OpenImageToVideoOptions, openImageToVideo } from '../../../src/inference/pipeline/image-to-video.ts';
import { readModelConfigs } from '../../../src/inference/pipeline/load-model.ts';
import { modelNetworks } from '../../../src/inference/pipeline/networks.ts';
import type { ImageToVideoSettings } from '../../../src/inference/pipeline/types.ts';
import { goldenPath } from '../../support/golden.ts';

const settings: ImageToVideoSettings = {
  width: 16,
  height: 24,
  numFrames: 3,
  numInferenceSteps: 2,
  minGuidanceScale: 1,
  maxGuidanceScale: 3,
  fps: 7,
  motionBucketId: 127,
  noiseAugStrength: 0.02,
  decodeChunkSize: 3,
  seed: 5,
  sampler: 'euler',
  schedule: 'karras',
};

const picture = {
  width: settings.width,
  height: settings.height,
  data: Uint8Array.from({ length: settings.width * settings.height * 3 }, (_, at) => (at * 37) % 256),
};

async function frames(options: Partial<OpenImageToVideoOptions>, clips = 1): Promise<Buffer> {
  const modelDir = inject('tinyModel');
  const pipeline = await openImageToVideo({ modelDir, provider: 'cpu', threads: 2, ...options });
  try {
    let last = Buffer.alloc(0);
    for (let clip = 0; clip < clips; clip++) {
      const run = pipeline.generate(picture, settings);
      let next = await run.next();
      while (!next.done) next = await run.next();
      last = Buffer.concat(next.value.frames);
    }
    return last;
  } finally {
    await pipeline.release();
  }
}

/** What the others are compared with. */
const withoutOptions = frames({});

describe('memory modes', async () => {
  const staged = await withoutOptions;

  // Mapped weights go through ONNX Runtime's plain convolutions, and copied ones are laid out across the borders of the
  // parts of a sequential UNet: rounding differs, by one grey level at most (bench/ANALYSIS.md, "Memory modes").
  it.each([
    ['resident, the second clip on networks that stayed', { memoryMode: 'resident' } as const, 2, 0],
    ['sequential: the UNet block by block', { memoryMode: 'sequential-offload' } as const, 1, 1],
    ['weights mapped from the file', { cpuMemory: 'mmap' } as const, 1, 1],
    ['sequential and mapped', { memoryMode: 'sequential-offload', cpuMemory: 'mmap' } as const, 1, 1],
    ['guidance in two calls', { guidanceBatch: 'split' } as const, 1, 0],
    ['feed-forward in chunks that do not divide the tokens', { feedForwardChunk: 50 }, 1, 0],
  ])('%s: the same frames', async (_, options, clips, levels) => {
    const other = await frames(options, clips);
    const worst = other.reduce((largest, value, at) => Math.max(largest, Math.abs(value - staged[at]!)), 0);
    expect(other.length).toBe(staged.length);
    expect(worst, 'grey levels').toBeLessThanOrEqual(levels);
    const apart = other.reduce((count, value, at) => count + (value === staged[at] ? 0 : 1), 0);
    expect(apart / other.length, 'share of values that differ').toBeLessThanOrEqual(1e-3);
  });

  it.each(['prepacked', 'mmap'] as const)(
    'sequential, %s: a call of the UNet is within 1e-5 of the whole',
    async (cpuMemory) => {
      const configs = await readModelConfigs(goldenPath('models/tiny-a'));
      const session = { provider: 'cpu', threads: 2, mapped: cpuMemory === 'mmap' } as const;
      const request = { network: 'unet-step', batch: 2, frames: 3, width: 4, height: 6 } as const;
      const target = { provider: 'cpu', precision: 'float32' } as const;
      const step = await buildNetwork(configs, request, target);
      const sizes = step.inputs.map(
        ({ name, shape }) => [name, shape.reduce((product, axis) => product * axis, 1)] as const,
      );
      const feeds = Object.fromEntries(
        sizes.map(([name, size]) => [name, Float32Array.from({ length: size }, (_, at) => Math.sin(at * 0.7 + size))]),
      );
      const [whole, chained] = await Promise.all(
        (['model-offload', 'sequential-offload'] as const).map(async (memoryMode) => {
          const networks = modelNetworks(configs, { target: () => target, session, memoryMode });
          const opened = await networks.open(request);
          const [numbers = new Float32Array()] = Object.values(await opened.run(feeds));
          await opened.release();
          return numbers;
        }),
      );
      expect(whole?.length).toBeGreaterThan(0);
      const worst = whole!.reduce((largest, value, at) => Math.max(largest, Math.abs(value - chained![at]!)), 0);
      expect(worst).toBeLessThanOrEqual(cpuMemory === 'mmap' ? 0 : 1e-5);
    },
  );
});

describe('half precision', () => {
  it('gives nearly the same frames: ONNX Runtime computes in float32 between tensors of float16 on a CPU', async () => {
    const full = await withoutOptions;
    const half = await frames({ precision: 'float16' });
    const squares = half.reduce((sum, value, at) => sum + (value - full[at]!) ** 2, 0);
    const psnr = 10 * Math.log10(255 ** 2 / (squares / half.length));
    expect(psnr).toBeGreaterThan(30);
    expect(half.equals(full)).toBe(false);
  });
});
