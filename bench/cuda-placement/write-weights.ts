import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Precision } from '../../src/inference/graph/graph-builder.ts';
import { torchGenerator } from '../../src/inference/random/torch-generator.ts';
import { safetensorsHead } from '../../test/support/sparse-model.ts';

/** Values of the block that tensors are filled with, again and again. */
const blockValues = 2 ** 20;

/** Random numbers that are small enough for sums of thousands of products: 0.02 times a normal distribution. */
function randomBlock(precision: Precision): Uint8Array {
  const values = torchGenerator(1)
    .randn(blockValues)
    .map((value) => value * 0.02);
  if (precision === 'float32') return new Uint8Array(values.buffer);
  // Half precision of a float32 of this size: the sign, five bits of exponent (bias 15 for 127), ten of the fraction.
  const halves = Uint16Array.from(new Uint32Array(values.buffer), (word) => {
    const exponent = ((word >>> 23) & 0xff) - 112;
    return ((word >>> 16) & 0x8000) | (exponent <= 0 ? 0 : (exponent << 10) | ((word >>> 13) & 0x3ff));
  });
  return new Uint8Array(halves.buffer);
}

/**
 * Writes a .safetensors file with tensors of these shapes, all random. What a provider makes of a graph does not depend on
 * what the weights are, as long as they are not all alike.
 */
export function writeWeights(path: string, shapes: ReadonlyMap<string, readonly number[]>, precision: Precision): void {
  const { head, dataBytes } = safetensorsHead(shapes, precision === 'float16' ? 'F16' : 'F32');
  mkdirSync(dirname(path), { recursive: true });
  const file = openSync(path, 'w');
  try {
    writeSync(file, head);
    const block = randomBlock(precision);
    for (let left = dataBytes; left > 0; left -= block.length) {
      writeSync(file, block.subarray(0, Math.min(left, block.length)));
    }
  } finally {
    closeSync(file);
  }
}
