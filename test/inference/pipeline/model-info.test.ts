import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../src/errors.ts';
import { checkSettings, readModelInfo } from '../../../src/inference/pipeline/model-info.ts';
import { goldenPath } from '../../support/golden.ts';
import { svdXtConfigs, writeSvdXtConfigs } from '../../support/svd-xt-configs.ts';
import { tempFolder } from '../../support/temp-folder.ts';

type Changes = Parameters<typeof writeSvdXtConfigs>[1];

function folderWith(changes: Changes = {}): string {
  const folder = join(tempFolder(), 'svd-xt');
  writeSvdXtConfigs(folder, changes);
  return folder;
}

/** A config with some fields replaced; undefined leaves a field out. */
const changed = (path: string, fields: Record<string, unknown>) => ({ [path]: { ...svdXtConfigs[path], ...fields } });

describe('what a model proposes', () => {
  it('is for SVD XT 25 frames of 1024×576, with diffusers’ other defaults', async () => {
    expect(await readModelInfo(folderWith())).toEqual({
      name: 'svd-xt',
      defaults: {
        width: 1024,
        height: 576,
        numFrames: 25,
        numInferenceSteps: 25,
        minGuidanceScale: 1,
        maxGuidanceScale: 3,
        fps: 7,
        motionBucketId: 127,
        noiseAugStrength: 0.02,
        decodeChunkSize: 25,
        sampler: 'euler',
        schedule: 'karras',
      },
      limits: { sizeStep: 8, minSize: 64, maxSize: 4096, maxFrames: 25, maxSteps: 1000 },
    });
  });

  it('is for the demo model what its kinora.json says', async () => {
    const { name, description, defaults, limits, ...moves } = await readModelInfo(goldenPath('../../models/demo'));
    expect(name).toBe('Kinora demo (toy model)');
    expect(description).toMatch(/toy-sized .* the real one is SVD XT/);
    expect(moves).toEqual({ loop: 'ping-pong', orientsBySeed: true, panMargin: 32, zoomBucket: 512 });
    expect(defaults).toMatchObject({
      width: 256,
      height: 144,
      numFrames: 14,
      numInferenceSteps: 4,
      maxGuidanceScale: 1,
    });
    expect(limits.maxFrames).toBe(14);
  });

  it.each(['tiny-a', 'tiny-b'])('fits its own limits: %s', async (model) => {
    const info = await readModelInfo(goldenPath(`models/${model}`));
    expect(() => checkSettings({ ...info.defaults, seed: 0 }, info)).not.toThrow();
  });

  it('follows what the model was trained at', async () => {
    const info = async (path: string, fields: Record<string, unknown>) =>
      (await readModelInfo(folderWith(changed(path, fields)))).defaults;
    expect(await info('unet/config.json', { num_frames: 14 })).toMatchObject({ numFrames: 14, decodeChunkSize: 14 });
    expect(await info('unet/config.json', { sample_size: undefined })).toMatchObject({ width: 1024, height: 576 });
    expect(await info('unet/config.json', { sample_size: [72, 128] })).toMatchObject({ width: 1024, height: 576 });
    expect(await info('unet/config.json', { sample_size: 64 })).toMatchObject({ width: 704, height: 384 });
    const plain = { use_karras_sigmas: false };
    expect(await info('scheduler/scheduler_config.json', plain)).toMatchObject({ schedule: 'model' });
  });

  it('can be told beside the weights', async () => {
    const folder = folderWith({
      'kinora.json': {
        name: 'Mine',
        num_frames: 10,
        fps: 12,
        decode_chunk_size: 2,
        width: 512,
        height: 512,
        loop: 'crossfade',
      },
    });
    const { name, defaults, loop } = await readModelInfo(folder);
    expect({ name, loop }).toEqual({ name: 'Mine', loop: 'crossfade' });
    expect(defaults).toMatchObject({ numFrames: 10, fps: 12, decodeChunkSize: 2, width: 512, height: 512 });
  });
});

