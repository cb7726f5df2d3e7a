import { UserError } from '../errors.ts';
import type { ImageToVideoPipeline } from '../inference/pipeline/image-to-video.ts';
import type { FrameInterpolator } from '../inference/pipeline/interpolate-frames.ts';
import type { SafetyCheck } from '../inference/pipeline/open-safety-check.ts';
import type { UpscaleOptions } from '../inference/pipeline/upscale-frames.ts';
import type { contactSheet } from '../media/contact-sheet.ts';
import type { pictureForClip } from '../media/decode-picture.ts';
import type { decodeVideo } from '../media/decode-video.ts';
import type { finishClip } from '../media/finish-clip.ts';
import type { matchLook } from '../media/match-look.ts';
import type { readPictureInfo } from '../media/open-picture.ts';
import type { writeFrames } from '../media/write-frames.ts';
import { cancellationPoint } from '../util/cancellation.ts';
import type { FramedPicture, RgbFrames, Size } from '../util/rgb.ts';

/** A check, and from which rating on it refuses. */
export interface SafetyRule {
  check: SafetyCheck;
  /** The check's folder: the thread that makes previews opens it once more. */
  modelDir: string;
  /** 0 to 1. */
  threshold: number;
}

/** Of a clip, so many frames are looked at, the first and the last among them: neighbours show nearly the same. */
const sampledFrames = 5;

/**
 * Looks at the picture before the model works for it.
 * @throws UserError `picture-unsafe`
 */
export async function refuseUnsafePicture(picture: FramedPicture, rule: SafetyRule | undefined): Promise<void> {
  if (rule === undefined || (await rule.check.rate(picture)) < rule.threshold) return;
  throw new UserError('picture-unsafe', 'The picture may not be animated here.');
}

/**
 * Holds frames to the same rule as the picture.
 * @throws UserError `clip-unsafe`
 * @throws JobCancelledError the signal was aborted
 */
export async function refuseUnsafeClip(clip: RgbFrames, rule?: SafetyRule, signal?: AbortSignal): Promise<void> {
  if (rule === undefined || !(await isUnsafe(clip, rule, signal))) return;
  throw new UserError('clip-unsafe', 'The clip may not be shown here.');
}

/**
 * Whether one of the frames that are looked at may not be shown.
 * @throws JobCancelledError the signal was aborted
 */
export async function isUnsafe(
  { width, height, frames }: RgbFrames,
  rule: Pick<SafetyRule, 'check' | 'threshold'>,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const last = frames.length - 1;
  const places = Array.from({ length: sampledFrames }, (_, index) => Math.round((index * last) / (sampledFrames - 1)));
  for (const place of new Set(places)) {
    await cancellationPoint(signal);
    if ((await rule.check.rate({ width, height, data: frames[place]! })) >= rule.threshold) return true;
  }
  return false;
}

/** A pipeline as the render process uses it. */
export type RenderPipeline = Pick<ImageToVideoPipeline, 'info' | 'provider' | 'generate'>;

/** Enlarges frames on the pipeline's provider. */
type UpscaleTool = (
  clip: RgbFrames,
  options: Pick<UpscaleOptions, 'factor' | 'network' | 'signal' | 'onFrame'>,
) => Promise<RgbFrames>;

/** Draws a picture anew by the style that is named. */
type StyleTool = (
  picture: FramedPicture,
  options: { style: string; clip: Size; signal: AbortSignal | undefined },
) => Promise<FramedPicture>;

/** Everything that turns a picture into a clip, as parameters, so that a test can put its own in place of each. */
export interface RenderTools {
  pipeline: RenderPipeline;
  readPictureInfo: typeof readPictureInfo;
  pictureForClip: typeof pictureForClip;
  upscaleFrames: UpscaleTool;
  finishClip: typeof finishClip;
  decodeVideo: typeof decodeVideo;
  contactSheet: typeof contactSheet;
  /** Brings the frames of a new part to the look of those before them; left out: as `media/match-look.ts` does. */
  matchLook?: typeof matchLook;
  writeFrames: typeof writeFrames;
  /** Where the operator has styles. */
  applyStyle?: StyleTool;
  /** Where the operator set one. */
  safety?: SafetyRule;
  /** A network that computes frames in between; left out: ffmpeg does. */
  interpolator?: FrameInterpolator;
  /** A program that was proved to work. */
  ffmpegPath: string;
}
