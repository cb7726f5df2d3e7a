import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { elementCount } from '../../src/inference/graph/value.ts';
import type { RandomTensors } from '../../src/inference/random/random-weights.ts';

/** Writes a checkpoint in half precision, tensor by tensor. */
export function writeTensors(
  path: string,
  expected: ReadonlyMap<string, readonly number[]>,
  tensorOf: RandomTensors,
): void {
  const header: Record<string, unknown> = {};
  let at = 0;
  for (const [name, shape] of expected) {
    const end = at + elementCount(shape) * 2;
    header[name] = { dtype: 'F16', shape, data_offsets: [at, end] };
    at = end;
  }
  const text = JSON.stringify(header);
  // PyTorch reads tensors only where they begin at a multiple of their type's size.
  const json = Buffer.from(text.padEnd(Math.ceil(text.length / 8) * 8));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  mkdirSync(dirname(path), { recursive: true });
  const file = openSync(path, 'w');
  try {
    writeSync(file, length);
    writeSync(file, json);
    for (const [name, shape] of expected) {
      const bytes = new Uint8Array(tensorOf(name, shape).buffer);
      for (let from = 0; from < bytes.length; ) from += writeSync(file, bytes, from);
    }
  } finally {
    closeSync(file);
  }
}
