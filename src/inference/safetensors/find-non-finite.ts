import type { FileHandle } from 'node:fs/promises';
import { dtypeBytes } from './format.ts';
import { openRegularFile, readFully, type TensorEntry } from './read-safetensors.ts';

/** How many values of a tensor are looked at, and how many of those are NaN or infinite. */
export interface FiniteCount {
  values: number;
  nonFinite: number;
}

const chunkBytes = 2 ** 20;
/** A sample is this many bytes at a time, spread evenly over the tensor. */
const sampleBytes = 4096;
const sampleCount = 4;

/**
 * Counts NaN and infinite values in tensors of one file. Integer tensors have none, nor those that no file has.
 * @param everything reads every value; otherwise a few thousand of each tensor, from its start to its end
 * @param onTensor called for each tensor, in the order given
 * @throws SafetensorsError the file has shrunk or cannot be read
 */
export async function findNonFinite(
  path: string,
  tensors: readonly TensorEntry[],
  { everything, onTensor }: { everything: boolean; onTensor: (entry: TensorEntry, count: FiniteCount) => void },
): Promise<void> {
  const { file, handle } = await openRegularFile(path);
  try {
    for (const entry of tensors) onTensor(entry, await count(handle, file, entry, everything));
  } finally {
    await handle.close();
  }
}

async function count(handle: FileHandle, path: string, entry: TensorEntry, everything: boolean): Promise<FiniteCount> {
  const total: FiniteCount = { values: 0, nonFinite: 0 };
  const isNonFinite = nonFiniteTest(entry.dtype);
  if (isNonFinite === undefined) return total;
  if (entry.bytes !== undefined) return total;
  for (const { offset, bytes } of everything ? chunks(entry) : samples(entry)) {
    const buffer = new Uint8Array(bytes);
    await readFully(handle, path, buffer, entry.offset + offset);
    total.values += bytes / dtypeBytes[entry.dtype];
    total.nonFinite += isNonFinite(buffer);
  }
  return total;
}

interface Range {
  /** From the tensor's first byte. */
  offset: number;
  bytes: number;
}

function chunks({ sizeBytes }: TensorEntry): Range[] {
  return Array.from({ length: Math.ceil(sizeBytes / chunkBytes) }, (_, index) => {
    const offset = index * chunkBytes;
    return { offset, bytes: Math.min(chunkBytes, sizeBytes - offset) };
  });
}

function samples({ sizeBytes, dtype }: TensorEntry): Range[] {
  if (sizeBytes <= sampleBytes * sampleCount) return sizeBytes === 0 ? [] : [{ offset: 0, bytes: sizeBytes }];
  const step = (sizeBytes - sampleBytes) / (sampleCount - 1);
  return Array.from({ length: sampleCount }, (_, index) => {
    const offset = Math.floor((index * step) / dtypeBytes[dtype]) * dtypeBytes[dtype];
    return { offset, bytes: sampleBytes };
  });
}

/**
 * A float is NaN or infinite where every exponent bit is set; E4M3 has no infinity, and its one NaN has every bit set but
 * the sign. Counts them in a run of bytes; undefined for integers.
 */
function nonFiniteTest(dtype: TensorEntry['dtype']): ((bytes: Uint8Array) => number) | undefined {
  const exponents: Partial<Record<TensorEntry['dtype'], number>> = {
    F16: 0x7c00,
    BF16: 0x7f80,
    F32: 0x7f80_0000,
    F8_E4M3: 0x7f,
    F8_E5M2: 0x7c,
  };
  const exponent = exponents[dtype];
  if (exponent === undefined) return undefined;
  const size = dtypeBytes[dtype];
  return (bytes) => {
    const values = size === 1 ? bytes : size === 2 ? new Uint16Array(bytes.buffer) : new Uint32Array(bytes.buffer);
    let nonFinite = 0;
    for (const value of values) if ((value & exponent) === exponent) nonFinite++;
    return nonFinite;
  };
}
