/**
 * Fused multiply-add of float32 values: a·b + c, rounded once. The product of two float32 values is exact in a double; the
 * sum's second rounding differs from one rounding in about one case of 2^29.
 */
export function fma(a: number, b: number, c: number): number {
  return Math.fround(a * b + c);
}
