/** A file of which only the first and the last bytes are at hand. */
export interface FileEnds {
  head: Uint8Array;
  /** May be empty. */
  tail: Uint8Array;
  /** Bytes of the whole file; Infinity where it is not known. */
  size: number;
}

/** A file that is at hand whole. */
export function wholeFile(bytes: Uint8Array): FileEnds {
  return { head: bytes, tail: new Uint8Array(), size: bytes.byteLength };
}

/** `length` bytes from `start`, without a copy; undefined where they are not all at hand. */
export function bytesAt({ head, tail, size }: FileEnds, start: number, length: number): Buffer | undefined {
  const tailStart = size - tail.byteLength;
  const [part, from] = start + length <= head.byteLength ? [head, start] : [tail, start - tailStart];
  if (length < 0 || !(from >= 0 && from + length <= part.byteLength)) return undefined;
  return Buffer.from(part.buffer, part.byteOffset + from, length);
}
