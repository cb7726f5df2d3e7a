import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, inject, it } from 'vitest';
import { readAnimateOptions } from '../../src/cli/animate-options.ts';
import { openImageToVideo } from '../../src/inference/pipeline/image-to-video.ts';
import type { ImageToVideoSettings } from '../../src/inference/pipeline/types.ts';
import { flatPicture } from '../media/pictures.ts';
import { createMemoryIo } from '../support/cli-io.ts';
import { expectSameFrames, generateClip } from '../support/clip-frames.ts';
import { goldenPath, openGolden } from '../support/golden.ts';
import { keepRenderers, keptEnvironment } from '../support/kept-renderers.ts';
import { tempFolder } from '../support/temp-folder.ts';

const { settings, cases } = JSON.parse(readFileSync(goldenPath('knobs.json'), 'utf8')) as {
  settings: Omit<ImageToVideoSettings, 'sampler' | 'schedule'>;
  cases: Record<string, Partial<Record<keyof ImageToVideoSettings, number | string>>>;
};
const optionOf: Record<string, string> = {
  seed: 'seed',
  motionBucketId: 'motion',
  numFrames: 'frames',
  decodeChunkSize: 'decode-chunk',
};

const { runCli } = keepRenderers();

// Most cases are of one size: its networks are loaded once.
const pipeline = await openImageToVideo({
  modelDir: goldenPath('models/tiny-a'),
  provider: 'cpu',
  threads: 2,
  memoryMode: 'resident',
});
afterAll(() => pipeline.release());

describe('kinora animate makes diffusers’ frames', () => {
  it.each(Object.keys(cases))('%s', async (name) => {
    const words = Object.entries(cases[name]!).flatMap(([setting, value]) => [`--${optionOf[setting]}`, String(value)]);
    const asked = readAnimateOptions(['a.png', ...words])!.settings;
    const golden = await openGolden('knobs');
    const { width, height } = settings;
    const data = golden.tensor('picture').data as Uint8Array;
    const whole = { ...settings, sampler: 'euler', schedule: 'karras', ...asked } as const;
    const { frames } = await generateClip(pipeline, { width, height, data }, whole);
    expectSameFrames(frames, golden.tensor(`${name}/frames`).data as Uint8Array);
  });
});

describe('frames beyond what the model was trained for', () => {
  it('are made, with a note, and model info says so', async () => {
    const folder = tempFolder();
    writeFileSync(join(folder, 'grey.png'), await flatPicture(64, 48, 'grey').png().toBuffer());
    const environment = { ...keptEnvironment, MODEL_DIR: inject('tinyModel') };
    const animate = async (frames: string) => {
      const io = createMemoryIo({ environment });
      const words = ['animate', join(folder, 'grey.png'), '--output', join(folder, 'clip.mp4'), '--frames', frames];
      const quick = ['--steps', '1', '--width', '32', '--height', '32', '--motion', '1023', '--seed', '-1', '--json'];
      expect(await runCli([...words, ...quick], io)).toBe(0);
      return { told: io.err(), clip: JSON.parse(io.out()) as { frames: number; seed: number; settings: object } };
    };
    const { told, clip } = await animate('5');
    expect(told).toContain('5 frames are more than the 3 that the model was trained for.');
    expect(clip).toMatchObject({ frames: 5, seed: 4294967295, settings: { motionBucketId: 1023 } });
    expect((await animate('3')).told).not.toContain('more than');

    const info = createMemoryIo({ environment });
    expect(await runCli(['model', 'info'], info)).toBe(0);
    expect(info.out()).toContain('up to 3 frames as trained, more with --frames');
  });
});
