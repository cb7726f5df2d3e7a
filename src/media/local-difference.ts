import type { Size } from '../util/rgb.ts';

/** Pixels to each side that a difference is averaged over, twice. The fine detail that is left out would be seen as a ghost once it moves. */
const radius = 2;

/** No more than so many levels: what differs more is no drift of colours. */
const most = 6;

/** Where one frame is lighter or of another colour than another one of the same picture, without fine detail; in levels. */
export function localDifference(wanted: Uint8Array, present: Uint8Array, size: Size): Float32Array {
  const difference = Float32Array.from(wanted, (value, at) => value - present[at]!);
  const smooth = blurred(blurred(difference, size), size);
  return smooth.map((value) => Math.min(most, Math.max(-most, value)));
}

/** A frame with a share of such a difference added. */
export function withDifference(frame: Uint8Array, difference: Float32Array, share: number): Uint8Array {
  if (share === 0) return frame;
  const out = new Uint8ClampedArray(frame.length);
  // Rounds and clamps.
  for (let at = 0; at < out.length; at++) out[at] = frame[at]! + difference[at]! * share;
  return new Uint8Array(out.buffer);
}

/** The mean of the square around each pixel, of what of it is inside. */
function blurred(values: Float32Array, { width, height }: Size): Float32Array {
  const across = meanAlong(values, { count: width, step: 3, lines: height, lineStep: 3 * width });
  return meanAlong(across, { count: height, step: 3 * width, lines: width, lineStep: 3 });
}

/** Where the values of a direction lie: `count` of them, `step` apart, in each of `lines`. */
interface Direction {
  count: number;
  step: number;
  lines: number;
  lineStep: number;
}

function meanAlong(values: Float32Array, { count, step, lines, lineStep }: Direction): Float32Array {
  const out = new Float32Array(values.length);
  for (let line = 0; line < lines; line++) {
    for (let index = 0; index < count; index++) {
      const [from, to] = [Math.max(0, index - radius), Math.min(count - 1, index + radius)];
      for (let channel = 0; channel < 3; channel++) {
        const start = line * lineStep + channel;
        let sum = 0;
        for (let each = from; each <= to; each++) sum += values[start + each * step]!;
        out[start + index * step] = sum / (to - from + 1);
      }
    }
  }
  return out;
}
