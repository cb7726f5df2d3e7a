/** `torch.linspace(from, to, count)` in float32: counted from the nearer end, as torch does. */
export function linspace(from: number, to: number, count: number): Float32Array {
  const step = count > 1 ? Math.fround((to - from) / (count - 1)) : 0;
  return Float32Array.from({ length: count }, (_, i) =>
    i < count / 2 ? from + Math.fround(step * i) : to - Math.fround(step * (count - 1 - i)),
  );
}

/**
 * In which steps guidance runs: those in the interval, (low, high] of σ (Kynkäänniemi et al. 2024, "Applying Guidance in
 * a Limited Interval"); none where no scale is above 1, since the unconditional branch then has no weight.
 * @param scales [frames]
 * @param sigmas of each step, and maybe of what comes after the last
 * @returns [steps]
 */
export function guidedSteps(
  scales: Float32Array,
  sigmas: Float32Array,
  {
    steps,
    interval = [0, Number.POSITIVE_INFINITY],
  }: { steps: number; interval?: readonly [number, number] | undefined },
): boolean[] {
  const isGuided = scales.some((scale) => scale > 1);
  const [low, high] = interval;
  return Array.from(sigmas.subarray(0, steps), (sigma) => isGuided && sigma > low && sigma <= high);
}

/**
 * Classifier-free guidance with one scale per frame: unconditional + scale · (conditional − unconditional).
 * @param prediction both branches, unconditional first, [2, frames, ...]
 * @param scales [frames]
 * @returns [frames, ...]
 */
export function applyGuidance(prediction: Float32Array, scales: Float32Array): Float32Array {
  const half = prediction.length / 2;
  const perFrame = half / scales.length;
  const out = new Float32Array(half);
  for (const [frame, scale] of scales.entries()) {
    for (let at = frame * perFrame; at < (frame + 1) * perFrame; at++) {
      const unconditional = prediction[at] ?? 0;
      out[at] = unconditional + Math.fround(scale * Math.fround((prediction[half + at] ?? 0) - unconditional));
    }
  }
  return out;
}
