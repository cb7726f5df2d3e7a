/**
 * The point below which a beta(shape, shape) variable falls with the given probability: scipy `stats.beta.ppf` for equal
 * shapes. Found by bisection, since one schedule needs it a few dozen times.
 * @param probability 0…1
 */
export function symmetricBetaQuantile(probability: number, shape: number): number {
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
