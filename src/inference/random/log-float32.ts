import { fma } from './fma.ts';

const { fround } = Math;

/** Cephes' `logf` polynomial, highest power first. */
const polynomial = Float32Array.of(
  7.0376836292e-2,
  -1.151461031e-1,
  1.167699874e-1,
  -1.2420140846e-1,
  1.4249322787e-1,
  -1.6668057665e-1,
  2.0000714765e-1,
  -2.4999993993e-1,
  3.3333331174e-1,
);
/** ln 2 in two parts; the high one has few bits, so that its product with an exponent is exact. */
const ln2High = 0.693359375;
const ln2Low = fround(-2.1219444e-4);
const sqrtHalf = fround(Math.SQRT1_2);

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/**
 * Natural logarithm in float32, rounded as torch's x86 kernels round it: Cephes' `logf` with fused multiply-adds.
 * @param value a float32, normal and above 0
 */
export function logFloat32(value: number): number {
  float[0] = value;
  let exponent = (bits[0]! >>> 23) - 126;
  bits[0] = (bits[0]! & 0x7fffff) | 0x3f000000; // the fraction, with the exponent of [½, 1)
  const mantissa = float[0];
  let x = fround(mantissa - 1);
  if (mantissa < sqrtHalf) {
    x = fround(x + mantissa);
    exponent -= 1;
  }
  const square = fround(x * x);
  let y = polynomial[0]!;
  for (let index = 1; index < polynomial.length; index += 1) y = fma(y, x, polynomial[index]!);
  y = fma(fround(y * x), square, fround(exponent * ln2Low));
  y = fma(-square, 0.5, y);
  return fma(exponent, ln2High, fround(x + y));
}
