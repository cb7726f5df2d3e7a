import { describe, expect, it } from 'vitest';
import { toHalf } from '../../../bench/gpu/half.ts';

/** What a binary16 stands for. */
function fromHalf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}

describe('toHalf', () => {
  it('keeps every number that half precision has', () => {
    const all = Array.from({ length: 0x10000 }, (_, half) => half).filter((half) => !Number.isNaN(fromHalf(half)));
    expect(all.filter((half) => toHalf(fromHalf(half)) !== half)).toEqual([]);
    expect(fromHalf(toHalf(Number.NaN))).toBeNaN();
  });

  it.each([
    ['to even between two', 1 + 2 ** -11, 1],
    ['up beyond the middle', 1 + 2 ** -11 + 2 ** -20, 1 + 2 ** -10],
    ['into the next power of two', 2 - 2 ** -12, 2],
    ['to infinity beyond the largest', 65520, Number.POSITIVE_INFINITY],
    ['to nothing below half of the smallest', 2 ** -25, 0],
    ['to the smallest above that', 2 ** -25 * 1.01, 2 ** -24],
  ])('rounds %s', (_, value, expected) => {
    expect(fromHalf(toHalf(value))).toBe(expected);
  });
});
