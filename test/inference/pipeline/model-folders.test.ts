import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openImageToVideo } from '../../../src/inference/pipeline/image-to-video.ts';
import { readModelConfigs } from '../../../src/inference/pipeline/load-model.ts';
import { modelNotes } from '../../../src/inference/pipeline/open-checkpoint.ts';
import type { ImageToVideoSettings } from '../../../src/inference/pipeline/types.ts';
import { readSafetensors } from '../../../src/inference/safetensors/read-safetensors.ts';
import { readTensor } from '../../../src/inference/safetensors/read-tensor.ts';
import { writeCheckpoint } from '../../support/checkpoint.ts';
import { expectSameFrames, generateClip } from '../../support/clip-frames.ts';
import { goldenPath, openGolden } from '../../support/golden.ts';
import { linkModel } from '../../support/linked-model.ts';
import { tempFolder } from '../../support/temp-folder.ts';

interface FolderManifest {
  settings: Omit<ImageToVideoSettings, 'sampler' | 'schedule'>;
  cases: Record<string, { files: Record<string, string> }>;
}
const { settings, cases } = JSON.parse(readFileSync(goldenPath('folders.json'), 'utf8')) as FolderManifest;

/** tiny-a with some of its configs replaced; weights that are to be changed have to be copied. */
function folderOf(files: Record<string, string>, copied: readonly string[] = []): string {
  const folder = join(tempFolder(), 'model');
  linkModel(goldenPath('models/tiny-a'), folder, copied);
  for (const [path, text] of Object.entries(files)) writeFileSync(join(folder, path), text);
  return folder;
}

/** Rewrites a float16 checkpoint in fp8: E4M3 rounded to the nearest, E5M2 cut off. */
async function narrow(path: string, dtype: 'F8_E4M3' | 'F8_E5M2'): Promise<void> {
  const { tensors } = await readSafetensors(path);
  const file = readFileSync(path);
  const e4m3 = (await openGolden('folders')).floats('fp8/e4m3').data;
  const narrowed = [...tensors.values()].map(async (entry) => {
    const values =
      dtype === 'F8_E4M3'
        ? Uint8Array.from(await readTensor(entry), (value) => nearestCode(value, e4m3))
        : file.subarray(entry.offset, entry.offset + entry.sizeBytes).filter((_, at) => at % 2 === 1);
    return [entry.name, { dtype, shape: entry.shape, values }] as const;
  });
  writeCheckpoint(path, Object.fromEntries(await Promise.all(narrowed)));
}

/** The code whose value is nearest; of two, the even one. Codes 0 to 126 rise; 128 and on are the same below 0. */
function nearestCode(value: number, table: Float32Array): number {
  const size = Math.abs(value);
  let low = 0;
  let high = 126;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (table[middle]! <= size) low = middle;
    else high = middle;
  }
  const [down, up] = [size - table[low]!, table[high]! - size];
  const code = down < up || (down === up && low % 2 === 0) ? low : high;
  return code + (value < 0 ? 128 : 0);
}

/** The clip that a folder makes by its own sampler and schedule. */
async function clipOf(modelDir: string) {
  const golden = await openGolden('folders');
  const data = golden.tensor('picture').data as Uint8Array;
  const pipeline = await openImageToVideo({ modelDir, provider: 'cpu', threads: 1 });
  const { sampler, schedule } = pipeline.info.defaults;
  const { width, height } = settings;
  return { golden, clip: await generateClip(pipeline, { width, height, data }, { ...settings, sampler, schedule }) };
}

describe('a model folder keeps the frames that diffusers makes of it', () => {
  it.each(Object.keys(cases))('%s', async (name) => {
    const { golden, clip } = await clipOf(folderOf(cases[name]!.files));
    expectSameFrames(clip.frames, golden.tensor(`${name}/frames`).data as Uint8Array);
  });

  it('tells the cases apart: most of them change the frames', async () => {
    const golden = await openGolden('folders');
    const unchanged = golden.tensor('unchanged/frames').data;
    const same = Object.keys(cases).filter((name) => golden.tensor(`${name}/frames`).data === unchanged);
    // These three say what tiny-a says, in other words.
    expect(same).toEqual(['infinity', 'preprocessor-defaults', 'nested-vision-config']);
  });

  it('with a byte order mark before its configs', async () => {
    const paths = ['model_index.json', 'unet/config.json', 'scheduler/scheduler_config.json'];
    const files = paths.map((path) => [path, `\ufeff${readFileSync(goldenPath(`models/tiny-a/${path}`), 'utf8')}`]);
    const { golden, clip } = await clipOf(folderOf(Object.fromEntries(files)));
    expectSameFrames(clip.frames, golden.tensor('unchanged/frames').data as Uint8Array);
  });

  it('with weights in fp8, both kinds, and says so', async () => {
    const folder = folderOf({}, ['unet', 'vae']);
    await narrow(join(folder, 'unet', 'diffusion_pytorch_model.fp16.safetensors'), 'F8_E4M3');
    for (const file of readdirSync(join(folder, 'vae')).filter((name) => name.endsWith('.safetensors'))) {
      await narrow(join(folder, 'vae', file), 'F8_E5M2');
    }
    const { golden, clip } = await clipOf(folder);
    expectSameFrames(clip.frames, golden.tensor('fp8/frames').data as Uint8Array);
    const notes = await modelNotes(await readModelConfigs(folder));
    expect(notes).toEqual([
      expect.stringMatching(/unet holds fp8 weights \(F8_E4M3\): they are widened/),
      expect.stringMatching(/vae holds fp8 weights \(F8_E5M2\): they are widened/),
    ]);
  });

  it('saved after the notebook’s EulerAncestralDiscreteScheduler runs as that', async () => {
    const pipeline = await openImageToVideo({
      modelDir: folderOf(cases['euler-ancestral']!.files),
      provider: 'cpu',
      threads: 2,
    });
    expect(pipeline.info.defaults.sampler).toBe('euler-ancestral-discrete');
  });
});
