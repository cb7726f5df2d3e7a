const bits = new DataView(new ArrayBuffer(4));

/** A number in half precision (IEEE 754 binary16), rounded to the nearest, to even between two. */
export function toHalf(value: number): number {
  bits.setFloat32(0, value);
  const word = bits.getUint32(0);
  const sign = (word >>> 16) & 0x8000;
  const exponent = ((word >>> 23) & 0xff) - 127;
  const fraction = word & 0x7fffff;
  if (exponent === 128) return sign | 0x7c00 | (fraction === 0 ? 0 : 0x200);
  if (exponent > 15) return sign | 0x7c00;
  // Below 2^-14 the leading one is written out, and the exponent stays.
  const isSmall = exponent < -14;
  if (exponent < -25) return sign;
  const significand = isSmall ? fraction | 0x800000 : fraction;
  const shift = isSmall ? -1 - exponent : 13;
  const base = isSmall ? 0 : (exponent + 15) << 10;
  const kept = significand >>> shift;
  const rest = significand & ((1 << shift) - 1);
  const middle = 1 << (shift - 1);
  const isUp = rest > middle || (rest === middle && (kept & 1) === 1);
  // A carry runs into the exponent, and at the end to infinity, as it should.
  return sign | (base + kept + (isUp ? 1 : 0));
}