describe('a model folder is refused, naming the file', () => {
  const unet = 'unet/config.json';
  const vae = 'vae/config.json';
  const clip = 'image_encoder/config.json';
  const scheduler = 'scheduler/scheduler_config.json';
  const preprocessor = 'feature_extractor/preprocessor_config.json';

  it.each([...Object.keys(svdXtConfigs)])('without %s', async (path) => {
    const folder = folderWith({ [path]: null });
    const error = await readModelInfo(folder).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConfigError);
    expect(error).toMatchObject({
      code: 'model-config-unreadable',
      message: `${join(folder, path)} cannot be read.`,
      cause: expect.objectContaining({ code: 'ENOENT' }),
    });
  });

  it.each([...Object.keys(svdXtConfigs), 'kinora.json'])('with a %s that is not JSON', async (path) => {
    const folder = folderWith({ [path]: '{"a": ' });
    const error = await readModelInfo(folder).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConfigError);
    expect(error).toMatchObject({ message: `${join(folder, path)} is not JSON.`, cause: expect.any(SyntaxError) });
  });

  it.each<[string, Changes, string, RegExp]>([
    [
      'another pipeline',
      changed('model_index.json', { _class_name: 'StableDiffusionPipeline' }),
      'model_index.json',
      /_class_name/,
    ],
    ['a list for a config', { [unet]: '[]' }, unet, /expected object/],
    ['a block it does not know', changed(unet, { down_block_types: ['DownBlock2D'] }), unet, /down_block_types/],
    ['text for a number', changed(unet, { num_frames: '25' }), unet, /num_frames/],
    [
      'a list of another length',
      changed(unet, { num_attention_heads: [5, 10] }),
      unet,
      /must have 4 entries, one per block\s+→ at num_attention_heads/,
    ],
    [
      'heads that do not divide',
      changed(unet, { num_attention_heads: [6, 10, 20, 20] }),
      unet,
      /320 channels do not divide by 6/,
    ],
    [
      'widths that 32 groups do not divide',
      changed(unet, { block_out_channels: [100, 200, 300, 400] }),
      unet,
      /block_out_channels/,
    ],
    ['a negative count', changed(vae, { layers_per_block: -1 }), vae, /layers_per_block/],
    ['no scale', changed(vae, { scaling_factor: 0 }), vae, /scaling_factor/],
    ['lists that do not match', changed(vae, { block_out_channels: [128, 256] }), vae, /one length/],
    ['heads that do not divide the width', changed(clip, { num_attention_heads: 7 }), clip, /num_attention_heads/],
    ['a mean for two colours', changed(preprocessor, { image_mean: [0.5, 0.5] }), preprocessor, /image_mean/],
    ['a spread of zero', changed(preprocessor, { image_std: [0, 1, 1] }), preprocessor, /image_std/],
    ['a prediction it does not know', changed(scheduler, { prediction_type: 'flow' }), scheduler, /prediction_type/],
    ['a proposal it does not know', { 'kinora.json': { frames: 3 } }, 'kinora.json', /frames/],
    ['a proposal out of reason', { 'kinora.json': { fps: 0 } }, 'kinora.json', /fps/],
  ])('with %s', async (_, changes, path, words) => {
    const folder = folderWith(changes);
    const error = await readModelInfo(folder).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as Error).message.startsWith(join(folder, path))).toBe(true);
    expect((error as Error).message).toMatch(words);
  });

  it.each<[string, Changes]>([
    ['latents of different widths', changed(unet, { in_channels: 9 })],
    ['outputs that are no latents', changed(unet, { out_channels: 8 })],
    ['pictures of one colour', changed(vae, { in_channels: 1 })],
    ['frames of one colour', changed(vae, { out_channels: 1 })],
    ['an encoder of one colour', changed(clip, { num_channels: 1 })],
    ['four time ids', changed(unet, { projection_class_embeddings_input_dim: 1024 })],
    ['an embedding that the UNet does not take', changed(clip, { projection_dim: 768 })],
  ])('with networks that do not fit together: %s', async (_, changes) => {
    const folder = folderWith(changes);
    const error = await readModelInfo(folder).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as Error).message).toMatch(new RegExp(`^${folder} is not a whole: `));
  });
});
