/** Largest header that is read, in bytes; the reference implementation draws the same line. */
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
