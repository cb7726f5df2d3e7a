import { InferenceError, UserError } from '../../errors.ts';
import { addScaled } from '../schedulers/euler-steps.ts';
import { cachesDeepFeatures } from './build-network.ts';
import { type DenoiseTools, drawLatents, openDenoiser, type Stage } from './denoiser.ts';
import { requireFinite } from './guard-networks.ts';
import { guidedSteps, linspace } from './guidance.ts';
import type { PipelineContext } from './pipeline-context.ts';
import type { ImageToVideoSettings } from './types.ts';

const { fround, sqrt } = Math;

/**
 * Refuses what clips with a last picture cannot do.
 * @throws UserError `sampler-not-for-two-pictures`
 */
export function checkTwoPictures({ sampler }: Pick<ImageToVideoSettings, 'sampler'>): void {
  if (sampler === 'euler') return;
  const message = `sampler must be euler for a clip that ends with a given picture, not ${sampler}.`;
  throw new UserError('sampler-not-for-two-pictures', message, { details: { sampler } });
}

/**
 * The denoising loop of a clip that begins with one picture and ends with another: ViBiDSampler (Yang et al. 2024,
 * arXiv 2410.05651). Each step has two halves. The first denoises from σ to σ′ on the first picture's condition, with the last
 * picture's latents as the last frame's estimate, and adds noise back up to σ. The second does the same on the clip
 * reversed in time, on the last picture's condition. Four calls of the UNet a step instead of two; no other weights.
 *
 * A half as in CFG++ (Chung et al. 2024): x ← d + σ′ · (x − x₀ᵘ) / σ, where d is the guided estimate of the clean latents and
 * x₀ᵘ the unconditional one, which is needed also where guidance is 1.
 *
 * @returns [frames, latent_channels, h, w] latents. A step of the progress, and of checkpoints, is a half.
 */
export async function* denoiseBetween(job: PipelineContext, tools: DenoiseTools): Stage<Float32Array> {
  const { settings } = job;
  const { generator, scheduler, conditions, step, keep, preview } = tools;
  const [first, last] = conditions;
  if (first?.cleanLatents === undefined || last?.cleanLatents === undefined) {
    throw new InferenceError('picture-gone', 'One of the two pictures was not encoded.');
  }
  const steps = scheduler.timesteps.length;
  const scales = linspace(settings.minGuidanceScale, settings.maxGuidanceScale, settings.numFrames);
  const plain = new Float32Array(scales.length).fill(1);
  const guided = guidedSteps(scales, scheduler.sigmas, { steps, interval: settings.guidanceInterval });
  const { deepCacheInterval = 1 } = settings;

  let { step: done, latents } = tools.start ?? { step: 0, latents: drawLatents(job, tools) };
  const halves = steps * 2;
  const { until: end = halves } = tools;
  if (done === end) return latents;

  const plan = { guided: guided.map(() => true), caching: cachesDeepFeatures(settings) };
  const denoiser = await openDenoiser(job, conditions, plan);
  try {
    for (; done < end; done++) {
      const index = Math.floor(done / 2);
      const isReversed = done % 2 === 1;
      const [sigma, next] = [scheduler.sigmas[index]!, scheduler.sigmas[index + 1]!];
      const sample = isReversed ? reversed(latents, settings.numFrames) : latents;
      const prediction = await denoiser.predict(scheduler.scaleModelInput(sample, index), scheduler.timesteps[index]!, {
        guided: true,
        shallow: index % deepCacheInterval !== 0,
        condition: isReversed ? 1 : 0,
      });
      const length = sample.length;
      const estimates = {
        unconditional: scheduler.predictOriginalSample(prediction.subarray(0, length), index, sample),
        conditional: scheduler.predictOriginalSample(prediction.subarray(length), index, sample),
      };
      const lastFrame = isReversed ? first.cleanLatents : last.cleanLatents;
      const half = { sigma, next, scales: guided[index] === true ? scales : plain, lastFrame };
      await preview?.(done + 1, () => {
        const clean = guidedEstimate(estimates, half);
        return isReversed ? reversed(clean, settings.numFrames) : clean;
      });
      const moved = halfStep(sample, estimates, half);
      if (isReversed) latents = reversed(moved, settings.numFrames);
      else {
        const up = fround(sqrt(fround(fround(sigma * sigma) - fround(next * next))));
        latents = moved;
        addScaled(latents, generator.randn(length), up);
      }
      requireFinite(latents, 'The sampler', { stage: 'denoise', step: done + 1, steps: halves });
      // As in `denoise`; both pictures' inner features are needed until both have had a whole call.
      const isWhole = deepCacheInterval === 1 || (done + 1) % (2 * deepCacheInterval) === 0 || done + 1 === halves;
      if (keep !== undefined && isWhole) await keep(done + 1, latents);
      yield step();
    }
    return latents;
  } finally {
    await denoiser.release();
  }
}

/** Estimates of the clean latents, [frames, c, h, w] each. */
interface Estimates {
  unconditional: Float32Array;
  conditional: Float32Array;
}

/** One half of a step. */
interface HalfStep {
  /** σ. */
  sigma: number;
  /** σ′. */
  next: number;
  /** Guidance per frame, in the order in which the frames are. */
  scales: Float32Array;
  /** What the last frame's clean latents are known to be, [c, h, w]. */
  lastFrame: Float32Array;
}

/** The latents at σ′: x ← d + σ′ · (x − x₀ᵘ) / σ. */
export function halfStep(sample: Float32Array, estimates: Estimates, half: HalfStep): Float32Array {
  const { sigma, next } = half;
  const clean = guidedEstimate(estimates, half);
  return sample.map((x, at) => {
    const without = estimates.unconditional[at]!;
    return clean[at]! + fround(fround(next * fround(x - without)) / sigma);
  });
}

/** d: the guided estimate of the clean latents, its last frame the one that is known. */
function guidedEstimate(
  { unconditional, conditional }: Estimates,
  { scales, lastFrame }: Pick<HalfStep, 'scales' | 'lastFrame'>,
): Float32Array {
  const perFrame = unconditional.length / scales.length;
  const lastStart = unconditional.length - perFrame;
  return unconditional.map((without, at) => {
    if (at >= lastStart) return lastFrame[at - lastStart]!;
    const scale = scales[Math.floor(at / perFrame)]!;
    return without + fround(scale * fround(conditional[at]! - without));
  });
}

/** The clip backwards, [frames, ...]. */
export function reversed(latents: Float32Array, frames: number): Float32Array {
  const perFrame = latents.length / frames;
  const out = new Float32Array(latents.length);
  for (let frame = 0; frame < frames; frame++) {
    out.set(latents.subarray(frame * perFrame, (frame + 1) * perFrame), (frames - 1 - frame) * perFrame);
  }
  return out;
}
