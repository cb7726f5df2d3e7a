import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';

/** The checksum a file must have. `git-blob`: SHA-1 over `blob <size>\0` and the bytes, as git names small files. */
export interface Digest {
  kind: 'sha256' | 'sha512' | 'git-blob';
  /** Lower case. */
  hex: string;
}

/** A checksum in the making. */
export interface Digester {
  update(bytes: Uint8Array): void;
  hex(): string;
}

/** Starts a checksum; `sizeBytes` is the whole file's, which git counts in. */
export function createDigester(kind: Digest['kind'], sizeBytes: number): Digester {
  const hash = createHash(kind === 'git-blob' ? 'sha1' : kind);
  if (kind === 'git-blob') hash.update(`blob ${sizeBytes}\0`);
  return { update: (bytes) => void hash.update(bytes), hex: () => hash.digest('hex') };
}

/** Feeds a file's first `bytes` bytes to `digester`. */
export async function digestFile(path: string, bytes: number, digester: Digester, signal: AbortSignal): Promise<void> {
  if (bytes === 0) return;
  for await (const chunk of createReadStream(path, { end: bytes - 1, highWaterMark: 2 ** 20, signal })) {
    digester.update(chunk as Uint8Array);
  }
}
