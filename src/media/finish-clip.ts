import { EncodeError } from '../errors.ts';
import type { ClipFormat, LoopName } from '../settings/clip-form.ts';
import type { RgbFrames } from '../util/rgb.ts';
import { type EncodedClip, type EncodedVideo, type EncodeVideoOptions, encodeVideo } from './encode.ts';
import { encodeGif } from './encode-gif.ts';
import { encodeWebp } from './encode-webp.ts';
import { collectFrames, type FfmpegOptions, runFfmpeg } from './run-ffmpeg.ts';

/** Share of the frames that a crossfade blends away. */
const crossfadeShare = 0.25;

/** A clip that repeats as asked; the frames that stay as they are are shared with `clip`, not copied. */
export function loopFrames(clip: RgbFrames, loop: LoopName): RgbFrames {
  switch (loop) {
    case 'none':
      return clip;
    case 'ping-pong':
      return { ...clip, frames: pingPong(clip.frames) };
    case 'crossfade':
      return { ...clip, frames: crossfade(clip.frames) };
    case 'seamless':
      // The last frame is the first one again, which would be shown twice in a row.
      return clip.frames.length > 2 ? { ...clip, frames: clip.frames.slice(0, -1) } : clip;
  }
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

/** Options of {@link smoothFrames}. */
interface SmoothOptions extends FfmpegOptions {
  /** Frames per second of the clip. */
  fps: number;
  /** Frames per second wanted, more than `fps`. */
  toFps: number;
}

/** minterpolate looks this far beyond what it shows; it gets copies of the last frame to look at. */
const lookAhead = 2;

/**
 * Raises a clip's frame rate by frames computed from motion (ffmpeg's minterpolate); its duration from the first frame
 * to the last stays. n frames become ⌊(n − 1) · toFps / fps⌋ + 1. A clip that is fast enough, or has one frame, is
 * returned as it is.
 * @throws EncodeError ffmpeg failed
 * @throws JobCancelledError the signal was aborted
 */
export async function smoothFrames(clip: RgbFrames, options: SmoothOptions): Promise<RgbFrames> {
  const { fps, toFps } = options;
  const last = clip.frames.at(-1);
  if (toFps <= fps || last === undefined || clip.frames.length === 1) {
    return clip;
  }
  const count = Math.floor(((clip.frames.length - 1) * toFps) / fps) + 1;
  const frames: Uint8Array[] = [];
  await runFfmpeg({
    ...options,
    clip: { ...clip, frames: [...clip.frames, ...Array.from({ length: lookAhead }, () => last)] },
    filters: [
      'format=yuv444p', // the filter knows no RGB; full chroma keeps the colours
      // Of its modes this one came nearest to frames that had been left out. These clips have no cuts to detect.
      `minterpolate=fps=${toFps}:mi_mode=mci:scd=none`,
    ],
    outputArguments: ['-f', 'rawvideo', '-pix_fmt', 'rgb24'],
    output: collectFrames(frames, { frameBytes: clip.width * clip.height * 3, count }),
  });
  if (frames.length !== count) {
    throw new EncodeError('encode-failed', `ffmpeg interpolated to ${frames.length} frames instead of ${count}.`);
  }
  return { ...clip, frames };
}

/** Options of {@link finishClip}. */
export interface FinishClipOptions extends EncodeVideoOptions {
  format: ClipFormat;
  loop: LoopName;
  /** Raises the frame rate by ffmpeg's interpolation; left out, or not above `fps`: the frames are as they should be. */
  toFps?: number;
}

/** A finished clip. `reduced` names the measure of quality that its format has. */
export type FinishedClip =
  | (EncodedVideo & { format: 'mp4' })
  | (EncodedClip<{ colours: number }> & { format: 'gif' })
  | (EncodedClip<{ quality: number }> & { format: 'webp' });

/**
 * From the model's frames to the file: smoothed first, so that motion is read from the frames' own order, then looped,
 * then encoded.
 * @throws EncodeError as `encodeVideo`
 * @throws JobCancelledError the signal was aborted
 */
export async function finishClip(frames: RgbFrames, options: FinishClipOptions): Promise<FinishedClip> {
  const { format, loop, toFps = options.fps } = options;
  const fps = Math.max(options.fps, toFps);
  const clip = loopFrames(await smoothFrames(frames, { ...options, toFps: fps }), loop);
  switch (format) {
    case 'mp4':
      return { format, ...(await encodeVideo(clip, { ...options, fps })) };
    case 'gif':
      return { format, ...(await encodeGif(clip, { ...options, fps })) };
    case 'webp':
      return { format, ...(await encodeWebp(clip, { ...options, fps })) };
  }
}
