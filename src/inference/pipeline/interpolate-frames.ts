import { InferenceError } from '../../errors.ts';
import { cancellationPoint } from '../../util/cancellation.ts';
import type { RgbFrames } from '../../util/rgb.ts';
import { chooseProvider } from '../runtime/choose-provider.ts';
import type { ConcreteProvider, SessionOptions } from '../runtime/session.ts';
import { openRife, openRifeWeights, type Rife } from './rife.ts';
import { isSceneCut } from './scene-cut.ts';

/** How a clip's frame rate is raised. */
interface InterpolateOptions {
  /** Frames per second of the clip. */
  fps: number;
  /** Frames per second wanted, more than `fps`. */
  toFps: number;
  /** Looked at before each frame is computed. */
  signal?: AbortSignal | undefined;
  /** Told of each frame of the result: how many there are, and how many there will be. */
  onFrame?: (done: number, total: number) => void;
}

/** Computes frames in between by a network. */
export interface FrameInterpolator {
  /** Frames of more pixels are not taken: they would need more memory than {@link largestFrame} says. */
  maxPixels: number;
  /**
   * A clip at a higher frame rate; its duration from the first frame to the last stays. n frames become
   * ⌊(n − 1) · toFps / fps⌋ + 1. Frames that fall on frames of the clip are those, not copies. Where the scene changes
   * between two frames, the nearer one is shown, in the middle the earlier one.
   * @throws InferenceError the provider refuses, or gives what is no number
   * @throws JobCancelledError the signal was aborted
   */
  interpolate(clip: RgbFrames, options: InterpolateOptions): Promise<RgbFrames>;
}

/** Pixels of the largest frame that RIFE is run on: Full HD, at which it needs about 2 GB. */
const largestFrame = 1920 * 1088;

/** Times nearer than this to a frame, in frames, are that frame's. */
const sameTime = 1e-6;

/** What RIFE runs on. */
interface InterpolatorOptions extends Pick<SessionOptions, 'threads'> {
  /** `auto` takes what the pipeline would take. */
  provider: ConcreteProvider | 'auto';
}

/**
 * RIFE on the weights in `dir`; it is built for each clip and given back after it. Where a GPU refuses it (its memory may
 * be the video model's), it runs on the processor.
 * @throws SafetensorsError there are no weights, or they are broken
 */
export async function openInterpolator(
  dir: string,
  { provider: wanted, threads }: InterpolatorOptions,
): Promise<FrameInterpolator> {
  const weights = await openRifeWeights(dir);
  let chosen: Promise<ConcreteProvider> | undefined;

  async function open(clip: RgbFrames): Promise<Rife> {
    chosen ??= chooseProvider(wanted, () => {});
    const provider = await chosen.catch(() => 'cpu' as const);
    try {
      return await openRife(weights, clip, { provider, threads });
    } catch (error) {
      if (provider === 'cpu' || !(error instanceof InferenceError)) throw error;
      chosen = Promise.resolve('cpu');
      return open(clip);
    }
  }

  return {
    maxPixels: largestFrame,
    async interpolate(clip, options) {
      if (options.toFps <= options.fps || clip.frames.length < 2) return clip;
      await cancellationPoint(options.signal);
      const rife = await open(clip);
      try {
        return { ...clip, frames: await framesBetween(clip, rife, options) };
      } finally {
        await rife.release();
      }
    },
  };
}

/** One frame at a time; see {@link FrameInterpolator.interpolate}. */
async function framesBetween(
  clip: RgbFrames,
  rife: Pick<Rife, 'between'>,
  { fps, toFps, signal, onFrame }: InterpolateOptions,
): Promise<Uint8Array[]> {
  const { frames } = clip;
  const count = Math.floor(((frames.length - 1) * toFps) / fps + sameTime) + 1;
  const result: Uint8Array[] = [];
  let pair = -1;
  let isCut = false;
  let areFlat = false;
  for (let index = 0; index < count; index++) {
    const place = (index * fps) / toFps;
    const first = Math.floor(place + sameTime);
    const timestep = place - first;
    const from = frames[first]!;
    const to = frames[first + 1];
    if (to === undefined || timestep < sameTime || Buffer.compare(from, to) === 0) {
      result.push(from);
      continue;
    }
    if (pair !== first) {
      isCut = isSceneCut(from, to, clip);
      areFlat = isFlat(from) && isFlat(to);
    }
    pair = first;
    if (isCut || areFlat) {
      result.push(isCut ? (timestep <= 0.5 ? from : to) : blend(from, to, timestep));
      continue;
    }
    await cancellationPoint(signal);
    result.push(greyLevels(await rife.between(from, to, timestep)));
    onFrame?.(result.length, count);
  }
  return result;
}

/** Grey levels that a frame of one colour may spread over in each channel. */
const flatSpread = 8;

/** Whether nothing is to be seen on a frame: RIFE finds motion there all the same, and would leave stains. */
function isFlat(frame: Uint8Array): boolean {
  const least = [255, 255, 255];
  const most = [0, 0, 0];
  for (let at = 0; at < frame.length; at++) {
    const channel = at % 3;
    const level = frame[at]!;
    if (level < least[channel]!) least[channel] = level;
    if (level > most[channel]!) most[channel] = level;
    if (most[channel]! - least[channel]! > flatSpread) return false;
  }
  return true;
}

/** `from` at share 0, `to` at share 1. */
function blend(from: Uint8Array, to: Uint8Array, share: number): Uint8Array {
  return from.map((level, at) => Math.round(level + (to[at]! - level) * share));
}

/** [3, height, width] in [0, 1] as 8-bit RGB. */
function greyLevels(planes: Float32Array): Uint8Array {
  const area = planes.length / 3;
  const pixels = new Uint8Array(planes.length);
  for (let channel = 0; channel < 3; channel++) {
    for (let at = 0; at < area; at++) {
      const level = Math.round(planes[channel * area + at]! * 255);
      pixels[at * 3 + channel] = Math.min(Math.max(level, 0), 255);
    }
  }
  return pixels;
}
