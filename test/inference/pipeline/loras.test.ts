import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../src/errors.ts';
import { compileGraph } from '../../../src/inference/graph/compile-graph.ts';
import { buildCheckpoint } from '../../../src/inference/pipeline/build-network.ts';
import { type ImageToVideoPipeline, openImageToVideo } from '../../../src/inference/pipeline/image-to-video.ts';
import { readModelConfigs } from '../../../src/inference/pipeline/load-model.ts';
import type { LoraRequest } from '../../../src/inference/pipeline/loras.ts';
import { modelInfo } from '../../../src/inference/pipeline/model-info.ts';
import { withLoras } from '../../../src/inference/pipeline/open-checkpoint.ts';
import type { ExecutionOptions, ImageToVideoSettings } from '../../../src/inference/pipeline/types.ts';
import { readSafetensors } from '../../../src/inference/safetensors/read-safetensors.ts';
import { readTensor } from '../../../src/inference/safetensors/read-tensor.ts';
import { type CheckpointTensor, writeCheckpoint } from '../../support/checkpoint.ts';
import { expectSameFrames, generateClip } from '../../support/clip-frames.ts';
import { goldenPath, openGolden } from '../../support/golden.ts';
import { singleFileManifest, singleFileShapes, writeHead } from '../../support/single-file.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const manifest = JSON.parse(readFileSync(goldenPath('loras/frames.json'), 'utf8')) as {
  settings: Omit<ImageToVideoSettings, 'sampler' | 'schedule'>;
  cases: Record<string, Record<string, number>>;
  changedModules: Record<string, number>;
};
const settings: ImageToVideoSettings = { ...manifest.settings, sampler: 'euler', schedule: 'karras' };
const modelDir = goldenPath('models/tiny-a');
const loraFile = (name: string) => goldenPath(`loras/${name}.safetensors`);
const lorasOf = (name: string): LoraRequest[] =>
  Object.entries(manifest.cases[name]!).map(([lora, scale]) => ({ file: loraFile(lora), scale }));

async function clipOf(loras: LoraRequest[], execution: Partial<ExecutionOptions> = {}) {
  const pipeline: ImageToVideoPipeline = await openImageToVideo({
    modelDir,
    loras,
    provider: 'cpu',
    threads: 1,
    ...execution,
  });
  const { width, height } = settings;
  const data = (await openGolden('loras/frames')).tensor('picture').data as Uint8Array;
  return { info: pipeline.info, frames: (await generateClip(pipeline, { width, height, data }, settings)).frames };
}

const goldenFrames = async (name: string) =>
  (await openGolden('loras/frames')).tensor(`${name}/frames`).data as Uint8Array;

describe('LoRAs make the frames of PEFT’s merge', () => {
  it.each(Object.keys(manifest.cases))('%s', async (name) => {
    expectSameFrames((await clipOf(lorasOf(name))).frames, await goldenFrames(name));
  });

  it.each<[string, Partial<ExecutionOptions>]>([
    ['the UNet block by block', { memoryMode: 'sequential-offload' }],
    ['weights left in their file', { cpuMemory: 'mmap' }],
    ['both', { memoryMode: 'sequential-offload', cpuMemory: 'mmap' }],
  ])('also with %s', async (_, execution) => {
    expectSameFrames((await clipOf(lorasOf('both'), execution)).frames, await goldenFrames('both'));
  });

  it('and none with a scale of 0', async () => {
    const { frames } = await clipOf([{ file: loraFile('peft'), scale: 0 }]);
    expectSameFrames(frames, await goldenFrames('none'));
  });
});

