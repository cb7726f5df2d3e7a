import { relative } from 'node:path';
import { formatBytes } from '../util/format-bytes.ts';
import type { Clip } from '../worker/types.ts';
import { formatDuration } from './transfer-progress.ts';

/** Where a clip and its frames went. */
export interface ClipPlaces {
  output: string;
  framesDir: string | undefined;
}

/** A path as it is seen from the working folder, where it is inside it. */
export function fromHere(path: string): string {
  const inside = relative('.', path);
  return inside.startsWith('..') ? path : inside;
}

/** What was done, as one line of JSON. */
export function clipAsJson(clip: Clip, { output, framesDir }: ClipPlaces): string {
  const { bytes, master: _, ...made } = clip;
  return JSON.stringify({
    output,
    framesDir,
    bytes: bytes.byteLength,
    seed: made.settings.seed,
    ...made,
    seconds: totalSeconds(clip),
  });
}

/** What was done, as one line for a person. */
export function clipAsSentence(clip: Clip, { output }: ClipPlaces): string {
  const { settings, width, height, upscaleFactor, frames, fps, model, provider, interpolator } = clip;
  const rendered = upscaleFactor === 1 ? '' : ` (rendered at ${settings.width}×${settings.height})`;
  const facts = [
    `${width}×${height}${rendered}`,
    `${frames} frames at ${fps} fps${interpolator === undefined ? '' : `, those in between by ${interpolator}`}`,
    formatBytes(clip.bytes.byteLength),
    `seed ${settings.seed}`,
    `${model} on ${provider} in ${formatDuration(totalSeconds(clip))}`,
  ];
  return `${output}: ${facts.join(', ')}`;
}

function totalSeconds({ secondsPerStage }: Clip): number {
  return Object.values(secondsPerStage).reduce((sum, seconds) => sum + seconds, 0);
}
