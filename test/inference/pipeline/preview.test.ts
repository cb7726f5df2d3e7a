import { readFileSync } from 'node:fs';
import sharp from 'sharp';
import { describe, expect, inject, it } from 'vitest';
import { openImageToVideo } from '../../../src/inference/pipeline/image-to-video.ts';
import { fitLatentsToRgb, latentsToFrames } from '../../../src/inference/pipeline/latents-to-rgb.ts';
import { pilResize } from '../../../src/inference/pipeline/pil-resize.ts';
import {
  framesOfGuess,
  type LatentGuess,
  openPreviews,
  type PreviewOptions,
  previewSteps,
} from '../../../src/inference/pipeline/preview.ts';
import type { ImageToVideoResult, ImageToVideoSettings } from '../../../src/inference/pipeline/types.ts';
import { mt19937 } from '../../../src/inference/random/mt19937.ts';
import type { FramedPicture, RgbFrames, RgbPicture } from '../../../src/util/rgb.ts';

const size = { width: 12, height: 8 };
const pixels = size.width * size.height;

/** Latents, and the picture that a linear map makes of them; colours are kept well within a byte. */
function linearPicture(channels: number, seed: number) {
  const random = mt19937(seed);
  const unit = () => random.next() / 2 ** 32;
  const latents = Float32Array.from({ length: channels * pixels }, () => unit() * 2 - 1);
  const map = Array.from({ length: 3 * channels }, () => ((unit() * 2 - 1) * 100) / channels);
  const colour = (of: Float32Array, pixel: number, at: number) =>
    Array.from(
      { length: channels },
      (_, channel) => map[at * channels + channel]! * of[channel * pixels + pixel]!,
    ).reduce((sum, value) => sum + value, 128);
  const data = Uint8Array.from({ length: pixels * 3 }, (_, at) =>
    Math.round(colour(latents, Math.floor(at / 3), at % 3)),
  );
  return { latents, picture: { ...size, data }, colour };
}

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  return Math.max(...Array.from(a, (value, at) => Math.abs(value - b[at]!)));
}

describe('the map from latents to colours', () => {
  it.each([4, 10])(
    'is found from a picture and its latents of %i channels, and holds for other latents',
    (channels) => {
      const { latents, picture, colour } = linearPicture(channels, 1);
      const map = fitLatentsToRgb([{ latents, picture }]);
      const [other] = [linearPicture(channels, 2).latents.map((value) => value * 0.9)];
      const scalingFactor = 0.18215;
      const scaled = Float32Array.from([...latents, ...other], (value) => value * scalingFactor);
      const clip = latentsToFrames(scaled, map, { ...size, frames: 2, scalingFactor });
      expect(clip).toMatchObject({ ...size, frames: [{}, {}] });
      expect(largestDifference(clip.frames[0]!, picture.data)).toBeLessThanOrEqual(2);
      const expected = Uint8ClampedArray.from({ length: pixels * 3 }, (_, at) =>
        colour(other, Math.floor(at / 3), at % 3),
      );
      expect(largestDifference(clip.frames[1]!, expected)).toBeLessThanOrEqual(3);
    },
  );

  it('is fitted to both pictures where there are two', () => {
    const [first, last] = [linearPicture(4, 3), linearPicture(4, 3)];
    // Each shows a half of the colours alone.
    const half = (example: typeof first, isFirst: boolean) => {
      const latents = example.latents.map((value, at) => (at >= 2 * pixels === isFirst ? 0 : value));
      const data = Uint8Array.from({ length: pixels * 3 }, (_, at) =>
        Math.round(example.colour(latents, Math.floor(at / 3), at % 3)),
      );
      return { latents, picture: { ...size, data } };
    };
    const map = fitLatentsToRgb([half(first, true), half(last, false)]);
    const { frames } = latentsToFrames(first.latents, map, { ...size, frames: 1, scalingFactor: 1 });
    expect(largestDifference(frames[0]!, first.picture.data)).toBeLessThanOrEqual(3);
  });

  it('gives the mean colour where a picture shows one colour, whatever the latents are', () => {
    const data = Uint8Array.from({ length: pixels * 3 }, (_, at) => [10, 200, 90][at % 3]!);
    const map = fitLatentsToRgb([{ latents: new Float32Array(4 * pixels).fill(3), picture: { ...size, data } }]);
    const wild = Float32Array.from({ length: 4 * pixels }, (_, at) => at - 100);
    expect(latentsToFrames(wild, map, { ...size, frames: 1, scalingFactor: 1 }).frames[0]).toEqual(data);
  });

  it('keeps its weights small where channels say the same, so that one that differs later does no harm', () => {
    const { latents, picture } = linearPicture(2, 4);
    const map = fitLatentsToRgb([{ latents: Float32Array.from([...latents, ...latents]), picture }]);
    expect(Math.max(...map.weights.map(Math.abs))).toBeLessThan(100);
    const { frames } = latentsToFrames(Float32Array.from([...latents, ...latents]), map, {
      ...size,
      frames: 1,
      scalingFactor: 1,
    });
    expect(largestDifference(frames[0]!, picture.data)).toBeLessThanOrEqual(2);
  });
});

