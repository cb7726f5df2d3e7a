import type { RgbFrames } from '../util/rgb.ts';

/** How a clip is made to repeat without a jump. */
export type LoopName = 'none' | 'ping-pong' | 'crossfade';

/** Share of the frames that a crossfade blends away. */
const crossfadeShare = 0.25;

/** A clip that repeats as asked; the frames that stay as they are are shared with `clip`, not copied. */
export function loopFrames(clip: RgbFrames, loop: LoopName): RgbFrames {
  if (loop === 'none') {
    return clip;
  }
  const frames = loop === 'ping-pong' ? pingPong(clip.frames) : crossfade(clip.frames);
  return { ...clip, frames };
}

/** There and back: n frames become 2n − 2, since neither end is shown twice in a row. */
function pingPong(frames: Uint8Array[]): Uint8Array[] {
  return [...frames, ...frames.slice(1, -1).reverse()];
}

/**
 * The end melts into the beginning. Of n frames the last `overlap` are blended with the first, which start later for
 * it: n become n − overlap, and the frame after the last one is, in motion and in brightness, the first.
 */
function crossfade(frames: Uint8Array[]): Uint8Array[] {
  // At most half, so that no frame is needed twice.
  const overlap = Math.min(Math.floor(frames.length / 2), Math.max(1, Math.round(frames.length * crossfadeShare)));
  const middle = frames.slice(overlap, frames.length - overlap);
  const blended = Array.from({ length: overlap }, (_, index) => {
    const share = (index + 1) / (overlap + 1);
    return blend(frames[frames.length - overlap + index]!, frames[index]!, share);
  });
  return [...middle, ...blended];
}

/** `from` at share 0, `to` at share 1. */
function blend(from: Uint8Array, to: Uint8Array, share: number): Uint8Array {
  return from.map((value, index) => Math.round(value + (to[index]! - value) * share));
}
