import type { RgbFrames } from '../../src/util/rgb.ts';

/** How like two clips of the same size are; means over their frames. */
export interface Likeness {
  /** dB over all values; infinite where they are the same. */
  psnr: number;
  /** Of the grey picture, in windows of 7×7 with even weights (Wang et al. 2004, as scikit-image's default). */
  ssim: number;
}

/** Compares the frames of two clips. */
export function likeness(a: RgbFrames, b: RgbFrames): Likeness {
  const psnrs = a.frames.map((frame, at) => psnr(frame, b.frames[at] ?? new Uint8Array()));
  const ssims = a.frames.map((frame, at) =>
    ssim(greyOf(frame), greyOf(b.frames[at] ?? new Uint8Array()), { width: a.width, height: a.height }),
  );
  return { psnr: mean(psnrs), ssim: mean(ssims) };
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function psnr(a: Uint8Array, b: Uint8Array): number {
  let squares = 0;
  for (const [at, value] of a.entries()) squares += (value - (b[at] ?? 0)) ** 2;
  return 10 * Math.log10(255 ** 2 / (squares / a.length));
}

/** ITU-R BT.601 luma, [h·w]. */
function greyOf(rgb: Uint8Array): Float64Array {
  return Float64Array.from(
    { length: rgb.length / 3 },
    (_, at) => 0.299 * (rgb[at * 3] ?? 0) + 0.587 * (rgb[at * 3 + 1] ?? 0) + 0.114 * (rgb[at * 3 + 2] ?? 0),
  );
}

function ssim(a: Float64Array, b: Float64Array, { width, height }: { width: number; height: number }): number {
  const window = 7;
  const count = window * window;
  const [c1, c2] = [(0.01 * 255) ** 2, (0.03 * 255) ** 2];
  let [total, places] = [0, 0];
  for (let top = 0; top + window <= height; top++) {
    for (let left = 0; left + window <= width; left++) {
      let [sumA, sumB, squaresA, squaresB, products] = [0, 0, 0, 0, 0];
      for (let y = top; y < top + window; y++) {
        for (let at = y * width + left; at < y * width + left + window; at++) {
          const [valueA, valueB] = [a[at] ?? 0, b[at] ?? 0];
          sumA += valueA;
          sumB += valueB;
          squaresA += valueA * valueA;
          squaresB += valueB * valueB;
          products += valueA * valueB;
        }
      }
      const [meanA, meanB] = [sumA / count, sumB / count];
      // Of a sample: divided by one less than there are.
      const varianceA = (squaresA - count * meanA * meanA) / (count - 1);
      const varianceB = (squaresB - count * meanB * meanB) / (count - 1);
      const covariance = (products - count * meanA * meanB) / (count - 1);
      total +=
        ((2 * meanA * meanB + c1) * (2 * covariance + c2)) /
        ((meanA * meanA + meanB * meanB + c1) * (varianceA + varianceB + c2));
      places++;
    }
  }
  return total / places;
}
