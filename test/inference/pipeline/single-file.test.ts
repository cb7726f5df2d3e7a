import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { ConfigError, WeightsMismatchError } from '../../../src/errors.ts';
import type { BuiltGraph } from '../../../src/inference/graph/graph-builder.ts';
import { buildCheckpoint, type NetworkRequest } from '../../../src/inference/pipeline/build-network.ts';
import { openImageToVideo } from '../../../src/inference/pipeline/image-to-video.ts';
import { type ModelConfigs, readModelConfigs } from '../../../src/inference/pipeline/load-model.ts';
import { modelInfo, readModelInfo } from '../../../src/inference/pipeline/model-info.ts';
import { presentSingleFile } from '../../../src/inference/pipeline/single-file.ts';
import type { ImageToVideoSettings } from '../../../src/inference/pipeline/types.ts';
import { readSafetensors, type TensorEntry } from '../../../src/inference/safetensors/read-safetensors.ts';
import { readTensor } from '../../../src/inference/safetensors/read-tensor.ts';
import { type CheckpointTensor, writeCheckpoint } from '../../support/checkpoint.ts';
import { expectSameFrames, generateClip } from '../../support/clip-frames.ts';
import { goldenPath, openGolden } from '../../support/golden.ts';
import { drawSingleFile, singleFileManifest, writeHead } from '../../support/single-file.ts';
import { svdXtConfigs, writeSvdXtConfigs } from '../../support/svd-xt-configs.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const { cases } = singleFileManifest;
const settings = singleFileManifest.settings as unknown as ImageToVideoSettings;
const drawn = { sgm: drawSingleFile(cases.sgm), comfy: drawSingleFile(cases.comfy) };

const written = mkdtempSync(join(tmpdir(), 'kinora-test-'));
afterAll(() => rmSync(written, { recursive: true, force: true }));

/** The whole files, 17 MB each, which no test may change. */
const files = { sgm: join(written, 'sgm', 'svd_xt.safetensors'), comfy: join(written, 'comfy', 'svd_xt.safetensors') };
writeCheckpoint(files.sgm, drawn.sgm);
writeCheckpoint(files.comfy, drawn.comfy);

/**
 * A single file with some tensors added, replaced or (undefined) left out, for what reads its head alone: the data are a
 * hole, which takes no room.
 */
function headOf(
  tensors: Record<string, CheckpointTensor>,
  changes: Record<string, CheckpointTensor | undefined> = {},
  name = 'svd_xt.safetensors',
): string {
  const all = Object.entries({ ...tensors, ...changes }).flatMap(([key, tensor]) =>
    tensor === undefined ? [] : [[key, tensor.shape] as const],
  );
  const path = join(tempFolder(), name);
  writeHead(path, new Map(all));
  return path;
}

/** The clips that were made before, by model. */
const clips = new Map<string, Promise<Uint8Array[]>>();

function framesOf(modelDir: string): Promise<Uint8Array[]> {
  const clip = clips.get(modelDir) ?? makeFrames(modelDir);
  clips.set(modelDir, clip);
  return clip;
}

async function makeFrames(modelDir: string): Promise<Uint8Array[]> {
  const { width, height } = settings;
  const data = (await openGolden('single-file')).tensor('picture').data as Uint8Array;
  const pipeline = await openImageToVideo({ modelDir, provider: 'cpu', threads: 1 });
  return (await generateClip(pipeline, { width, height, data }, settings)).frames;
}

/** The same tensors in diffusers' layout, laid there by reference/single_file_goldens.py's list. */
async function writeFolderOf(path: string): Promise<string> {
  const folder = join(written, 'folder');
  const { configs, placed } = cases.sgm;
  writeSvdXtConfigs(
    folder,
    Object.fromEntries(Object.entries(configs!).map(([of, config]) => [`${of}/config.json`, config])),
  );
  const { tensors } = await readSafetensors(path);
  const networks: Record<string, Record<string, CheckpointTensor>> = { unet: {}, vae: {}, image_encoder: {} };
  for (const line of placed!) {
    const [name, network, key, view] = line.split(' ') as [string, string, string, string | undefined];
    const { shape } = tensors.get(name)!;
    const values = await readTensor(tensors.get(name)!);
    networks[network]![key] = { dtype: 'F32', ...viewed({ shape, values }, view, key) };
  }
  writeCheckpoint(join(folder, 'unet', 'diffusion_pytorch_model.safetensors'), networks.unet!);
  writeCheckpoint(join(folder, 'vae', 'diffusion_pytorch_model.safetensors'), networks.vae!);
  writeCheckpoint(join(folder, 'image_encoder', 'model.safetensors'), networks.image_encoder!);
  return folder;
}

