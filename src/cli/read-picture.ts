import { readFile, stat } from 'node:fs/promises';
import { UserError } from '../errors.ts';
import { checkFile, pictureLimits } from '../media/check-file.ts';

/**
 * A picture's bytes, looked at from outside only: it is decoded elsewhere.
 * @throws UserError `picture-unreadable`, or what `checkFile` throws; the message names the file
 */
export async function readPicture(path: string): Promise<Uint8Array> {
  const bytes = await readBytes(path);
  try {
    checkFile(bytes);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(error.code, `${path}: ${error.message}`, { cause: error, details: error.details });
  }
  return bytes;
}

async function readBytes(path: string): Promise<Uint8Array> {
  try {
    const entry = await stat(path);
    if (!entry.isFile()) throw new Error(`${path} is not a file`);
    // A film given by mistake need not be read to be refused.
    if (entry.size > pictureLimits.maxBytes) {
      throw new Error(`${path} is larger than ${pictureLimits.maxBytes / 1024 / 1024} MB`);
    }
    return await readFile(path);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new UserError('picture-unreadable', `The picture cannot be read: ${reason}.`, { cause });
  }
}
