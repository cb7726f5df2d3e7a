import { symmetricBetaQuantile } from './beta-distribution.ts';
import { interpolate, linspace } from './interpolate.ts';

/** The ends of a schedule, σ of the first and of the last step. */
interface SigmaRange {
  min: number;
  max: number;
}

/** Karras et al. 2022, equation 5, with ρ = 7: falling from `max` to `min`; of one step, `max`. */
export function karrasSigmas(range: SigmaRange, steps: number): number[] {
  return linspace(0, 1, steps).map((ramp) => karrasSigmaAt(range, ramp));
}

/** The same schedule at any place: 0 is `max`, 1 is `min`. */
export function karrasSigmaAt({ min, max }: SigmaRange, ramp: number): number {
  const rho = 7;
  const low = min ** (1 / rho);
  const high = max ** (1 / rho);
  return (high + ramp * (low - high)) ** rho;
}

/** Evenly spaced in ln σ, falling from `max` to `min`; of one step, `max`. */
export function exponentialSigmas({ min, max }: SigmaRange, steps: number): number[] {
  return linspace(Math.log(max), Math.log(min), steps).map(Math.exp);
}

/** Lee et al. 2024, "Beta Sampling is All You Need": quantiles of beta(0.6, 0.6), falling from `max` to `min`; of one step, `max`. */
export function betaSigmas({ min, max }: SigmaRange, steps: number): number[] {
  return linspace(0, 1, steps).map((ramp) => min + symmetricBetaQuantile(1 - ramp, 0.6) * (max - min));
}

/** Align Your Steps (Sabour et al. 2024) for Stable Video Diffusion, ten steps; rising, with the end before 0. */
const alignedSigmas = [0.002, 0.034, 0.173, 0.403, 0.981, 1.789, 4.248, 7.977, 15.886, 54.5, 700];

/**
 * Align Your Steps for SVD: the authors' ten steps, and their log-linear interpolation for other counts.
 * @returns falling, without the final 0: [steps]
 */
export function alignYourStepsSigmas(steps: number): number[] {
  const logs = alignedSigmas.map(Math.log);
  // One point more than there are steps; the lowest one gives way to the final 0.
  const positions = linspace(0, logs.length - 1, steps + 1).slice(1);
  return positions.map((position) => Math.exp(interpolate(position, logs))).reverse();
}
