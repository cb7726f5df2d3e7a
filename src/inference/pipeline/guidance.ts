/** `torch.linspace(from, to, count)` in float32: counted from the nearer end, as torch does. */
export function linspace(from: number, to: number, count: number): Float32Array {
  const step = count > 1 ? Math.fround((to - from) / (count - 1)) : 0;
  return Float32Array.from({ length: count }, (_, i) =>
    i < count / 2 ? from + Math.fround(step * i) : to - Math.fround(step * (count - 1 - i)),
  );
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
