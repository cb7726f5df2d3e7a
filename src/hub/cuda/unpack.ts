import { pipeline } from 'node:stream/promises';
import { type Entry, openPromise, type ZipFile } from 'yauzl';
import { AppError, DownloadError } from '../../errors.ts';
import type { Disk } from '../disk.ts';

export interface UnpackOptions {
  disk: Disk;
  signal: AbortSignal;
}

/** No provider library is near this size; a zip may claim anything. */
const maxEntryBytes = 4 * 2 ** 30;

/**
 * Writes the named entries of a zip archive, and no others, to the given paths; each is safely on disk afterwards.
 * @throws DownloadError `bad-archive` an entry is missing, encrypted or too large, or the archive is damaged
 */
export async function unpack(
  archive: string,
  targets: ReadonlyMap<string, string>,
  { disk, signal }: UnpackOptions,
): Promise<void> {
  let zip: ZipFile | undefined;
  try {
    zip = await openPromise(archive, { lazyEntries: true, autoClose: false });
    const found = new Map<string, Entry>();
    for await (const entry of zip.eachEntry()) {
      signal.throwIfAborted();
      if (targets.has(entry.fileName)) found.set(entry.fileName, entry);
    }
    for (const [name, target] of targets) {
      const entry = found.get(name);
      if (entry === undefined) throw badArchive(archive, `it lacks ${name}`);
      if (entry.isEncrypted() || entry.uncompressedSize > maxEntryBytes) throw badArchive(archive, `${name} is odd`);
      const file = await disk.open(target, 'w');
      // The stream closes the file, and flushes it to the disk first.
      await pipeline(await zip.openReadStreamPromise(entry), file.createWriteStream({ flush: true }), { signal });
    }
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof AppError || isOfTheDisk(error)) throw error;
    throw badArchive(archive, 'it is damaged', error);
  } finally {
    zip?.close();
  }
}

/** The system's codes begin with E (ENOSPC), zlib's with Z. */
function isOfTheDisk(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('E');
}

function badArchive(archive: string, what: string, cause?: unknown): DownloadError {
  return new DownloadError('bad-archive', `${archive} can't be unpacked: ${what}.`, { cause });
}
