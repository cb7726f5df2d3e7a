import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { allowedDifference, largestDifference } from '../../../src/cli/doctor/check-providers.ts';
import { buildNetwork, modelTarget, type NetworkRequest } from '../../../src/inference/pipeline/build-network.ts';
import { type ModelConfigs, readModelConfigs } from '../../../src/inference/pipeline/load-model.ts';
import { withRandomUnet } from '../../../src/inference/pipeline/probe-unet.ts';
import type { ImageToVideoSettings } from '../../../src/inference/pipeline/types.ts';
import { torchGenerator } from '../../../src/inference/random/torch-generator.ts';
import { expandContrib } from '../../support/expand-contrib.ts';
import { goldenPath } from '../../support/golden.ts';
import { type ClipNetworks, clipOf } from '../../support/half-networks.ts';
import { inFloat32 } from '../../support/half-precision.ts';
import { linkModel } from '../../support/linked-model.ts';
import { runBuilt } from '../../support/run-graph.ts';
import { scaleWeights } from '../../support/scale-weights.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const settings: ImageToVideoSettings = {
  width: 24,
  height: 24,
  numFrames: 2,
  numInferenceSteps: 2,
  minGuidanceScale: 1,
  maxGuidanceScale: 1,
  fps: 7,
  motionBucketId: 127,
  noiseAugStrength: 0.02,
  decodeChunkSize: 2,
  seed: 5,
  sampler: 'euler',
  schedule: 'karras',
};
let picture: { width: number; height: number; data: Uint8Array };
beforeAll(async () => {
  const { width, height } = settings;
  const pixels = sharp(readFileSync('assets/cat.jpg')).resize(width, height).removeAlpha().raw();
  picture = { width, height, data: new Uint8Array(await pixels.toBuffer()) };
});

/** How far the frames of a clip in emulated float16 are from those in float32, as the doctor measures. */
async function framesOff(
  modelDir: string,
  how: ClipNetworks,
  changed: Partial<ImageToVideoSettings> = {},
): Promise<{ off: number; lines: string[] }> {
  const clip = { picture, settings: { ...settings, ...changed } };
  const key = JSON.stringify([modelDir, changed]);
  const full = inFull.get(key) ?? (await clipOf(modelDir, 'float32', clip)).frames;
  inFull.set(key, full);
  const { frames, lines } = await clipOf(modelDir, how, clip);
  return { off: largestDifference(frames, full), lines };
}

/** Frames in float32, by model and settings. */
const inFull = new Map<string, Float32Array>();

/** A tiny model, which encodes in float32 (`force_upcast`), with a layer of its VAE that makes values 65,536 times as large. */
async function tinyWithLarge(layer: string): Promise<string> {
  const modelDir = join(tempFolder(), 'model');
  linkModel(inject('tinyModel'), modelDir, ['vae']);
  await scaleWeights(modelDir, layer, 16);
  return modelDir;
}

const demo = goldenPath('../../models/demo');

describe('a clip with every operator’s output rounded to float16, as a card stores it', () => {
  it.each([
    ['tiny-a', 'channels-last'],
    ['tiny-b', 'plain'],
    ['demo', 'channels-last'],
  ] as const)('%s, %s: keeps its frames within what the doctor allows', async (model, cudaGraph) => {
    const modelDir = model === 'demo' ? demo : goldenPath(`models/${model}`);
    const { off, lines } = await framesOff(modelDir, { cudaGraph });
    expect(off).toBeLessThanOrEqual(allowedDifference.float16);
    expect(off).toBeGreaterThan(0);
    expect(lines).toEqual([]);
  });

  it('keeps its frames with a motion bucket that float16 does not hold', async () => {
    const { off } = await framesOff(inject('tinyModel'), { cudaGraph: 'channels-last' }, { motionBucketId: 100_000 });
    expect(off).toBeLessThanOrEqual(allowedDifference.float16);
  });
});

/** The network of that name in float16, whatever it should be in. */
const forcing = (network: NetworkRequest['network']): ClipNetworks => ({
  cudaGraph: 'channels-last',
  targetOf: (request, target) => (request.network === network ? { ...target, precision: 'float16' } : target),
});

describe('what needs float32 keeps it', () => {
  it('a VAE encoder beyond float16’s range is in float32, and would give no numbers otherwise', async () => {
    const modelDir = await tinyWithLarge('encoder.conv_in.');
    const { off } = await framesOff(modelDir, { cudaGraph: 'channels-last' });
    expect(off).toBeLessThanOrEqual(allowedDifference.float16);
    await expect(framesOff(modelDir, forcing('vae-encoder'))).rejects.toMatchObject({ code: 'non-finite' });
  });

  it('a decoder beyond float16’s range decodes again in float32', async () => {
    const { off, lines } = await framesOff(await tinyWithLarge('decoder.conv_in.'), { cudaGraph: 'channels-last' });
    expect(lines).toEqual(['Half precision ruined a chunk of frames; it is decoded again in float32.']);
    expect(off).toBeLessThanOrEqual(allowedDifference.float16);
  });

  it('the demo model’s UNet is in float32, and would spoil the frames otherwise', async () => {
    expect((await framesOff(demo, forcing('unet-step'))).off).toBeGreaterThan(allowedDifference.float16);
  });
});

describe('the UNet by which the doctor compares providers', () => {
  const sizes = { batch: 1, frames: 2, width: 8, height: 8 };

  /** How far its prediction is off where everything is rounded. */
  async function predictionOff(configs: ModelConfigs): Promise<number> {
    const target = modelTarget({ provider: 'cuda', precision: 'float16' });
    const graph = expandContrib(await buildNetwork(configs, { network: 'unet-step', ...sizes }, target));
    const generator = torchGenerator(1);
    const inputs = Object.fromEntries(
      graph.inputs.map(({ name, shape }) => {
        const data = generator.randn(shape.reduce((product, size) => product * size, 1));
        return [name, { shape, data: name === 'timestep' ? data.fill(0.5) : data }];
      }),
    );
    const run = async (rounded: boolean) => {
      const { out_sample } = await runBuilt(inFloat32(graph, { rounded }), inputs, { asWritten: true });
      return Float32Array.from(out_sample!.data);
    };
    return largestDifference(await run(true), await run(false));
  }

  it('bears float16, with room to spare', async () => {
    const configs = withRandomUnet(await readModelConfigs(demo), sizes);
    expect(await predictionOff(configs)).toBeLessThanOrEqual(allowedDifference.float16 / 2);
  });
});