describe('when previews are due', () => {
  it.each([
    [25, [7, 13, 19]],
    [6, [2, 3, 5]],
    [4, [1, 2, 3]],
    [3, [1, 2]],
    [2, [1]],
    [1, []],
  ])('of %i steps, after a quarter, half and three quarters: %j', (steps, expected) => {
    expect([...previewSteps(steps)]).toEqual(expected);
  });

  it('is at most every so many seconds: one that comes too soon is left out', async () => {
    let seconds = 0;
    const shown: number[] = [];
    const { latents, picture } = linearPicture(4, 5);
    const show = openPreviews(
      { everySeconds: 15, hand: () => void shown.push(seconds) },
      { pictures: [{ latents, picture }], steps: 4, scalingFactor: 1, frames: 1, now: () => seconds * 1000 },
    );
    for (const [at, step] of [
      [5, 1],
      [19, 2],
      [20, 3],
    ] as const) {
      seconds = at;
      await show(step, () => latents);
    }
    expect(shown).toEqual([5, 20]);
  });
});

const settings: ImageToVideoSettings = {
  width: 32,
  height: 16,
  numFrames: 3,
  numInferenceSteps: 4,
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

const photo: RgbPicture = await sharp(readFileSync('assets/rocket.jpg'))
  .resize(96, 48)
  .removeAlpha()
  .raw()
  .toBuffer({ resolveWithObject: true })
  .then(({ data, info }) => ({ width: info.width, height: info.height, data: new Uint8Array(data) }));

/** What a run of a model hands over: previews, with the number of steps that were told before each, and the frames. */
async function previewedRun(
  modelDir: string,
  changes: Partial<ImageToVideoSettings> & { endPicture?: FramedPicture; previews?: Partial<PreviewOptions> | false },
) {
  const { endPicture, previews, ...other } = changes;
  const pipeline = await openImageToVideo({ modelDir, provider: 'cpu', threads: 1 });
  const shown: { after: number; guess: RgbFrames }[] = [];
  let told = 0;
  const hand = (guess: LatentGuess) => void shown.push({ after: told, guess: framesOfGuess(guess) });
  const options = previews === false ? {} : { previews: { everySeconds: 0, hand, ...previews } };
  const run = pipeline.generate(photo, { ...settings, ...other }, { endPicture, ...options });
  let next = await run.next();
  for (; !next.done; next = await run.next()) if (next.value.stage === 'denoise') told = next.value.step;
  await pipeline.release();
  return { shown, result: next.value };
}

/** dB between a guess and the clip's frames, both at the guess's size. */
function psnr(guess: RgbFrames, { width, height, frames }: ImageToVideoResult): number {
  let sum = 0;
  for (const [at, data] of frames.entries()) {
    const wanted = pilResize({ width, height, data }, { width: guess.width, height: guess.height, filter: 'lanczos' });
    for (const [index, value] of wanted.data.entries()) sum += (value - guess.frames[at]![index]!) ** 2;
  }
  return 10 * Math.log10(255 ** 2 / (sum / (frames.length * guess.frames[0]!.length)));
}

describe('a run that is looked at', () => {
  it('hands over all frames at the size of the latents, after the steps that are due, and makes the same clip', async () => {
    const model = inject('tinyModel');
    const { shown, result } = await previewedRun(model, {});
    expect(shown.map(({ after }) => after)).toEqual([0, 1, 2]);
    for (const { guess } of shown) {
      const pixelsOfOne = guess.width * guess.height;
      expect(guess.width / guess.height).toBe(2);
      expect(guess.frames.map(({ length }) => length)).toEqual([pixelsOfOne * 3, pixelsOfOne * 3, pixelsOfOne * 3]);
    }
    const alone = await previewedRun(model, { previews: false });
    expect(alone.shown).toEqual([]);
    expect(Buffer.compare(Buffer.concat(result.frames), Buffer.concat(alone.result.frames))).toBe(0);
  });

  it('shows where a clip of two pictures ends: the last frame of the guess is that picture', async () => {
    const model = inject('tinyModel');
    const dark = { ...photo, data: photo.data.map((value) => 255 - value) };
    const { shown } = await previewedRun(model, { endPicture: dark, previews: { parts: [0.25, 0.4] } });
    // Halves count as steps: after the second, which runs backwards, and after the fourth.
    expect(shown.map(({ after }) => after)).toEqual([1, 3]);
    const [first, second] = shown;
    // Backwards the first picture is known, exactly, whatever the model guesses.
    expect(first!.guess.frames[0]).toEqual(second!.guess.frames[0]);
    expect(first!.guess.frames[2]).not.toEqual(second!.guess.frames[2]);
  });

  it('shows the demo model’s clip: at least 26 dB from its frames at that size, with its ten channels', async () => {
    const { shown, result } = await previewedRun('models/demo', {
      width: 96,
      height: 48,
      numFrames: 2,
      numInferenceSteps: 2,
      maxGuidanceScale: 1,
    });
    expect(shown).toHaveLength(1);
    expect(psnr(shown[0]!.guess, result)).toBeGreaterThan(26);
  });
});
