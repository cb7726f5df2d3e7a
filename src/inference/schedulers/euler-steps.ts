import type { SchedulerConfig } from './scheduler-config.ts';

const { fround, sqrt } = Math;

type PredictionType = SchedulerConfig['prediction_type'];

/** What one Euler step needs besides the arrays: float32 numbers, rounded where torch rounds them. */
interface StepSizes {
  /** The change of σ: negative. */
  delta: number;
}

/** √(σ² + 1) in float32: what a latent is divided by before the UNet sees it. */
export function inputScale(sigma: number): number {
  return fround(sqrt(squarePlusOne(sigma)));
}

/** A noise level, and what the network predicts there. */
interface Prediction {
  sigma: number;
  prediction: PredictionType;
}

/** The clean latents x₀ that a prediction means. All arrays have one length. */
export function originalSample(
  output: Float32Array,
  sample: Float32Array,
  { sigma, prediction }: Prediction,
): Float32Array {
  const cleanOf = originalValue(sigma, prediction);
  return sample.map((x, index) => cleanOf(output[index]!, x));
}

/** Of one value of the output, and of the sample: x₀, rounded to float32 where torch rounds. */
function originalValue(sigma: number, prediction: PredictionType): (output: number, sample: number) => number {
  const outputFactor = fround(-sigma / inputScale(sigma));
  const sampleDivisor = squarePlusOne(sigma);
  switch (prediction) {
    case 'v_prediction':
      return (y, x) => fround(fround(y * outputFactor) + fround(x / sampleDivisor));
    case 'epsilon':
      return (y, x) => fround(x - fround(sigma * y));
    case 'sample':
      return (y) => y;
  }
}

/**
 * One Euler step along (x − x₀)/σ: diffusers `EulerDiscreteScheduler.step` without churn. All arrays have one length.
 * @param out receives the sample at the next σ; may be `sample` itself
 */
export function eulerStep(
  output: Float32Array,
  sample: Float32Array,
  { sigma, delta, prediction, out }: StepSizes & Prediction & { out: Float32Array },
): void {
  const cleanOf = originalValue(sigma, prediction);
  for (let index = 0; index < out.length; index += 1) {
    const x = sample[index]!;
    const derivative = fround(fround(x - cleanOf(output[index]!, x)) / sigma);
    out[index] = x + fround(derivative * delta);
  }
}

/** How far an ancestral step goes down, and how much noise it adds to come up to `to` again; float32. */
export function ancestralSigmas(from: number, to: number): { up: number; down: number } {
  const fromSquare = fround(from * from);
  const toSquare = fround(to * to);
  const up = fround(sqrt(fround(fround(toSquare * fround(fromSquare - toSquare)) / fromSquare)));
  return { up, down: fround(sqrt(fround(toSquare - fround(up * up)))) };
}

/** values += noise · factor, in float32 steps. */
export function addScaled(values: Float32Array, noise: Float32Array, factor: number): void {
  for (let index = 0; index < values.length; index += 1) {
    values[index] = values[index]! + fround(noise[index]! * factor);
  }
}

function squarePlusOne(sigma: number): number {
  return fround(fround(sigma * sigma) + 1);
}
