import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { openImageToVideo } from '../../../src/inference/pipeline/image-to-video.ts';
import type { ImageToVideoResult, ImageToVideoSettings } from '../../../src/inference/pipeline/types.ts';
import type { RgbPicture } from '../../../src/util/rgb.ts';
import { goldenPath, openGolden } from '../../support/golden.ts';

const cases = readdirSync(goldenPath('pipeline'))
  .filter((file) => file.endsWith('.json'))
  .map((file) => file.replace('.json', ''));

interface Case {
  modelDir: string;
  settings: ImageToVideoSettings;
  picture: RgbPicture;
  /** As recorded. */
  frames: Uint8Array;
}

interface RecordedCase extends ImageToVideoSettings {
  model: string;
}

async function readCase(name: string): Promise<Case> {
  const golden = await openGolden(`pipeline/${name}`);
  const recorded = golden.manifest.cases?.[name] as unknown as RecordedCase;
  const { model, ...settings } = recorded;
  const { width, height } = settings;
  const bytes = (tensor: string) => golden.tensor(`${name}/${tensor}`).data as Uint8Array;
  return {
    // The demo model ships with Kinora; the tiny ones lie beside the goldens.
    modelDir: goldenPath(model.includes('/') ? `../../${model}` : `models/${model}`),
    settings,
    picture: { width, height, data: bytes('picture') },
    frames: bytes('frames'),
  };
}

async function generate({ modelDir, settings, picture }: Case): Promise<ImageToVideoResult> {
  const pipeline = await openImageToVideo({ modelDir, provider: 'cpu', threads: 1 });
  const run = pipeline.generate(picture, settings);
  for (;;) {
    const next = await run.next();
    if (next.done) return next.value;
  }
}

describe('the pipeline against diffusers', () => {
  it.each(cases)('%s: frames within one grey level for 99.9 % of values', { timeout: 120_000 }, async (name) => {
    const golden = await readCase(name);
    const { frames, width, height, provider, settings } = await generate(golden);
    expect({ width, height, frames: frames.length, provider, settings }).toEqual({
      width: golden.settings.width,
      height: golden.settings.height,
      frames: golden.settings.numFrames,
      provider: 'cpu',
      settings: golden.settings,
    });
    const actual = Buffer.concat(frames);
    expect(actual.length).toBe(golden.frames.length);
    const differences = golden.frames.map((value, at) => Math.abs(value - actual[at]!));
    const off = differences.filter((difference) => difference > 1).length;
    expect(off / differences.length, `${off} of ${differences.length} values`).toBeLessThanOrEqual(0.001);
    // A decoder driven into black or white would agree without proving anything.
    const saturated = golden.frames.filter((value) => value === 0 || value === 255).length;
    expect(saturated / golden.frames.length).toBeLessThan(0.5);
  });
});
