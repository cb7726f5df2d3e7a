import { readFileSync } from 'node:fs';
import { afterAll, describe, it } from 'vitest';
import { readAnimateOptions } from '../../src/cli/animate-options.ts';
import { openImageToVideo } from '../../src/inference/pipeline/image-to-video.ts';
import type { ImageToVideoSettings } from '../../src/inference/pipeline/types.ts';
import { expectSameFrames, generateClip } from '../support/clip-frames.ts';
import { goldenPath, openGolden } from '../support/golden.ts';

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
