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