/** The model folder with the tensors of `files.sgm`, which no test may change. */
const folderOfSgm = writeFolderOf(files.sgm);

function viewed(tensor: { shape: readonly number[]; values: Float32Array }, view: string | undefined, key: string) {
  const { shape, values } = tensor;
  const [rows = 1, columns = 1] = shape;
  if (view === 'transposed') {
    const turned = values.map((_, at) => values[(at % rows) * columns + Math.floor(at / rows)]!);
    return { shape: [columns, rows], values: turned };
  }
  if (view !== undefined) {
    const [from = 0, to = 0] = view.split(':').map(Number);
    const rowSize = values.length / rows;
    return { shape: shape.with(0, to - from), values: values.slice(from * rowSize, to * rowSize) };
  }
  return /to_(q|k|v|out\.0)\.weight$/.test(key) ? { shape: shape.slice(0, 2), values } : tensor;
}

const requests: NetworkRequest[] = [
  { network: 'image-encoder' },
  { network: 'vae-decoder', frames: 1, width: 8, height: 8 },
  { network: 'unet-step', batch: 1, frames: 2, width: 8, height: 8 },
];
const target = { provider: 'cpu', precision: 'float32' } as const;

describe('a single file', () => {
  it.each(['sgm', 'comfy'] as const)('makes diffusers’ frames, as written by %s', async (name) => {
    const golden = await openGolden('single-file');
    expectSameFrames(await framesOf(files[name]), golden.tensor(`${name}/frames`).data as Uint8Array);
  });

  it('makes the very frames of the model folder with the same tensors', async () => {
    const [single, folder] = [await framesOf(files.sgm), await framesOf(await folderOfSgm)];
    expect(Buffer.concat(single).equals(Buffer.concat(folder))).toBe(true);
  });

  it('tells the configs of that model folder by its shapes', async () => {
    const [single, folder] = [await readModelConfigs(files.sgm), await readModelConfigs(await folderOfSgm)];
    const compared = (configs: ModelConfigs) => ({ ...modelInfo(configs), name: '', scheduler: configs.scheduler });
    expect(compared(single)).toEqual(compared(folder));
    expect(single.imageEncoder).toEqual(folder.imageEncoder);
    expect(single.preprocessor).toEqual(folder.preprocessor);
    expect(single.vae).toEqual(folder.vae);
  });

  it('is read where it lies: every weight is a range of its bytes', async () => {
    for (const [name, inMemory] of [
      ['sgm', []],
      // ComfyUI saves no quant_conv; the one that changes nothing is in no file.
      ['comfy', ['quant_conv.weight', 'quant_conv.bias']],
    ] as const) {
      const configs = await readModelConfigs(files[name]);
      const built = await Promise.all(requests.map((request) => buildCheckpoint(configs, request, target)));
      const graphs = built.flatMap((checkpoint) => Object.values(checkpoint) as BuiltGraph[]);
      const initializers = graphs.flatMap((graph) => graph.initializers);
      const weights = initializers.filter(({ name: key }) => !/^(constant|integers)_\d+$/.test(key));
      const copied = weights.filter(({ data }) => data.kind === 'raw').map(({ name: key }) => key);
      expect([...new Set(copied)].sort()).toEqual([...inMemory].sort());
      expect(weights.some(({ name: key }) => key === 'visual_projection.weight')).toBe(true);
      // OpenCLIP's projection lies transposed, and is used as it lies.
      const turned = graphs.flatMap(({ nodes }) => nodes.filter(({ opType }) => opType === 'Transpose'));
      expect(turned.filter(({ inputs }) => inputs.includes('visual_projection.weight'))).toEqual([]);
    }
  });

  it('is of 25 frames, or of 14 where it says so or is named so', async () => {
    const framesNamed = async (name: string) => {
      const { defaults } = await readModelInfo(headOf(drawn.sgm, {}, name));
      return defaults.numFrames;
    };
    expect(await framesNamed('svd_xt_1_1.safetensors')).toBe(25);
    expect(await framesNamed('AnimateLCM-SVD-xt-1.1.safetensors')).toBe(25);
    expect(await framesNamed('something.safetensors')).toBe(25);
    expect(await framesNamed('svd.safetensors')).toBe(14);
    expect(await framesNamed('svd-fp16.safetensors')).toBe(14);
    const { tensors } = await readSafetensors(files.sgm);
    const said = new Map([['modelspec.title', 'Stable Video Diffusion img2vid']]);
    expect(presentSingleFile('svd_xt.safetensors', tensors, said).unet.num_frames).toBe(14);
  });

  it('lists what it lacks and what it has too much, by name', async () => {
    const file = headOf(drawn.sgm, {
      'model.diffusion_model.out.2.bias': undefined,
      'model.diffusion_model.input_blocks.9.0.in_layers.0.weight': {
        dtype: 'F32',
        shape: [1],
        values: new Float32Array(1),
      },
      'something.else': { dtype: 'F32', shape: [1], values: new Float32Array(1) },
    });
    const error = await buildCheckpoint(await readModelConfigs(file), requests[2]!, target).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(WeightsMismatchError);
    expect((error as Error).message.split('\n')).toEqual([
      `${file} (unet) does not fit its config:`,
      '  missing: conv_out.bias [4]',
      '  not in the config: model.diffusion_model.input_blocks.9.0.in_layers.0.weight',
      '  not in the config: something.else',
    ]);
  });
});

