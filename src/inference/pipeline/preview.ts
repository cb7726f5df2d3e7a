import type { RgbFrames, RgbPicture, Size } from '../../util/rgb.ts';
import { latentSize, type ShowPreview } from './denoiser.ts';
import { fitLatentsToRgb, latentsToFrames } from './latents-to-rgb.ts';
import { pilResize } from './pil-resize.ts';
import type { PipelineContext } from './pipeline-context.ts';

/** How the model's guesses are shown while it denoises. */
export interface PreviewOptions {
  /** At most one in so many seconds, counted from the one before; one that would come sooner is left out. */
  everySeconds: number;
  /** After which parts of the steps, between 0 and 1. Default: a quarter, half and three quarters. */
  parts?: readonly number[];
  /** After which steps instead, the last one too. */
  steps?: readonly number[];
  /**
   * Takes what the model guesses. The next step waits for this, so whatever takes long is to be begun in here and done in
   * another thread.
   */
  hand: (guess: LatentGuess) => Promise<void> | void;
}

/**
 * All frames as the model guesses them, as latents, and what {@link framesOfGuess} needs to colour them. Plain data, which
 * can be sent to another thread.
 */
export interface LatentGuess extends Size {
  /** [frames, channels, height, width], scaled. */
  latents: Float32Array;
  frames: number;
  /** What the VAE's latents were multiplied by. */
  scalingFactor: number;
  /** The run's pictures at the latents' size, and the VAE's latents of each, not scaled. */
  pictures: readonly { picture: RgbPicture; latents: Float32Array }[];
}

/** The frames of a guess, one pixel for each place of the latents. How latents become colours follows from the run's own pictures. */
export function framesOfGuess({ latents, pictures, ...clip }: LatentGuess): RgbFrames {
  return latentsToFrames(latents, fitLatentsToRgb(pictures), clip);
}

const usualParts = [1 / 4, 1 / 2, 3 / 4];

/**
 * The steps after which previews are due; none after the last, when the clip itself comes.
 * @param steps of the whole run
 */
export function previewSteps(steps: number, parts: readonly number[] = usualParts): Set<number> {
  return new Set(parts.map((part) => Math.max(1, Math.ceil(steps * part))).filter((step) => step < steps));
}

/** The run's pictures at the size of the latents, the first one first. Called before they are dropped. */
export function picturesAtLatentSize({ configs, settings, picture, endPicture }: PipelineContext): RgbPicture[] {
  const size = latentSize(configs, settings);
  const resized = new Map<unknown, RgbPicture>();
  return [picture, endPicture].flatMap((each) => {
    if (each === undefined) return [];
    // A loop's two pictures are one.
    const small = resized.get(each) ?? pilResize(each, { ...size, filter: 'lanczos' });
    resized.set(each, small);
    return [small];
  });
}

/** What a run shows previews with. */
interface PreviewedRun extends Pick<LatentGuess, 'pictures' | 'frames' | 'scalingFactor'> {
  /** Steps of the whole run. */
  steps: number;
  /** Milliseconds, monotonic. */
  now: () => number;
}

/** Says when previews of one run are due, and hands over its guesses. */
export function openPreviews(
  { everySeconds, parts, steps: chosen, hand }: PreviewOptions,
  { pictures, steps, scalingFactor, frames, now }: PreviewedRun,
): ShowPreview {
  const due = chosen === undefined ? previewSteps(steps, parts) : new Set(chosen);
  const { width, height } = pictures[0]!.picture;
  let lastMs = Number.NEGATIVE_INFINITY;
  return async (step, estimate) => {
    if (!due.has(step) || now() - lastMs < everySeconds * 1000) return;
    lastMs = now();
    await hand({ latents: estimate(), width, height, frames, scalingFactor, pictures });
  };
}
