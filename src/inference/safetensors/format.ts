// What the safetensors format knows, and how much of it is read: the limits of a hostile file.

/** Bytes per value of every dtype the safetensors format knows that fills whole bytes. */
export const dtypeBytes = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
  U16: 2,
  I16: 2,
  F16: 2,
  BF16: 2,
  U32: 4,
  I32: 4,
  F32: 4,
  U64: 8,
  I64: 8,
  F64: 8,
} as const;

/** A dtype's name as it stands in the file's header. */
export type Dtype = keyof typeof dtypeBytes;

/** Whether a header's word names a dtype (`Object.hasOwn`, so that `toString` is none). */
export function isDtype(word: string): word is Dtype {
  return Object.hasOwn(dtypeBytes, word);
}

/** Largest header that is read, in bytes; the reference implementation has the same limit. */
export const maxHeaderBytes = 100_000_000;

/** Most tensors in one file; SVD's UNet has 1,428. */
export const maxTensorCount = 65_536;

/** Most dimensions of one tensor; SVD needs five. */
export const maxRank = 8;

/** Longest tensor name, metadata key or shard name, in UTF-16 units. */
export const maxNameLength = 512;

/** Largest shard index that is read, in bytes. */
export const maxIndexBytes = 16_000_000;

/** Most files one shard index may name. */
export const maxShardCount = 1_000;