describe('svd_xt.safetensors', () => {
  /** name, shape, and `network key view` of what it is in diffusers. */
  const lines = gunzipSync(readFileSync(goldenPath('svd-xt-names.txt.gz')))
    .toString()
    .trimEnd()
    .split('\n');
  const published = lines.map((line) => {
    const [name = '', sizes = '', places = ''] = line.split('\t');
    const shape = sizes === '' ? [] : sizes.split(',').map(Number);
    return { name, shape, places: places === '-' ? [] : places.split('|') };
  });
  const tensors = new Map<string, TensorEntry>();
  let offset = 1000;
  for (const { name, shape } of published) {
    const sizeBytes = 4 * shape.reduce((product, size) => product * size, 1);
    tensors.set(name, { name, dtype: 'F32', shape, file: '/svd_xt.safetensors', offset, sizeBytes });
    offset += sizeBytes;
  }
  const { weights, ...configs } = presentSingleFile('/svd_xt.safetensors', tensors);

  it('has 2,446 tensors of 2,389,819,785 values', () => {
    expect(published).toHaveLength(2446);
    expect((offset - 1000) / 4).toBe(2_389_819_785);
  });

  it('becomes the networks that are published in diffusers’ layout', async () => {
    const folder = tempFolder();
    writeSvdXtConfigs(folder);
    const wanted = await readModelConfigs(folder);
    const { layers_per_block, transformer_layers_per_block, ...unet } = wanted.unet;
    expect(configs.unet).toEqual({
      ...unet,
      layers_per_block: Array(4).fill(layers_per_block),
      transformer_layers_per_block: Array(4).fill(transformer_layers_per_block),
    });
    expect(configs.vae).toEqual(wanted.vae);
    expect(configs.imageEncoder).toEqual(wanted.imageEncoder);
    expect(svdXtConfigs['unet/config.json']).toMatchObject({ num_frames: 25 });
  });

  it('lies in diffusers’ networks where running both of them says it lies, none missing and none unused', () => {
    const placed = { unet: 0, vae: 0, image_encoder: 0 };
    for (const { name, shape, places } of published) {
      const stored = tensors.get(name)!;
      for (const place of places) {
        const [network, key, view] = place.split(' ') as [keyof typeof placed, string, string | undefined];
        const found = weights[network].get(key);
        const [from, to] = view?.includes(':') ? view.split(':').map(Number) : [0, shape[0] ?? 1];
        const rowBytes = stored.sizeBytes / (shape[0] ?? 1);
        expect(found, place).toMatchObject({
          offset: stored.offset + from! * rowBytes,
          sizeBytes: (to! - from!) * rowBytes,
        });
        expect(found!.transposed, place).toBe(view === 'transposed' ? true : undefined);
        placed[network]++;
      }
    }
    // Nothing is in the networks that the list does not place there.
    expect(placed).toEqual({
      unet: weights.unet.size,
      vae: weights.vae.size,
      image_encoder: weights.image_encoder.size,
    });
  });

  it('has every tensor that the graphs ask for, in its shape, and no other', async () => {
    const folder = tempFolder();
    writeSvdXtConfigs(folder);
    const whole: ModelConfigs = {
      ...(await readModelConfigs(folder)),
      ...configs,
      weights,
      dir: '/svd_xt.safetensors',
    };
    const full: NetworkRequest[] = [
      { network: 'image-encoder' },
      { network: 'vae-decoder', frames: 1, width: 16, height: 8 },
      { network: 'unet-step', batch: 1, frames: 2, width: 16, height: 8 },
    ];
    for (const request of full) await expect(buildCheckpoint(whole, request, target)).resolves.toBeDefined();
  });
});

