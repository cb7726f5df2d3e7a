import type { RgbPicture } from '../../util/rgb.ts';

/** Pixels of the original on each side over which a mean is taken: wide enough to leave noise and detail alone. */
const radius = 8;

/** An enlarged picture in grey levels, not rounded, in the original's order: three values a pixel. */
export interface EnlargedValues {
  values: Float32Array;
  scale: number;
}

/**
 * An enlarged picture as whole grey levels, with the original's colours: networks shift flat areas by a grey level or
 * so. The difference of both, averaged over 17×17 pixels of the original, is taken away.
 */
export function keepLocalMeans(original: RgbPicture, { values, scale }: EnlargedValues): Uint8Array {
  const { width, height } = original;
  const rowValues = width * 3;
  const wide = rowValues * scale;
  const shift = shiftOf(original, { values, scale });
  blur(shift, { lines: height, lineStep: rowValues, count: width, step: 3 });
  blur(shift, { lines: width, lineStep: 3, count: height, step: rowValues });
  const data = new Uint8Array(values.length);
  for (let y = 0; y < height * scale; y++) {
    const row = Math.floor(y / scale) * rowValues;
    for (let x = 0; x < width * scale; x++) {
      const from = row + Math.floor(x / scale) * 3;
      const to = y * wide + x * 3;
      for (let channel = 0; channel < 3; channel++) {
        const value = values[to + channel]! - shift[from + channel]!;
        data[to + channel] = value <= 0 ? 0 : value >= 255 ? 255 : Math.round(value);
      }
    }
  }
  return data;
}

/** How much brighter the enlarged picture is, for each value of the original. */
function shiftOf({ width, height, data }: RgbPicture, { values, scale }: EnlargedValues): Float32Array {
  const shift = new Float32Array(data.length);
  const wide = width * scale * 3;
  for (let y = 0; y < height * scale; y++) {
    const row = Math.floor(y / scale) * width * 3;
    for (let x = 0; x < width * scale; x++) {
      const to = row + Math.floor(x / scale) * 3;
      const from = y * wide + x * 3;
      for (let channel = 0; channel < 3; channel++) {
        // What lies outside cannot be shown: it is no shift.
        const value = Math.min(255, Math.max(0, values[from + channel]!));
        shift[to + channel] = shift[to + channel]! + value / scale ** 2;
      }
    }
  }
  for (let index = 0; index < data.length; index++) shift[index] = shift[index]! - data[index]!;
  return shift;
}

interface Lines {
  lines: number;
  lineStep: number;
  /** Pixels of a line. */
  count: number;
  step: number;
}

/** Replaces each value by the mean over its neighbours in its line; beyond the ends the last one goes on. */
function blur(values: Float32Array, { lines, lineStep, count, step }: Lines): void {
  const line = new Float64Array(count);
  for (let index = 0; index < lines; index++) {
    for (let channel = 0; channel < 3; channel++) {
      const start = index * lineStep + channel;
      for (let at = 0; at < count; at++) line[at] = values[start + at * step]!;
      const near = (at: number) => line[Math.min(count - 1, Math.max(0, at))]!;
      let sum = 0;
      for (let at = -radius; at <= radius; at++) sum += near(at);
      for (let at = 0; at < count; at++) {
        values[start + at * step] = sum / (2 * radius + 1);
        sum += near(at + radius + 1) - near(at - radius);
      }
    }
  }
}
