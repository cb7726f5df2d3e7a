import { JobCancelledError } from '../errors.ts';
import type { FrameInterpolator } from '../inference/pipeline/interpolate-frames.ts';
import type { Interpolator } from '../settings/clip.ts';
import { type ClipForm, targetFps } from '../settings/clip-form.ts';
import type { RgbFrames } from '../util/rgb.ts';

/** Frames of a clip may take so many bytes together: what is beyond is not interpolated, but shown for longer. */
const maxClipBytes = 1.5 * 2 ** 30;

/** A clip at the frame rate that was asked for, or how ffmpeg is to raise it. */
export interface RaisedClip<Clip extends RgbFrames> {
  clip: Clip;
  /** Frames per second of `clip`. */
  fps: number;
  /** Frames per second that ffmpeg is to raise `clip` to; left out: it is as it should be. */
  toFps?: number;
  /** What computes the frames in between; left out: there are none. */
  interpolator?: Interpolator;
}

/** What {@link raiseFrameRate} works with. */
interface RaiseOptions {
  /** Frames per second that the clip plays at. */
  fps: number;
  form: Pick<ClipForm, 'smooth' | 'interpolate'>;
  /** Undefined: there is no network for it. */
  interpolator: FrameInterpolator | undefined;
  signal: AbortSignal | undefined;
  /** Told of every frame that was computed. */
  onFrame?: (done: number, total: number) => void;
  log: (message: string) => void;
}

/**
 * Raises a clip's frame rate by frames in between: by RIFE where it is there and takes frames of this size, else it is
 * left to ffmpeg. A network that fails is no reason to lose a clip that took long to render.
 * @throws JobCancelledError the signal was aborted
 */
export async function raiseFrameRate<Clip extends RgbFrames>(
  clip: Clip,
  options: RaiseOptions,
): Promise<RaisedClip<Clip>> {
  const { fps, form, interpolator, signal, onFrame, log } = options;
  const toFps = Math.min(targetFps(form, fps), affordableFps(clip, fps));
  if (toFps <= fps || clip.frames.length < 2) return { clip, fps };
  const byFfmpeg = { clip, fps, toFps, interpolator: 'minterpolate' } as const;
  if (interpolator === undefined) return byFfmpeg;
  if (clip.width * clip.height > interpolator.maxPixels) {
    log(
      `Frames of ${clip.width}×${clip.height} are too large for RIFE: ffmpeg's minterpolate computes those in between.`,
    );
    return byFfmpeg;
  }
  try {
    const { frames } = await interpolator.interpolate(clip, { fps, toFps, signal, ...(onFrame && { onFrame }) });
    return { clip: { ...clip, frames }, fps: toFps, interpolator: 'rife' };
  } catch (error) {
    if (error instanceof JobCancelledError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    log(`RIFE failed, ffmpeg's minterpolate computes the frames in between: ${reason}`);
    return byFfmpeg;
  }
}

/** The highest frame rate, a whole number, at which the frames stay within {@link maxClipBytes}. */
function affordableFps({ width, height, frames }: RgbFrames, fps: number): number {
  const most = Math.floor(maxClipBytes / (width * height * 3));
  return Math.floor((fps * (most - 1)) / Math.max(1, frames.length - 1));
}
