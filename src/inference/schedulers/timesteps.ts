import { linspace } from './interpolate.ts';
import type { SchedulerConfig } from './scheduler-config.ts';

/**
 * Training timesteps at which a run of `steps` samples, falling, by the config's `timestep_spacing`.
 * @returns [steps], float32
 */
export function spacedTimesteps(config: SchedulerConfig, steps: number): Float32Array {
  const { num_train_timesteps: trained, steps_offset: offset, timestep_spacing: spacing } = config;
  if (spacing === 'linspace') return Float32Array.from(linspace(0, trained - 1, steps)).reverse();
  if (spacing === 'leading') {
    const ratio = Math.floor(trained / steps);
    return Float32Array.from({ length: steps }, (_, index) => (steps - 1 - index) * ratio + offset);
  }
  // numpy arange steps by the difference of its first two values, which is not quite `ratio`.
  const ratio = trained / steps;
  const difference = trained - ratio - trained;
  return Float32Array.from({ length: steps }, (_, index) => roundHalfToEven(trained + index * difference) - 1);
}

/**
 * diffusers `_sigma_to_t`: the timestep, with a fraction, at which training used this sigma.
 * @param logSigmas ln σ of every training timestep, rising
 * @param round `Math.fround` where numpy computes in float32: there the sigma came as one
 */
export function sigmaToTimestep(sigma: number, logSigmas: ArrayLike<number>, round = (value: number) => value): number {
  const logSigma = round(Math.log(Math.max(sigma, 1e-10)));
  let low = 0;
  for (let index = 0; index < logSigmas.length - 1 && logSigmas[index]! <= logSigma; index += 1) low = index;
  low = Math.min(low, logSigmas.length - 2);
  const lowLog = logSigmas[low]!;
  const weight = round(round(lowLog - logSigma) / round(lowLog - logSigmas[low + 1]!));
  const clipped = Math.min(Math.max(weight, 0), 1);
  return round(1 - clipped) * low + clipped * (low + 1);
}

function roundHalfToEven(value: number): number {
  const rounded = Math.round(value);
  return rounded - value === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}
