import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openImageToVideo } from '../../../src/inference/pipeline/image-to-video.ts';
import type { ImageToVideoSettings } from '../../../src/inference/pipeline/types.ts';
import { expectSameFrames, generateClip } from '../../support/clip-frames.ts';
import { goldenPath, openGolden } from '../../support/golden.ts';
import { tempFolder } from '../../support/temp-folder.ts';

interface FolderManifest {
  settings: Omit<ImageToVideoSettings, 'sampler' | 'schedule'>;
  cases: Record<string, { files: Record<string, string> }>;
}
const { settings, cases } = JSON.parse(readFileSync(goldenPath('folders.json'), 'utf8')) as FolderManifest;

/** tiny-a with some of its files replaced. */
function folderOf(files: Record<string, string>): string {
  const folder = join(tempFolder(), 'model');
  cpSync(goldenPath('models/tiny-a'), folder, { recursive: true });
  for (const [path, text] of Object.entries(files)) writeFileSync(join(folder, path), text);
  return folder;
}

/** The clip that a folder makes by its own sampler and schedule. */
async function clipOf(modelDir: string) {
  const golden = await openGolden('folders');
  const data = golden.tensor('picture').data as Uint8Array;
  const pipeline = await openImageToVideo({ modelDir, provider: 'cpu', threads: 2 });
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

  it('saved after the notebook’s EulerAncestralDiscreteScheduler runs as that', async () => {
    const pipeline = await openImageToVideo({
      modelDir: folderOf(cases['euler-ancestral']!.files),
      provider: 'cpu',
      threads: 2,
    });
    expect(pipeline.info.defaults.sampler).toBe('euler-ancestral-discrete');
  });
});
