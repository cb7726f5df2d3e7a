import { EncodeError } from '../errors.ts';
import type { RgbFrames } from '../util/rgb.ts';
import { collectFrames } from './collect-frames.ts';
import { type FfmpegOptions, runFfmpeg } from './run-ffmpeg.ts';

/** Options of {@link smoothFrames}. */
export interface SmoothOptions extends FfmpegOptions {
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
