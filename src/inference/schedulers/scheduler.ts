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
   * One step of denoising.
   * @param modelOutput the UNet's prediction after guidance, as long as `sample`
   * @throws InferenceError there is no such step, lengths differ, or noise is needed and not given
   */
  step(modelOutput: Float32Array, index: number, sample: Float32Array, options?: StepOptions): Float32Array;
}
