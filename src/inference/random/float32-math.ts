const { fround } = Math;

/**
 * Fused multiply-add of float32 values: a·b + c, rounded once. The product of two float32 values is exact in a double; the
 * sum's second rounding differs from one rounding in about one case of 2^29.
 */
function fma(a: number, b: number, c: number): number {
  return fround(a * b + c);
}

/** Cephes' `logf` polynomial, highest power first. */
const log0 = fround(7.0376836292e-2);
const log1 = fround(-1.151461031e-1);
const log2 = fround(1.167699874e-1);
const log3 = fround(-1.2420140846e-1);
const log4 = fround(1.4249322787e-1);
const log5 = fround(-1.6668057665e-1);
const log6 = fround(2.0000714765e-1);
const log7 = fround(-2.4999993993e-1);
const log8 = fround(3.3333331174e-1);
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
  let y = fma(fma(fma(fma(log0, x, log1), x, log2), x, log3), x, log4);
  y = fma(fma(fma(fma(y, x, log5), x, log6), x, log7), x, log8);
  y = fma(fround(y * x), square, fround(exponent * ln2Low));
  y = fma(-square, 0.5, y);
  return fma(exponent, ln2High, fround(x + y));
}

const fourOverPi = fround(4 / Math.PI);
/** −π/4 in three parts, so that the remainder of a division by π/4 keeps its bits. */
const minusQuarterPiHigh = -0.78515625;
const minusQuarterPiMiddle = -2.4187564849853516e-4;
const minusQuarterPiLow = fround(-3.774894977445941e-8);

/** Cephes' `sinf` and `cosf` polynomials for |x| ≤ π/4, highest power first. */
const sin0 = fround(-1.9515295891e-4);
const sin1 = fround(8.3321608736e-3);
const sin2 = fround(-1.6666654611e-1);
const cos0 = fround(2.443315711809948e-5);
const cos1 = fround(-1.388731625493765e-3);
const cos2 = fround(4.166664568298827e-2);

/**
 * Sine and cosine in float32, rounded as torch's x86 kernels round them: Cephes with fused multiply-adds.
 * @param angle a float32 in radians, 0…8192
 * @param out receives the sine at 0 and the cosine at 1
 */
export function sinCosFloat32(angle: number, out: Float32Array): void {
  const octant = (Math.trunc(fround(angle * fourOverPi)) + 1) & ~1;
  let x = fma(octant, minusQuarterPiHigh, angle);
  x = fma(octant, minusQuarterPiMiddle, x);
  x = fma(octant, minusQuarterPiLow, x);
  const square = fround(x * x);
  const sinTail = fround(fma(fma(sin0, square, sin1), square, sin2) * square);
  const sin = fma(sinTail, x, x);
  const cosTail = fround(fma(fma(cos0, square, cos1), square, cos2) * square);
  const cos = fround(fma(cosTail, square, fround(-square * 0.5)) + 1);
  const swapped = (octant & 2) !== 0;
  out[0] = (octant & 4 ? -1 : 1) * (swapped ? cos : sin);
  out[1] = ((octant - 2) & 4 ? 1 : -1) * (swapped ? sin : cos);
}