describe('a safetensors file that is no such checkpoint says what it is', () => {
  const tensor: CheckpointTensor = { dtype: 'F32', shape: [1], values: new Float32Array(1) };
  const named = (...names: string[]) => Object.fromEntries(names.map((name) => [name, tensor]));
  const only = (keep: (name: string) => boolean) =>
    Object.fromEntries(Object.entries(drawn.sgm).filter(([name]) => keep(name)));

  it.each<[string, () => Record<string, CheckpointTensor>, RegExp]>([
    [
      'a UNet without the rest',
      () => only((name) => name.startsWith('model.')),
      /has a UNet, but lacks the decoder .*, the encoder .*, the image encoder/,
    ],
    ['no image encoder', () => only((name) => !name.includes('open_clip')), /lacks the image encoder \(conditioner/],
    [
      'a model for pictures',
      () => only((name) => !name.includes('time_stack')),
      /makes pictures \(its UNet has no layers over time\)/,
    ],
    [
      'a decoder for pictures',
      () => only((name) => !/first_stage_model.*(mix_factor|time_)/.test(name)),
      /svd_image_decoder/,
    ],
    [
      'diffusers’ UNet',
      () => named('conv_in.weight', 'down_blocks.0.resnets.0.temporal_res_block.conv1.weight'),
      /is the UNet of a model folder/,
    ],
    ['an autoencoder', () => named('encoder.conv_in.weight', 'decoder.conv_in.weight'), /is an autoencoder alone/],
    ['an image encoder', () => named('vision_model.embeddings.class_embedding'), /is an image encoder alone/],
    ['a LoRA', () => named('unet.down_blocks.0.attentions.0.proj_in.lora_A.weight'), /holds a LoRA, .*--lora FILE/],
    ['something else', () => named('a', 'b'), /no tensors below model\.diffusion_model, but a, b/],
  ])('%s', async (_, tensors, words) => {
    const path = headOf(tensors());
    const error = await readModelConfigs(path).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as Error).message).toMatch(words);
    expect((error as Error).message.startsWith(`${path} `)).toBe(true);
  });

  it('also where the shapes make no model', async () => {
    const halved = {
      ...drawn.sgm['model.diffusion_model.input_blocks.0.0.weight']!,
      shape: [64, 4, 3, 3],
      values: new Float32Array(64 * 36),
    };
    const path = headOf(drawn.sgm, { 'model.diffusion_model.input_blocks.0.0.weight': halved });
    await expect(readModelConfigs(path)).rejects.toThrow(/is not a whole: unet in_channels must be twice/);
  });

  it('a PyTorch file, and a folder that has the file in it', async () => {
    const folder = tempFolder();
    writeFileSync(join(folder, 'svd.ckpt'), Buffer.from('504b0304000008080000', 'hex'));
    await expect(readModelConfigs(join(folder, 'svd.ckpt'))).rejects.toThrow(/PyTorch's own format/);
    mkdirSync(join(folder, 'models'));
    renameSync(headOf(drawn.sgm), join(folder, 'models', 'svd_xt.safetensors'));
    await expect(readModelConfigs(join(folder, 'models'))).rejects.toThrow(
      /name the file itself: .*svd_xt\.safetensors/,
    );
  });
});
