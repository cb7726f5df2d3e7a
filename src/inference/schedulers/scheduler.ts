import { InferenceError, UserError } from '../../errors.ts';
import type { SamplerName, ScheduleName } from '../../settings/image-to-video.ts';

/** What `Scheduler.step` may be given besides its arrays. */
interface StepOptions {
  /** Fresh `randn` of the sample's length; needed where the scheduler's `needsNoise` is true. */
  noise?: Float32Array;
  /** Receives the result; may be `sample` itself. Left out: a new array. */
  out?: Float32Array;
}

/** A sampler ready for one run. Latents are float32 arrays of any shape; `index` counts steps from 0. */
export interface Scheduler {
  /** What the UNet gets as its timestep, per step: [steps]; as many as asked for, but for `log_linear` interpolation. */
  readonly timesteps: Float32Array;
  /** The noise level before each step and after the last: [steps + 1], or more that no step uses. */
  readonly sigmas: Float32Array;
  /** What the first `randn` latents are multiplied by. */
  readonly initNoiseSigma: number;
  /** Whether each step draws noise: one `randn` of the latents' shape, the last step included. */
  readonly needsNoise: boolean;
  /** The latents as the UNet expects them: sample / √(σ² + 1). */
  scaleModelInput(sample: Float32Array, index: number, out?: Float32Array): Float32Array;
  /**
   * The clean latents that a prediction means: diffusers' `pred_original_sample`.
   * @param modelOutput the UNet's prediction, as long as `sample`
   * @throws InferenceError there is no such step, or lengths differ
   */
  predictOriginalSample(modelOutput: Float32Array, index: number, sample: Float32Array): Float32Array;
  /**
   * One step of denoising.
   * @param modelOutput the UNet's prediction after guidance, as long as `sample`
   * @throws InferenceError there is no such step, lengths differ, or noise is needed and not given
   */
  step(modelOutput: Float32Array, index: number, sample: Float32Array, options?: StepOptions): Float32Array;
}

/** AnimateLCM-SVD-xt was distilled with this many noise levels; it cannot take more steps than it has levels. */
export const maxAnimateLcmSteps = 40;

/** diffusers' schedulers number their steps within 1000. */
export const maxSteps = 1000;

/** What of a clip's settings decides about the sampler. */
export interface SamplerSettings {
  sampler: SamplerName;
  schedule: ScheduleName;
  numInferenceSteps: number;
}

/** Samplers that compute their noise levels themselves and cannot take those of Align Your Steps. */
const withoutAlignYourSteps: ReadonlySet<SamplerName> = new Set(['euler-ancestral-discrete', 'animate-lcm']);

/**
 * Refuses what a sampler cannot do, whatever the model: no config is read, so it can be asked before a job is queued.
 * @throws UserError `bad-steps` or `schedule-not-for-sampler`
 */
export function checkSampler({ sampler, schedule, numInferenceSteps: steps }: SamplerSettings): void {
  const most = sampler === 'animate-lcm' ? maxAnimateLcmSteps : maxSteps;
  if (!Number.isInteger(steps) || steps < 1 || steps > most) {
    throw new UserError('bad-steps', `steps must be from 1 to ${most} with the sampler ${sampler}, not ${steps}.`, {
      details: { sampler, steps, from: 1, to: most },
    });
  }
  if (schedule === 'ays' && withoutAlignYourSteps.has(sampler)) {
    throw new UserError('schedule-not-for-sampler', `schedule cannot be ${schedule} with the sampler ${sampler}.`, {
      details: { sampler, schedule },
    });
  }
}

/**
 * The noise level of a step.
 * @param sigmas of each step, and one more after the last
 * @throws InferenceError there is no such step
 */
export function sigmaOfStep(sigmas: Float32Array, index: number): number {
  const steps = sigmas.length - 1;
  const sigma = index < steps ? sigmas[index] : undefined;
  if (sigma === undefined) throw new InferenceError('bad-step', `There is no step ${index} of ${steps}.`);
  return sigma;
}

/** @throws InferenceError noise is needed and not given, or the arrays are not of one length */
export function checkArrays(
  sample: Float32Array,
  others: readonly Float32Array[],
  { noise, needsNoise }: { noise: Float32Array | undefined; needsNoise: boolean },
): void {
  if (needsNoise && noise === undefined) throw new InferenceError('bad-step', 'An ancestral step needs noise.');
  for (const { length } of noise === undefined ? others : [...others, noise]) {
    if (length !== sample.length) {
      throw new InferenceError('bad-step', `A step got arrays of ${sample.length} and ${length} values.`);
    }
  }
}
