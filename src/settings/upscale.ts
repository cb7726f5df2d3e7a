import { type ClipForm, targetFps } from './clip-form.ts';

/** Frames whose shorter side has fewer pixels are enlarged without being asked: players show them as stamps otherwise. */
const smallestSide = 256;

/** Longer sides are not made by a network: 4096 is what decoders of H.264 take at most (level 5.2). */
const longestSide = 4096;

/** Bytes that all enlarged frames may take together, as they lie in memory until they are encoded. */
const mostBytes = 2 ** 30;

/** How a clip's frames become larger. */
export interface UpscalePlan {
  /** By a network, which doubles: a power of two; 1 where none is used. */
  byNetwork: number;
  /** Of the file to the frames: what the network does not do is left to Lanczos. */
  factor: number;
  /** What was asked for, as far as it is done. */
  upscale?: '2' | '4';
  /** Pixels that the network takes in, in all. */
  pixels: number;
}

/** What a plan is made from: the frames before enlarging, those in between included. */
interface PlanInput {
  width: number;
  height: number;
  frames: number;
  /** What is asked for; left out: nothing. */
  upscale?: ClipForm['upscale'];
}

/**
 * `upscale` enlarges what is shown otherwise: the clip of a small model, which is enlarged anyway, becomes twice or four
 * times as large as that. Where frames would be too large to be held or played, half as much is done, or nothing.
 */
export function planUpscale({ width, height, frames, upscale: asked }: PlanInput): UpscalePlan {
  const anyway = Math.max(1, Math.ceil(smallestSide / Math.min(width, height)));
  const doubled = 2 ** Math.floor(Math.log2(anyway));
  for (const upscale of (['4', '2'] as const).filter((each) => Number(each) <= Number(asked ?? 1))) {
    const byNetwork = doubled * Number(upscale);
    const factor = anyway * Number(upscale);
    const isTooLarge =
      Math.max(width, height) * factor > longestSide || width * height * byNetwork ** 2 * 3 * frames > mostBytes;
    // Each doubling takes in what the one before made: 1 + 4 + 16 … times the frame.
    if (!isTooLarge)
      return { byNetwork, factor, upscale, pixels: (frames * width * height * (byNetwork ** 2 - 1)) / 3 };
  }
  return { byNetwork: 1, factor: anyway, pixels: 0 };
}

/** The plan for a clip that is still to be made, whose settings and form are known. */
export function expectUpscale(
  settings: Record<'width' | 'height' | 'numFrames' | 'fps', number>,
  form: Partial<ClipForm> = {},
): UpscalePlan {
  const { width, height, numFrames } = settings;
  const fps = form.playbackFps ?? settings.fps;
  const { smooth = false, interpolate } = form;
  const toFps = targetFps({ smooth, ...(interpolate !== undefined && { interpolate }) }, fps);
  const frames = Math.floor(((numFrames - 1) * toFps) / fps) + 1;
  return planUpscale({ width, height, frames, upscale: form.upscale });
}
