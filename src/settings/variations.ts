import type { ImageToVideoSettings } from './image-to-video.ts';

/** How many variations can be asked for: one is a clip, and a row of Discord's buttons has room for them and no more. */
export const variationRange = { from: 2, to: 4 } as const;

/** Which variation of how many, counted from 1. */
export interface Variation {
  number: number;
  of: number;
}

/** The steps after which a variation is shown, of `steps`: 40 %. */
const shownAfter = (steps: number) => Math.ceil((steps * 2) / 5);

/**
 * Denoising steps of a variation until it is shown: 40 %, and with DeepCache as many more as it takes to a step from which
 * another run can go on.
 */
export function variationSteps({
  numInferenceSteps: steps,
  deepCacheInterval = 1,
}: Pick<ImageToVideoSettings, 'numInferenceSteps' | 'deepCacheInterval'>): number {
  return Math.min(steps, Math.ceil(shownAfter(steps) / deepCacheInterval) * deepCacheInterval);
}

/** The seeds of so many variations: the one that was asked for, and those after it. */
export function variationSeeds(seed: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => (seed + index) % 2 ** 32);
}

/** What all previews and so many picked clips cost, in clips that are rendered whole. */
export function variationCost(count: number, picks: number): number {
  return 0.4 * count + 0.6 * picks;
}
