import type { RgbFrames, RgbPicture, Size } from '../../util/rgb.ts';

/** A linear map from the channels of latents, not scaled, to red, green and blue from 0 to 255. */
export interface LatentsToRgb {
  /** [3, channels] */
  weights: Float64Array;
  /** [3] */
  intercepts: Float64Array;
}

/** A picture, and the VAE's latents [channels, height, width] of it, not scaled, of the same size. */
interface Example {
  picture: RgbPicture;
  latents: Float32Array;
}

/**
 * The share of the channels' mean variance that is added to each channel's own (ridge regression). Directions in which
 * the examples hardly vary, such as colours that a grey picture lacks, get small weights instead of wild ones.
 */
const ridge = 1e-3;

/**
 * How latents become colours, by least squares between pictures and their own latents: it holds for any VAE, whatever
 * the number of its channels. A mean colour always comes out, also where nothing varies.
 */
export function fitLatentsToRgb(examples: readonly Example[]): LatentsToRgb {
  const first = examples[0]!;
  const channels = first.latents.length / (first.picture.width * first.picture.height);
  const size = channels + 3;
  // Of all pixels: each one's channels followed by its colour.
  const means = new Float64Array(size);
  const products = new Float64Array(size * size);
  const values = new Float64Array(size);
  let count = 0;
  for (const { picture, latents } of examples) {
    const pixels = picture.width * picture.height;
    count += pixels;
    for (let pixel = 0; pixel < pixels; pixel++) {
      for (let channel = 0; channel < channels; channel++) values[channel] = latents[channel * pixels + pixel]!;
      for (let colour = 0; colour < 3; colour++) values[channels + colour] = picture.data[pixel * 3 + colour]!;
      for (let row = 0; row < size; row++) {
        means[row] = means[row]! + values[row]!;
        for (let column = row; column < size; column++) {
          products[row * size + column] = products[row * size + column]! + values[row]! * values[column]!;
        }
      }
    }
  }
  for (let at = 0; at < size; at++) means[at] = means[at]! / count;
  const covariance = (row: number, column: number) => {
    const [low, high] = row < column ? [row, column] : [column, row];
    return products[low * size + high]! / count - means[low]! * means[high]!;
  };

  const order = Array.from({ length: channels }, (_, channel) => channel);
  const meanVariance = order.reduce((sum, channel) => sum + covariance(channel, channel), 0) / channels;
  // Where nothing varies at all, any positive number does: the right sides are 0.
  const added = Math.max(ridge * meanVariance, Number.MIN_VALUE ** 0.25);
  const matrix = order.map((row) => order.map((column) => covariance(row, column) + (row === column ? added : 0)));
  const weights = new Float64Array(3 * channels);
  const intercepts = new Float64Array(3);
  for (let colour = 0; colour < 3; colour++) {
    const solution = solve(
      matrix,
      order.map((row) => covariance(row, channels + colour)),
    );
    weights.set(solution, colour * channels);
    intercepts[colour] = means[channels + colour]! - order.reduce((sum, at) => sum + solution[at]! * means[at]!, 0);
  }
  return { weights, intercepts };
}

/** Solves a positive definite system by Cholesky's decomposition. */
function solve(matrix: readonly (readonly number[])[], right: readonly number[]): number[] {
  const lower: number[][] = [];
  for (const [row, entries] of matrix.entries()) {
    const line: number[] = [];
    for (let column = 0; column <= row; column++) {
      const other = column === row ? line : lower[column]!;
      let rest = entries[column]!;
      for (let at = 0; at < column; at++) rest -= line[at]! * other[at]!;
      line.push(column === row ? Math.sqrt(rest) : rest / other[column]!);
    }
    lower.push(line);
  }
  const halfway: number[] = [];
  for (const [row, line] of lower.entries()) {
    const rest = halfway.reduce((left, value, at) => left - line[at]! * value, right[row]!);
    halfway.push(rest / line[row]!);
  }
  const solution = new Array<number>(right.length).fill(0);
  for (let row = right.length - 1; row >= 0; row--) {
    let rest = halfway[row]!;
    for (let at = row + 1; at < right.length; at++) rest -= lower[at]![row]! * solution[at]!;
    solution[row] = rest / lower[row]![row]!;
  }
  return solution;
}

/** What latents are, whose colours are wanted. */
interface LatentClip extends Size {
  frames: number;
  /** What the VAE's latents were multiplied by. */
  scalingFactor: number;
}

/** Frames of one pixel for each place of the latents [frames, channels, height, width], which are scaled. */
export function latentsToFrames(
  latents: Float32Array,
  { weights, intercepts }: LatentsToRgb,
  { width, height, frames, scalingFactor }: LatentClip,
): RgbFrames {
  const channels = weights.length / 3;
  const pixels = width * height;
  const scaled = Float64Array.from(weights, (weight) => weight / scalingFactor);
  // One colour of one frame at a time, so that the inner loop runs over neighbours.
  const sums = new Float32Array(pixels);
  const pictures: Uint8Array[] = [];
  for (let frame = 0; frame < frames; frame++) {
    const data = new Uint8ClampedArray(pixels * 3);
    for (let colour = 0; colour < 3; colour++) {
      sums.fill(intercepts[colour]!);
      for (let channel = 0; channel < channels; channel++) {
        const weight = scaled[colour * channels + channel]!;
        const start = (frame * channels + channel) * pixels;
        for (let pixel = 0; pixel < pixels; pixel++) sums[pixel] = sums[pixel]! + weight * latents[start + pixel]!;
      }
      for (let pixel = 0; pixel < pixels; pixel++) data[pixel * 3 + colour] = sums[pixel]!;
    }
    pictures.push(new Uint8Array(data.buffer));
  }
  return { width, height, frames: pictures };
}
