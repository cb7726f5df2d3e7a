import { rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { UserError } from '../errors.ts';
import { makeFolder, whyNotWritten } from '../util/write-folder.ts';

/** A file that is there whole or not at all. */
export interface OutputFile {
  /** Puts `bytes` in place of whatever was there. */
  write(bytes: Uint8Array): Promise<void>;
  /** Removes what was begun and not written. Does nothing after {@link OutputFile.write}. */
  discard(): Promise<void>;
}

/**
 * Makes the folder and a place beside `path`, so that a path that cannot be written is known before minutes of work.
 * @throws UserError `output-unwritable`
 */
export async function openOutputFile(path: string): Promise<OutputFile> {
  const begun = join(dirname(path), `.${basename(path)}.${process.pid}.part`);
  try {
    await makeFolder(dirname(path));
    if (await isFolder(path)) throw new Error('it is a folder');
    await writeFile(begun, '');
  } catch (error) {
    throw unwritable(path, error);
  }
  return {
    async write(bytes) {
      try {
        await writeFile(begun, bytes);
        await rename(begun, path);
      } catch (error) {
        throw unwritable(path, error);
      }
    },
    discard: () => rm(begun, { force: true }),
  };
}

/**
 * Makes a folder for files to come, and tries to write there, so that one that cannot be written is known before
 * minutes of work.
 * @throws UserError `output-unwritable`
 */
export async function openOutputFolder(path: string): Promise<void> {
  const probe = join(path, `.kinora.${process.pid}.part`);
  try {
    await makeFolder(path);
    await writeFile(probe, '');
    await rm(probe);
  } catch (error) {
    throw unwritable(path, error);
  }
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
}

function unwritable(path: string, cause: unknown): UserError {
  return new UserError('output-unwritable', `${path} cannot be written: ${whyNotWritten(cause)}.`, { cause });
}