describe('a model with LoRAs', () => {
  const step = { network: 'unet-step', batch: 1, frames: 2, width: 8, height: 8 } as const;
  const target = { provider: 'cpu', precision: 'float32' } as const;

  it('names them and their scales', async () => {
    const configs = await withLoras(await readModelConfigs(modelDir), lorasOf('both'));
    expect(modelInfo(configs).name).toBe('tiny-a + peft:0.5 + kohya:1.25');
  });

  it('copies the weights that they change and no others', async () => {
    const configs = await withLoras(await readModelConfigs(modelDir), lorasOf('kohya'));
    const graphs = Object.values(await buildCheckpoint(configs, step, target));
    const initializers = graphs.flatMap((graph) => graph?.initializers ?? []);
    const raw = initializers.filter(({ name, data }) => data.kind === 'raw' && name.includes('/lora_'));
    const changed = new Set(raw.map(({ name }) => name.split(/\[|\//)[0]));
    const { changes } = configs.loras![0]!;
    expect(changes.size).toBe(manifest.changedModules.kohya);
    // Cross-attention's queries and keys have no effect with one context token: the graph does without them.
    const idle = [...changes.keys()].filter((key) => /attn2\.to_(q|k)\.weight$/.test(key));
    expect([...changed].sort()).toEqual([...changes.keys()].filter((key) => !idle.includes(key)).sort());
    expect(idle.length).toBeGreaterThan(0);
    // What merges them is reckoned once, when the session is made, also where weights stay mapped.
    expect(graphs.every((graph) => compileGraph(graph!).castsWeights)).toBe(true);
  });
});

/** A LoRA file's tensors, to be written in another way. */
async function tensorsOf(name: string): Promise<[string, CheckpointTensor][]> {
  const { tensors } = await readSafetensors(loraFile(name));
  return Promise.all(
    [...tensors.values()].map(async (entry) => {
      const { shape } = entry;
      return [entry.name, { dtype: 'F32', shape, values: await readTensor(entry) }] as [string, CheckpointTensor];
    }),
  );
}

function fileOf(tensors: [string, CheckpointTensor][], name = 'style.safetensors'): string {
  const path = join(tempFolder(), name);
  writeCheckpoint(path, Object.fromEntries(tensors));
  return path;
}

const load = async (file: string, scale = 1) => withLoras(await readModelConfigs(modelDir), [{ file, scale }]);
const scalesOf = async (file: string) => {
  const { loras } = await load(file);
  return new Map([...loras![0]!.changes].map(([key, { scale }]) => [key, scale]));
};

describe('a LoRA is found by the names that people’s files have', () => {
  const forms: [string, (name: string) => string][] = [
    ['PEFT’s own', (name) => name.replace(/^unet\./, 'base_model.model.')],
    ['an adapter’s name in it', (name) => name.replace('.weight', '.default.weight')],
    ['nothing before it', (name) => name.replace(/^unet\./, '')],
    ['lora_down and lora_up', (name) => name.replace('lora_A', 'lora_down').replace('lora_B', 'lora_up')],
    ['lora.down and lora.up', (name) => name.replace('lora_A', 'lora.down').replace('lora_B', 'lora.up')],
    [
      'an attention’s processor',
      (name) =>
        name.replace(/\.(to_q|to_v|to_out)(?:\.0)?\.lora_(A|B)\./, (_, projection: string, part: string) => {
          return `.processor.${projection}_lora.${part === 'A' ? 'down' : 'up'}.`;
        }),
    ],
    [
      'underscores',
      (name) =>
        name.replace(
          /^unet\.(.+)\.(lora_[AB]\.weight)$/,
          (_, path: string, end: string) => `lora_unet_${path.replaceAll('.', '_')}.${end}`,
        ),
    ],
  ];
  it.each(forms)('%s', async (_, rename) => {
    const tensors = (await tensorsOf('peft')).map(
      ([name, tensor]) => [rename(name), tensor] as [string, CheckpointTensor],
    );
    expect(tensors.map(([name]) => name)).not.toEqual((await tensorsOf('peft')).map(([name]) => name));
    expect((await scalesOf(fileOf(tensors))).size).toBe(manifest.changedModules.peft);
  });

  it('the names of generative-models, in a model folder as in a single file', async () => {
    const module = 'diffusion_model.input_blocks.1.1.time_stack.0.attn1.to_q';
    const factor = (shape: number[]): CheckpointTensor => ({
      dtype: 'F32',
      shape,
      values: new Float32Array(shape[0]! * shape[1]!),
    });
    const single = join(tempFolder(), 'svd_xt.safetensors');
    writeHead(single, singleFileShapes(singleFileManifest.cases.sgm));
    for (const [model, width] of [
      [modelDir, 32],
      [single, 64],
    ] as const) {
      const file = fileOf([
        [`${module}.lora_A.weight`, factor([2, width])],
        [`${module}.lora_B.weight`, factor([width, 2])],
      ]);
      const { loras } = await withLoras(await readModelConfigs(model), [{ file, scale: 1 }]);
      expect([...loras![0]!.changes.keys()]).toEqual([
        'down_blocks.0.attentions.0.temporal_transformer_blocks.0.attn1.to_q.weight',
      ]);
    }
  });

  it('with α of the file’s tensors, of its settings, or as large as the rank', async () => {
    const kohya = await scalesOf(loraFile('kohya'));
    expect(new Set(kohya.values())).toEqual(new Set([0.5]));
    const peft = await scalesOf(loraFile('peft'));
    const of = (end: string) => [...peft].find(([key]) => key.endsWith(end))?.[1];
    expect([of('attn1.to_q.weight'), of('attn1.to_v.weight'), of('ff.net.0.proj.weight')]).toEqual([1.5, 0.5, 3]);
    // PEFT's own folder has the settings beside the file.
    const adapter = fileOf(await tensorsOf('peft'), 'adapter_model.safetensors');
    writeFileSync(
      join(adapter, '..', 'adapter_config.json'),
      JSON.stringify({ r: 4, lora_alpha: 8, alpha_pattern: {} }),
    );
    expect(new Set((await scalesOf(adapter)).values())).toEqual(new Set([2]));
    // Written again without the metadata.
    expect(new Set((await scalesOf(fileOf(await tensorsOf('peft')))).values())).toEqual(new Set([1]));
  });
});

describe('a LoRA that does not fit is refused, by name', () => {
  const matrix = (rows: number, columns: number): CheckpointTensor => ({
    dtype: 'F32',
    shape: [rows, columns],
    values: new Float32Array(rows * columns),
  });
  const attention = 'unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q';
  const fitting: [string, CheckpointTensor][] = [
    [`${attention}.lora_A.weight`, matrix(2, 32)],
    [`${attention}.lora_B.weight`, matrix(32, 2)],
  ];

  it.each<[string, [string, CheckpointTensor][], RegExp]>([
    [
      'for a model of other widths',
      [
        [`${attention}.lora_A.weight`, matrix(2, 320)],
        [`${attention}.lora_B.weight`, matrix(320, 2)],
      ],
      /is a LoRA for another model: at .*attn1\.to_q the UNet has \[32, 32\], and the LoRA F32 \[320, 2\]/,
    ],
    [
      'for a text encoder besides',
      [...fitting, ['lora_te_text_model_encoder_layers_0.lora_down.weight', matrix(2, 2)]],
      /a model that makes pictures of text/,
    ],
    [
      'for Flux',
      [['transformer.single_transformer_blocks.0.attn.to_q.lora_A.weight', matrix(2, 2)]],
      /a LoRA for Flux: 1 of its 1 tensors/,
    ],
    [
      'for AnimateDiff',
      [['down_blocks.0.motion_modules.0.proj_in.lora_A.weight', matrix(2, 2)]],
      /a LoRA for AnimateDiff/,
    ],
    [
      'for something unknown',
      [...fitting, ['unet.down_blocks.7.proj_in.lora_A.weight', matrix(2, 2)]],
      /for another model: 1 of its 3 tensors have no place in this UNet, unet\.down_blocks\.7/,
    ],
    [
      'that is a LoHa',
      [['lora_unet_down_blocks_0_attentions_0_proj_in.hada_w1_a', matrix(2, 2)]],
      /this is a LoHa, which is not supported/,
    ],
    ['that is a DoRA', [...fitting, [`${attention}.lora_magnitude_vector`, matrix(32, 1)]], /this is a DoRA/],
    ['that is a model', [['conv_in.weight', matrix(2, 2)]], /1 of its 1 tensors have no place/],
    [
      'with an α that is no number',
      [...fitting, [`${attention}.alpha`, { dtype: 'F32', shape: [], values: Float32Array.of(Number.NaN) }]],
      /α of .*attn1\.to_q is no number/,
    ],
    ['with one matrix of two', fitting.slice(0, 1), /attn1\.to_q has one of its two matrices only/],
    [
      'with ranks that differ',
      [fitting[0]!, [`${attention}.lora_B.weight`, matrix(32, 3)]],
      /the LoRA F32 \[32, 3\] and F32 \[2, 32\]/,
    ],
    ['with nothing in it', [], /has no tensors/],
  ])('%s', async (_, tensors, words) => {
    const file = fileOf(tensors);
    const error = await load(file).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConfigError);
    expect(error).toMatchObject({ code: 'lora-unfit', scope: 'host', message: expect.stringMatching(words) });
    expect((error as Error).message).toContain('style.safetensors');
  });

  it('that is a PyTorch file, or is not there', async () => {
    await expect(load(join(tempFolder(), 'none.safetensors'))).rejects.toThrow(/cannot be found/);
  });
});
