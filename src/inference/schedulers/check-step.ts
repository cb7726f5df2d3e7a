import { InferenceError } from '../../errors.ts';

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
