import { dirname, join } from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import { requireFinite } from '../../../src/inference/pipeline/guard-networks.ts';
import { type OpenImageToVideoOptions, openImageToVideo } from '../../../src/inference/pipeline/image-to-video.ts';
import { openSafetyCheck } from '../../../src/inference/pipeline/open-safety-check.ts';
import type { ImageToVideoSettings } from '../../../src/inference/pipeline/types.ts';
import { brightnessClassifier } from '../../support/brightness-classifier.ts';
import { linkModel } from '../../support/linked-model.ts';
import { spoilWeights } from '../../support/spoil-weights.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const settings: ImageToVideoSettings = {
  width: 16,
  height: 16,
  numFrames: 2,
  numInferenceSteps: 2,
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
const picture = { width: 16, height: 16, data: new Uint8Array(16 * 16 * 3).fill(90) };

/** What a clip of a model ends with in which one value is wrong. */
async function outcome(
  tensor: string,
  { value, ...options }: Partial<OpenImageToVideoOptions> & { value?: 'NaN' | 'Infinity' } = {},
): Promise<unknown> {
  const modelDir = join(tempFolder(), 'model');
  linkModel(inject('tinyModel'), modelDir, [dirname(tensor)]);
  await spoilWeights(modelDir, tensor, value);
  const pipeline = await openImageToVideo({ modelDir, provider: 'cpu', threads: 1, ...options });
  const run = pipeline.generate(picture, settings);
  try {
    for (;;) if ((await run.next()).done) return 'a clip';
  } catch (error) {
    return error;
  }
}

describe('a value in the weights that is no number', { timeout: 120_000 }, () => {
  it.each([
    ['image_encoder/visual_projection.weight', 'image-encoder', 'encode-image, step 1 of 2'],
    ['vae/quant_conv.bias', 'vae-encoder', 'encode-image, step 2 of 2'],
    ['unet/mid_block.attentions.0.time_pos_embed.linear_2.bias', 'unet-conditioning', 'denoise, step 1 of 2'],
    ['unet/conv_out.bias', 'unet-step', 'denoise, step 1 of 2'],
    ['vae/decoder.conv_out.bias', 'vae-decoder', 'decode, step 1 of 1'],
  ])('%s: ends the clip and names %s', async (tensor, network, where) => {
    const error = await outcome(tensor);
    expect(error).toMatchObject({ name: 'InferenceError', code: 'non-finite', scope: undefined });
    expect(String(error)).toContain(`The network ${network} gave values that are not finite (${where}).`);
    expect(String(error)).toContain('kinora model check');
  });

  it.each([
    ['an infinity counts too', 'vae/decoder.conv_out.bias', { value: 'Infinity' }],
    ['in half precision, where the chunk is decoded again', 'vae/decoder.conv_out.bias', { precision: 'float16' }],
    ['in a UNet that is loaded block by block', 'unet/conv_out.bias', { memoryMode: 'sequential-offload' }],
    ['with both branches of guidance apart', 'unet/conv_out.bias', { guidanceBatch: 'split' }],
  ] as const)('%s', async (_, tensor, options) => {
    expect(await outcome(tensor, options)).toMatchObject({ code: 'non-finite' });
  });

  it('is noticed in the safety check, which would refuse every picture', async () => {
    const check = await openSafetyCheck(brightnessClassifier({ scale: Number.NaN }));
    await expect(check.rate(picture)).rejects.toMatchObject({ code: 'non-finite' });
  });
});

describe('requireFinite', () => {
  it.each([
    [[], true],
    [[0, -0, 3.4e38, -3.4e38, 1e-45], true],
    [[1, Number.NaN, 1], false],
    [[1, 2, Number.POSITIVE_INFINITY], false],
    [[Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY], false],
  ])('%o: %s', (values, finite) => {
    const look = () => requireFinite(Float32Array.from(values), 'It');
    if (finite) look();
    else expect(look).toThrow('It gave values that are not finite.');
  });
});
