import { UserError } from '../errors.ts';
import type { SafetyCheck } from '../inference/pipeline/open-safety-check.ts';
import type { FramedPicture, RgbFrames } from '../util/rgb.ts';

/** A check, and from which rating on it refuses. */
export interface SafetyRule {
  check: SafetyCheck;
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
 */
export async function refuseUnsafeClip({ width, height, frames }: RgbFrames, rule?: SafetyRule): Promise<void> {
  if (rule === undefined) return;
  const last = frames.length - 1;
  const places = Array.from({ length: sampledFrames }, (_, index) => Math.round((index * last) / (sampledFrames - 1)));
  for (const place of new Set(places)) {
    if ((await rule.check.rate({ width, height, data: frames[place]! })) < rule.threshold) continue;
    throw new UserError('clip-unsafe', 'The clip may not be shown here.');
  }
}
