import { expect } from 'vitest';
import type { ImageToVideoPipeline } from '../../src/inference/pipeline/image-to-video.ts';
import type { ImageToVideoResult, ImageToVideoSettings } from '../../src/inference/pipeline/types.ts';
import type { RgbPicture } from '../../src/util/rgb.ts';

/** Runs a pipeline to its end. */
export async function generateClip(
  pipeline: ImageToVideoPipeline,
  picture: RgbPicture,
  settings: ImageToVideoSettings,
): Promise<ImageToVideoResult> {
  const run = pipeline.generate(picture, settings);
  for (;;) {
    const next = await run.next();
    if (next.done) return next.value;
  }
}

/** Asserts that frames are within one grey level of diffusers' for 99.9 % of values, and that those show something. */
export function expectSameFrames(frames: readonly Uint8Array[], golden: Uint8Array): void {
  const actual = Buffer.concat(frames);
  expect(actual.length).toBe(golden.length);
  const off = golden.filter((value, at) => Math.abs(value - actual[at]!) > 1).length;
  expect(off / golden.length, `${off} of ${golden.length} values`).toBeLessThanOrEqual(0.001);
  // A decoder driven into black or white would agree without proving anything.
  const saturated = golden.filter((value) => value === 0 || value === 255).length;
  expect(saturated / golden.length).toBeLessThan(0.5);
}
