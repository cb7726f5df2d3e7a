import { fma } from './fma.ts';

const { fround } = Math;

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
