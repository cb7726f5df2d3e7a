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
  // One point more than there are steps; the lowest one is replaced by the final 0.
  const positions = linspace(0, logs.length - 1, steps + 1).slice(1);
  return positions.map((position) => Math.exp(interpolate(position, logs))).reverse();
}

/** numpy `linspace`: `count` values from `start` to `stop`, both included; of one value, `start`. */
export function linspace(start: number, stop: number, count: number): number[] {
  const step = (stop - start) / (count - 1);
  return Array.from({ length: count }, (_, index) => {
    if (index === 0) return start;
    return index === count - 1 ? stop : index * step + start;
  });
}

/** numpy `interp` with the knots at 0, 1, 2, …: linear between `values`, level beyond both ends. */
export function interpolate(position: number, values: ArrayLike<number>): number {
  const last = values.length - 1;
  if (position <= 0) return values[0]!;
  if (position >= last) return values[last]!;
  const index = Math.floor(position);
  const low = values[index]!;
  return (values[index + 1]! - low) * (position - index) + low;
}

/**
 * The point below which a beta(shape, shape) variable falls with the given probability: scipy `stats.beta.ppf` for equal
 * shapes. Found by bisection, since one schedule needs it a few dozen times.
 * @param probability 0…1
 */
function symmetricBetaQuantile(probability: number, shape: number): number {
  if (probability <= 0) return 0;
  if (probability >= 1) return 1;
  // The distribution is symmetric: the lower half is the one that keeps its digits near 0.
  if (probability > 0.5) return 1 - symmetricBetaQuantile(1 - probability, shape);
  const whole = 2 * lowerIntegral(0.5, shape);
  // On a logarithmic scale: the quantile of a small probability p is about p^(1/shape).
  let low = -745;
  let high = Math.log(0.5);
  for (let step = 0; step < 100; step += 1) {
    const middle = (low + high) / 2;
    if (lowerIntegral(Math.exp(middle), shape) / whole < probability) low = middle;
    else high = middle;
  }
  return Math.exp((low + high) / 2);
}

/** ∫₀ˣ t^(a−1)·(1−t)^(a−1) dt for x ≤ ½, as a power series in x. */
function lowerIntegral(x: number, shape: number): number {
  let coefficient = 1; // of t^n in (1−t)^(a−1)
  let sum = 1 / shape;
  for (let n = 1; n < 200; n += 1) {
    coefficient *= ((n - shape) / n) * x;
    const term = coefficient / (shape + n);
    sum += term;
    if (Math.abs(term) < Number.EPSILON * sum) break;
  }
  return x ** shape * sum;
}
