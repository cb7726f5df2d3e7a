import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { DownloadError } from '../errors.ts';

const digest = z.object({ kind: z.enum(['sha256', 'sha512', 'git-blob']), hex: z.string() });

const pullRecord = z.object({
  version: z.literal(1),
  /** Licences that were accepted, by repository. */
  licences: z.record(z.string(), z.object({ name: z.string(), link: z.string(), acceptedAt: z.string() })),
  /** Files that were verified when they came, by path in the model folder. */
  files: z.record(z.string(), z.object({ repo: z.string(), commit: z.string(), sizeBytes: z.number(), digest })),
});

/** What `kinora model pull` remembers in the model folder: accepted licences, and each verified file's origin and checksum. */
export type PullRecord = z.output<typeof pullRecord>;

const fileName = 'kinora-pull.json';

/**
 * The record of a model folder; an empty one where nothing was pulled yet.
 * @throws DownloadError `folder-conflict` the file there is not a record that this version can read
 */
export async function readPullRecord(folder: string): Promise<PullRecord> {
  const path = join(folder, fileName);
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw new DownloadError('folder-conflict', `${path} can't be read.`, { cause: error });
  });
  if (text === undefined) return { version: 1, licences: {}, files: {} };
  try {
    return pullRecord.parse(JSON.parse(text));
  } catch (cause) {
    const message = `${path} is not a record of this version of Kinora: remove it (files that are right are kept) and run again.`;
    throw new DownloadError('folder-conflict', message, { cause });
  }
}

/** Replaces the record in one step: a reader sees the old one or the new one. */
export async function writePullRecord(folder: string, record: PullRecord): Promise<void> {
  const path = join(folder, fileName);
  await writeFile(`${path}.new`, `${JSON.stringify(record, null, 2)}\n`);
  await rename(`${path}.new`, path);
}
