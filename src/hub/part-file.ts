import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { z } from 'zod';

/** The checksum a file must have. `git-blob`: SHA-1 over `blob <size>\0` and the bytes, as git names small files. */
export interface Digest {
  kind: 'sha256' | 'sha512' | 'git-blob';
  /** Lower case. */
  hex: string;
}

/** A running checksum. */
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

/** What a `.part` file is a part of, kept beside it as `.part.json`. */
export interface PartRecord {
  sizeBytes: number;
  digest: Digest;
  /** The strong ETag of the server that sends the bytes, as it gave it (with quotes), for `If-Range`. */
  etag?: string | undefined;
}

const partRecord = z.object({
  sizeBytes: z.number(),
  digest: z.object({ kind: z.enum(['sha256', 'sha512', 'git-blob']), hex: z.string() }),
  etag: z.string().optional(),
});

/** Where an unfinished file's bytes lie. */
export function partPath(path: string): string {
  return `${path}.part`;
}

function recordPath(path: string): string {
  return `${path}.part.json`;
}

/**
 * The part that an earlier run left of exactly this file: how many bytes, and the sender's ETag.
 * A part of another version counts as 0 bytes.
 */
export async function findPart(path: string, wanted: PartRecord): Promise<{ bytes: number; etag: string | undefined }> {
  const nothing = { bytes: 0, etag: undefined };
  const found = await readRecord(path);
  if (found?.sizeBytes !== wanted.sizeBytes || found.digest.hex !== wanted.digest.hex) return nothing;
  const bytes = await sizeOf(partPath(path));
  return bytes === undefined || bytes > wanted.sizeBytes ? nothing : { bytes, etag: found.etag };
}

/** Saves what the part is of; called before its first byte is written, so that every part has a record. */
export async function writePartRecord(path: string, record: PartRecord): Promise<void> {
  await writeFile(`${recordPath(path)}.new`, JSON.stringify(record));
  await rename(`${recordPath(path)}.new`, recordPath(path));
}

/** Forgets an unfinished file. */
export async function removePart(path: string): Promise<void> {
  await rm(partPath(path), { force: true });
  await rm(recordPath(path), { force: true });
}

/** Gives a whole and verified part its final name. */
export async function promotePart(path: string): Promise<void> {
  await rename(partPath(path), path);
  await rm(recordPath(path), { force: true });
}

/** A regular file's size in bytes; undefined where there is none. */
export async function sizeOf(path: string): Promise<number | undefined> {
  const found = await stat(path).catch(() => undefined);
  return found?.isFile() ? found.size : undefined;
}

async function readRecord(path: string): Promise<PartRecord | undefined> {
  try {
    return partRecord.parse(JSON.parse(await readFile(recordPath(path), 'utf8')));
  } catch {
    // Missing or damaged (a crash while it was written): nothing says what the part is of, so the download starts anew.
    return undefined;
  }
}
