import { describe, expect, it } from 'vitest';
import { type DenoiserPlan, openDenoiser } from '../../../src/inference/pipeline/denoiser.ts';
import { readModelConfigs } from '../../../src/inference/pipeline/load-model.ts';
import type { Networks } from '../../../src/inference/pipeline/networks.ts';
import type { PipelineContext } from '../../../src/inference/pipeline/pipeline-context.ts';
import type { GuidanceBatch } from '../../../src/inference/pipeline/types.ts';
import { goldenPath } from '../../support/golden.ts';

const configs = await readModelConfigs(goldenPath('models/tiny-a'));

/** Networks that do no work: each call of the UNet is noted as its form, its batch and what it was given. */
function noting(calls: string[]): Networks {
  return {
    open: async (request) => ({
      async run(inputs): Promise<Record<string, Float32Array>> {
        if (request.network !== 'unet-step') return {};
        const form = request.deepFeatures ?? 'whole';
        calls.push([form, request.batch, ...(inputs.deep_features ?? [])].join(' '));
        const out = { out_sample: new Float32Array(request.batch) };
        return form === 'give' ? { ...out, deep_features: Float32Array.of(calls.length) } : out;
      },
      release: async () => {
        if (request.network === 'unet-step') calls.push(`released ${request.deepFeatures ?? 'whole'}`);
      },
    }),
    release: async () => {},
  };
}

async function callsOf(guidanceBatch: GuidanceBatch, plan: DenoiserPlan, shallow: readonly boolean[] = []) {
  const calls: string[] = [];
  const settings = { width: 16, height: 16, numFrames: 3, fps: 7, motionBucketId: 127, noiseAugStrength: 0 };
  const job = { configs, networks: noting(calls), settings, guidanceBatch } as unknown as PipelineContext;
  const condition = { imageEmbeds: new Float32Array(24), imageLatents: new Float32Array(4) };
  const denoiser = await openDenoiser(job, [condition], plan);
  const lengths: number[] = [];
  for (const [at, guided] of plan.guided.entries()) {
    const step = { guided, shallow: shallow[at] === true };
    lengths.push((await denoiser.predict(new Float32Array(4), 1, step)).length);
  }
  await denoiser.release();
  return { calls, lengths };
}

describe('what a step costs', () => {
  it('is one call for both branches, or two where they run apart', async () => {
    const plan = { guided: [true], caching: false };
    expect(await callsOf('batched', plan)).toEqual({ calls: ['whole 2', 'released whole'], lengths: [2] });
    expect(await callsOf('split', plan)).toEqual({ calls: ['whole 1', 'whole 1', 'released whole'], lengths: [2] });
  });

  it('is half where guidance does not run: the conditional branch alone, on the same loaded UNet', async () => {
    const { calls, lengths } = await callsOf('batched', { guided: [false, true, false], caching: false });
    expect(calls).toEqual(['whole 1', 'whole 1', 'whole 1', 'whole 1', 'released whole']);
    expect(lengths).toEqual([1, 2, 1]);
  });

  it('is the outermost blocks alone where the inner ones are cached', async () => {
    const plan = { guided: [true, true, true, true], caching: true };
    const { calls } = await callsOf('batched', plan, [false, true, true, false]);
    expect(calls).toEqual(['give 2', 'take 2 1', 'take 2 1', 'give 2', 'released give', 'released take']);
  });

  it('is a whole call for a branch of which nothing is cached yet', async () => {
    const plan = { guided: [false, true, true], caching: true };
    const { calls } = await callsOf('split', plan, [false, true, true]);
    const [conditional, first, second] = ['give 1', ['give 1', 'take 1 1'], ['take 1 2', 'take 1 1']];
    expect(calls).toEqual([conditional, ...first, ...second, 'released give', 'released take']);
  });
});

it('keeps the inner features of each picture apart', async () => {
  const calls: string[] = [];
  const settings = { width: 16, height: 16, numFrames: 3, fps: 7, motionBucketId: 127, noiseAugStrength: 0 };
  const job = { configs, networks: noting(calls), settings, guidanceBatch: 'batched' } as unknown as PipelineContext;
  const picture = { imageEmbeds: new Float32Array(24), imageLatents: new Float32Array(4) };
  const denoiser = await openDenoiser(job, [picture, picture], { guided: [true, true], caching: true });
  for (const shallow of [false, true]) {
    for (const condition of [0, 1])
      await denoiser.predict(new Float32Array(4), 1, { guided: true, shallow, condition });
  }
  // The first two calls made 1 and 2.
  expect(calls).toEqual(['give 2', 'give 2', 'take 2 1', 'take 2 2']);
  await denoiser.release();
});
