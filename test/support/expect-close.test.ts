import { describe, expect, it } from 'vitest';
import { expectClose } from './expect-close.ts';

const expected = { shape: [2, 3], data: Float32Array.of(0, 1, 2, 3, 4, 5) };
const almost = (index: number, by: number) => ({
  shape: [2, 3],
  data: expected.data.map((value, at) => (at === index ? value + by : value)),
});

describe('expectClose', () => {
  it('accepts differences within the tolerance, in units of the standard deviation or absolute', () => {
    expectClose(almost(4, 1e-3), expected, { tolerance: 1e-3 });
    expectClose(almost(4, 1e-3), expected, { tolerance: 1.1e-3, relativeTo: 'abs' });
  });

  it('names the worst place with both values', () => {
    expect(() => expectClose(almost(4, 0.5), expected, { tolerance: 1e-3, name: 'conv' })).toThrow(
      /conv \[2, 3\]: 1 of 6 values .* worst at \[1, 1\]: actual 4\.5, expected 4, difference 5\.00e-1 = 2\.93e-1 std/,
    );
  });

  it('refuses another shape and values that are not numbers', () => {
    expect(() => expectClose({ ...expected, shape: [3, 2] }, expected, { tolerance: 1 })).toThrow(/shape/);
    expect(() => expectClose(almost(2, Number.NaN), expected, { tolerance: 1e9 })).toThrow(/worst at \[0, 2\]/);
  });
});
