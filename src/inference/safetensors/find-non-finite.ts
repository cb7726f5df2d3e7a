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
 * @param onTensor called for each tensor, in the order given, once all are read
 * @throws SafetensorsError the file has shrunk or cannot be read
 */
export async function findNonFinite(
  path: string,
  tensors: readonly TensorEntry[],
  { everything, onTensor }: { everything: boolean; onTensor: (entry: TensorEntry, count: FiniteCount) => void },
): Promise<void> {
  const counted = tensors.map((entry) => ({ entry, count: { values: 0, nonFinite: 0 } }));
  const pieces = counted.flatMap(({ entry, count }): Piece[] => {
    const countIn = nonFiniteTest(entry.dtype);
    if (countIn === undefined || entry.bytes !== undefined) return [];
    const found = (bytes: Uint8Array) => {
      count.values += bytes.byteLength / dtypeBytes[entry.dtype];
      count.nonFinite += countIn(bytes);
    };
    const ranges = everything ? chunks(entry) : samples(entry);
    return ranges.map(({ offset, bytes }) => ({ offset: entry.offset + offset, bytes, found }));
  });
  const { file, handle } = await openRegularFile(path);
  try {
    const buffer = new Uint8Array(chunkBytes);
    for (const read of readsOf(pieces)) {
      const { offset: start } = read[0]!;
      const last = read.at(-1)!;
      await readFully(handle, file, buffer.subarray(0, last.offset + last.bytes - start), start);
      for (const { offset, bytes, found } of read) found(buffer.subarray(offset - start, offset - start + bytes));
    }
  } finally {
    await handle.close();
  }
  for (const { entry, count } of counted) onTensor(entry, count);
}

interface Range {
  /** From the tensor's first byte. */
  offset: number;
  bytes: number;
}

/** Bytes of a tensor that are looked at. */
interface Piece {
  /** In the file. */
  offset: number;
  bytes: number;
  /** Is given them. */
  found: (bytes: Uint8Array) => void;
}

/** A model has thousands of small tensors, one behind the other: what lies together is read together. */
function readsOf(pieces: readonly Piece[]): Piece[][] {
  const reads: Piece[][] = [];
  let [start, end] = [0, 0];
  for (const piece of pieces.toSorted((a, b) => a.offset - b.offset)) {
    const { offset, bytes } = piece;
    const last = reads.at(-1);
    if (last !== undefined && offset - end < sampleBytes && offset + bytes - start <= chunkBytes) last.push(piece);
    else {
      reads.push([piece]);
      start = offset;
    }
    end = offset + bytes;
  }
  return reads;
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
    // A file need not align its values.
    const { buffer, byteOffset, byteLength } = bytes.byteOffset % size === 0 ? bytes : bytes.slice();
    const count = byteLength / size;
    const values =
      size === 1
        ? new Uint8Array(buffer, byteOffset, count)
        : size === 2
          ? new Uint16Array(buffer, byteOffset, count)
          : new Uint32Array(buffer, byteOffset, count);
    let nonFinite = 0;
    for (const value of values) if ((value & exponent) === exponent) nonFinite++;
    return nonFinite;
  };
}
