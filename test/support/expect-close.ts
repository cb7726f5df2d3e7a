import { expect } from 'vitest';

/** Numbers with their shape, row-major; what graphs give and goldens hold. */
export interface Numbers {
  shape: readonly number[];
  data: ArrayLike<number>;
}

export interface ExpectCloseOptions {
  /** The largest difference allowed: in units of the expected values' standard deviation, or as it is. */
  tolerance: number;
  /** `std` (default): relative to the standard deviation of the expected values; `abs`: absolute. */
  relativeTo?: 'std' | 'abs';
  /** What is compared, for the message. */
  name?: string;
}

/**
 * Fails unless two tensors have the same shape and differ nowhere by more than the tolerance. The message tells the
 * worst place with both values, so that a transposed axis can be told from a wrong constant. NaN never passes.
 */
export function expectClose(actual: Numbers, expected: Numbers, options: ExpectCloseOptions): void {
  const { tolerance, relativeTo = 'std', name = 'tensor' } = options;
  expect(actual.shape, `${name}: shape`).toEqual(expected.shape);
  expect(actual.data.length, `${name}: number of values`).toBe(expected.data.length);

  const unit = relativeTo === 'std' ? standardDeviation(expected.data) : 1;
  const limit = tolerance * unit;
  let worst = 0;
  let worstDifference = -1;
  let wrong = 0;
  for (let index = 0; index < expected.data.length; index++) {
    const difference = Math.abs(actual.data[index]! - expected.data[index]!);
    const isWithin = difference <= limit;
    if (!isWithin) wrong++;
    if (difference > worstDifference || Number.isNaN(difference)) {
      worst = index;
      worstDifference = difference;
      if (Number.isNaN(difference)) break;
    }
  }
  if (wrong === 0) return;
  const inUnits = relativeTo === 'std' ? ` = ${(worstDifference / unit).toExponential(2)} std` : '';
  expect.fail(
    `${name} [${expected.shape.join(', ')}]: ${wrong} of ${expected.data.length} values differ by more than ` +
      `${tolerance} ${relativeTo}; worst at [${unravel(worst, expected.shape).join(', ')}]: ` +
      `actual ${actual.data[worst]}, expected ${expected.data[worst]}, ` +
      `difference ${worstDifference.toExponential(2)}${inUnits}`,
  );
}

function standardDeviation(values: ArrayLike<number>): number {
  let sum = 0;
  let squares = 0;
  for (let index = 0; index < values.length; index++) sum += values[index]!;
  const mean = sum / values.length;
  for (let index = 0; index < values.length; index++) squares += (values[index]! - mean) ** 2;
  return Math.sqrt(squares / values.length);
}

/** The coordinates of a row-major index. */
function unravel(index: number, shape: readonly number[]): number[] {
  const place = new Array<number>(shape.length);
  let rest = index;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    place[axis] = rest % shape[axis]!;
    rest = Math.floor(rest / shape[axis]!);
  }
  return place;
}
