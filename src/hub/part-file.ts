import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import type { Digest } from './digest.ts';

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

/** Written before the part's first byte, so that no part is ever of unknown origin. */
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
    // None, or cut off while being written: the part is of unknown origin and starts again.
    return undefined;
  }
}
