import { readInputs } from '../side/read-inputs.ts';

/** How far one side's numbers are from another's. */
export interface Difference {
  /** The largest difference, in standard deviations of the reference. */
  maxOverStd: number;
  /** The mean of the squared differences' root, in the same unit. */
  rmsOverStd: number;
  /** Of the reference. */
  std: number;
  values: number;
}

/** Compares a tensor of two files. */
export async function compareFiles(reference: string, other: string, tensor = 'out'): Promise<Difference> {
  const [expected = new Float32Array(), actual = new Float32Array()] = await Promise.all(
    [reference, other].map(async (path) => (await readInputs(path))[tensor]),
  );
  if (expected.length !== actual.length || expected.length === 0) {
    throw new Error(`${other} has ${actual.length} values of ${tensor}, ${reference} ${expected.length}.`);
  }
  let sum = 0;
  for (const value of expected) sum += value;
  const mean = sum / expected.length;
  let [variance, squares, largest] = [0, 0, 0];
  for (const [at, value] of expected.entries()) {
    const difference = Math.abs((actual[at] ?? Number.NaN) - value);
    // NaN is greater than nothing, but must not pass for agreement.
    if (!(difference <= largest)) largest = difference;
    squares += difference ** 2;
    variance += (value - mean) ** 2;
  }
  const std = Math.sqrt(variance / expected.length);
  const rms = Math.sqrt(squares / expected.length);
  return { maxOverStd: largest / std, rmsOverStd: rms / std, std, values: expected.length };
}
