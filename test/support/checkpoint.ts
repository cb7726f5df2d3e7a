import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { safetensorsBytes } from '../inference/safetensors/build-file.ts';

/** A tensor to be written. */
export interface CheckpointTensor {
  dtype: 'F32' | 'F16' | 'BF16' | 'F8_E4M3' | 'F8_E5M2' | 'I64';
  shape: readonly number[];
  /** Whatever typed array holds the bytes, in the dtype's own form. */
  values: Float32Array | Uint16Array | Uint8Array | BigInt64Array;
}

/** Writes a .safetensors file, making its folders. */
export function writeCheckpoint(path: string, tensors: Readonly<Record<string, CheckpointTensor>>): void {
  const header: Record<string, unknown> = {};
  const data: Uint8Array[] = [];
  let at = 0;
  for (const [name, { dtype, shape, values }] of Object.entries(tensors)) {
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    header[name] = { dtype, shape, data_offsets: [at, at + bytes.length] };
    at += bytes.length;
    data.push(bytes);
  }
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, safetensorsBytes(header, Buffer.concat(data)));
}

/** 0, 1, 2, … as float32. */
export function counting(count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => i);
}
