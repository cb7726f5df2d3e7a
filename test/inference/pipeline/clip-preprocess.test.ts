import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { clipPreprocess } from '../../../src/inference/pipeline/clip-preprocess.ts';
import { readSafetensors } from '../../../src/inference/safetensors/read-safetensors.ts';
import { readTensor } from '../../../src/inference/safetensors/read-tensor.ts';
import type { FramedPicture, RgbPicture } from '../../../src/util/rgb.ts';
import { noisePicture } from '../../support/noise-picture.ts';

const golden = await readSafetensors(
  fileURLToPath(new URL('../../golden/clip-preprocess.safetensors', import.meta.url)),
);
const imageSize = 224;
const options = {
  imageSize,
  mean: [0.48145466, 0.4578275, 0.40821073],
  std: [0.26862954, 0.26130258, 0.27577711],
} as const;

/** The picture of reference/write_clip_preprocess.py: noise on the left, a ramp and a chessboard on the right. */
function picture(height: number, width: number): RgbPicture {
  const data = new Uint8Array(height * width * 3);
  let state = height * 4096 + width;
  for (let index = 0; index < data.length; index += 1) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const x = Math.floor(index / 3) % width;
    const y = Math.floor(index / (3 * width));
    const checks = ((Math.floor(x / 16) + Math.floor(y / 16)) % 2) * 255;
    const right = y * 2 < height ? (x * 3 + y * 2 + (index % 3) * 80) % 256 : checks;
    data[index] = x * 3 < width ? state >>> 24 : right;
  }
  return { width, height, data };
}

/** The picture that a golden's name stands for: `HxW`, or `noise W,H` with the left, top, right and bottom of a box. */
function pictureOf(name: string): FramedPicture {
  if (!name.startsWith('noise ')) {
    const [height, width] = name.split('x').map(Number);
    return picture(height!, width!);
  }
  const [width, height, left, top, right, bottom] = name.replace('noise ', '').split(',').map(Number);
  const whole = noisePicture(width!, height!);
  return left === undefined
    ? whole
    : { ...whole, box: { left, top: top!, width: right! - left, height: bottom! - top! } };
}

const sizes = [...golden.tensors.keys()].filter((name) => name !== 'kept');

describe('clipPreprocess', () => {
  it.each(sizes)('agrees with diffusers at %s', async (name) => {
    const wanted = await readTensor(golden.tensors.get(name)!);
    const kept = [...(await readTensor(golden.tensors.get('kept')!))];
    const pixels = clipPreprocess(pictureOf(name), options);
    expect(pixels).toHaveLength(3 * imageSize * imageSize);
    const places = [0, 1, 2].flatMap((channel) =>
      kept.flatMap((y) => kept.map((x) => (channel * imageSize + y) * imageSize + x)),
    );
    expect(places).toHaveLength(wanted.length);
    const differences = places.map((place, index) => Math.abs(pixels[place]! - wanted[index]!));
    expect(Math.max(...differences)).toBeLessThanOrEqual(1e-5);
  });

  it('covers pictures that shrink, grow, stay, and do both, 24 megapixels, single pixels, crops and pads', () => {
    expect(sizes.length).toBeGreaterThanOrEqual(18);
  });

  it('leaves a plain picture plain, whatever its size', () => {
    const data = new Uint8Array(300 * 100 * 3).fill(255);
    const pixels = clipPreprocess({ width: 300, height: 100, data }, options);
    const white = (1 - options.mean[0]) / options.std[0];
    expect(Math.max(...pixels.subarray(0, imageSize ** 2).map((value) => Math.abs(value - white)))).toBeLessThan(1e-5);
  });

  it('makes the size that another encoder wants', () => {
    expect(clipPreprocess(picture(50, 70), { ...options, imageSize: 32 })).toHaveLength(3 * 32 * 32);
  });
});
