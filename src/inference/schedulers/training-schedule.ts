import type { SchedulerConfig } from './scheduler-config.ts';
import { linspace } from './sigma-schedules.ts';

const { fround } = Math;

/**
 * The sigma of every training timestep, as diffusers' Euler schedulers compute them: float32, rising.
 * Each rounding counts: near σ = 0 the term 1 − ᾱ loses most of its bits.
 * @returns [num_train_timesteps]
 */
export function trainingSigmas(config: SchedulerConfig): Float32Array {
  let betas = trainingBetas(config);
  if (config.rescale_betas_zero_snr) betas = rescaleToZeroSnr(betas);
  const cumulative = cumulativeAlphas(betas);
  // Not 0, so that the first sigma is not infinite.
  if (config.rescale_betas_zero_snr) cumulative[cumulative.length - 1] = 2 ** -24;
  return cumulative.map((alpha) => Math.sqrt(fround(fround(1 - alpha) / alpha)));
}

function trainingBetas(config: SchedulerConfig): Float32Array {
  const { beta_start: start, beta_end: end, num_train_timesteps: count } = config;
  if (config.trained_betas !== undefined) return Float32Array.from(config.trained_betas);
  if (config.beta_schedule === 'linear') return linspaceFloat32(start, end, count);
  if (config.beta_schedule === 'scaled_linear') {
    return linspaceFloat32(Math.sqrt(start), Math.sqrt(end), count).map((root) => root * root);
  }
  return Float32Array.from({ length: count }, (_, index) => {
    const ratio = cosineAlphaBar((index + 1) / count) / cosineAlphaBar(index / count);
    return Math.min(1 - ratio, 0.999);
  });
}

/** torch `linspace` in float32: counted from the nearer end, with a fused multiply-add as on x86. */
export function linspaceFloat32(start: number, end: number, count: number): Float32Array {
  const first = fround(start);
  const last = fround(end);
  const step = fround(fround(last - first) / (count - 1));
  const halfway = Math.floor(count / 2);
  return Float32Array.from({ length: count }, (_, index) =>
    index < halfway ? first + step * index : last - step * (count - 1 - index),
  );
}

/** diffusers `betas_for_alpha_bar`, `cosine`. */
function cosineAlphaBar(time: number): number {
  return Math.cos((((time + 0.008) / 1.008) * Math.PI) / 2) ** 2;
}

/** torch `cumprod` of 1 − β: the running product is a double, what is kept of it a float32. */
function cumulativeAlphas(betas: Float32Array): Float32Array {
  let product = 1;
  return betas.map((beta) => {
    product *= fround(1 - beta);
    return product;
  });
}

/** diffusers `rescale_zero_terminal_snr`: shifts and scales √ᾱ so that the last one is 0 and the first one stays. */
function rescaleToZeroSnr(betas: Float32Array): Float32Array {
  const roots = cumulativeAlphas(betas).map(Math.sqrt);
  const first = roots[0]!;
  const last = roots[roots.length - 1]!;
  const scale = fround(first / fround(first - last));
  const cumulative = roots.map((root) => fround(fround(root - last) * scale) ** 2);
  return cumulative.map((alpha, index) => 1 - (index === 0 ? alpha : fround(alpha / cumulative[index - 1]!)));
}

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
