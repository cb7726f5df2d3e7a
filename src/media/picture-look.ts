import type { Size } from '../util/rgb.ts';

/** What a picture looks like at large: its colours, contrast and sharpness, in levels of 8 bits. */
export interface Look {
  /** Of each channel. */
  mean: readonly number[];
  /** Standard deviation of each channel. */
  deviation: readonly number[];
  /** Root mean square of each band of {@link detailBands}. */
  detail: readonly number[];
}

/** Fine detail of a picture's brightness, one value a pixel, from the finest to the coarsest. */
export type Bands = readonly Float32Array[];

/** What passes take away: detail of about two and four pixels. */
const spacings = [1, 2] as const;

/** ITU-R BT.601. */
const luma = [0.299, 0.587, 0.114] as const;

/** A picture's brightness, one value a pixel. */
export function brightnessOf(frame: Uint8Array): Float32Array {
  const values = new Float32Array(frame.length / 3);
  for (let pixel = 0, at = 0; pixel < values.length; pixel++, at += 3) {
    values[pixel] = luma[0] * frame[at]! + luma[1] * frame[at + 1]! + luma[2] * frame[at + 2]!;
  }
  return values;
}

/** The differences between a picture's brightness and itself blurred, each blur twice as wide as the one before. */
export function detailBands(brightness: Float32Array, size: Size): Bands {
  let smooth = brightness;
  return spacings.map((spacing) => {
    const smoother = blurred(smooth, size, spacing);
    const band = new Float32Array(smooth.length);
    for (let pixel = 0; pixel < band.length; pixel++) band[pixel] = smooth[pixel]! - smoother[pixel]!;
    smooth = smoother;
    return band;
  });
}

/** 1, 2, 1 in both directions, of pixels that are `spacing` apart; edges are repeated. */
function blurred(values: Float32Array, { width, height }: Size, spacing: number): Float32Array {
  const across = new Float32Array(values.length);
  for (let y = 0; y < height; y++) {
    const row = y * width;
    for (let x = 0; x < width; x++) {
      const left = values[row + Math.max(0, x - spacing)]!;
      const right = values[row + Math.min(width - 1, x + spacing)]!;
      across[row + x] = (left + 2 * values[row + x]! + right) / 4;
    }
  }
  const out = new Float32Array(values.length);
  for (let y = 0; y < height; y++) {
    const [row, above] = [y * width, Math.max(0, y - spacing) * width];
    const below = Math.min(height - 1, y + spacing) * width;
    for (let x = 0; x < width; x++) out[row + x] = (across[above + x]! + 2 * across[row + x]! + across[below + x]!) / 4;
  }
  return out;
}

/** Mean and standard deviation of each of three channels that take turns. */
export function colourOf(values: Uint8Array | Float32Array): Pick<Look, 'mean' | 'deviation'> {
  const sums = [0, 0, 0];
  const squares = [0, 0, 0];
  for (let channel = 0; channel < 3; channel++) {
    let [sum, square] = [0, 0];
    for (let at = channel; at < values.length; at += 3) {
      const value = values[at]!;
      sum += value;
      square += value * value;
    }
    sums[channel] = sum;
    squares[channel] = square;
  }
  const pixels = values.length / 3;
  const mean = sums.map((sum) => sum / pixels);
  return {
    mean,
    deviation: squares.map((sum, channel) => Math.sqrt(Math.max(0, sum / pixels - mean[channel]! ** 2))),
  };
}

/** Root mean square of each band. */
function energiesOf(bands: Bands): number[] {
  return bands.map((band) => {
    let square = 0;
    for (const value of band) square += value * value;
    return Math.sqrt(square / band.length);
  });
}

/** A picture's look. */
export function lookOf(frame: Uint8Array, size: Size): Look {
  return { ...colourOf(frame), detail: energiesOf(detailBands(brightnessOf(frame), size)) };
}
