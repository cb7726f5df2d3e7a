import { open, rm } from 'node:fs/promises';

/** How many bytes of a file are overwritten in one go. */
const erasedAtOnce = 1024 * 1024;

/** Overwrites a file with zeros and deletes it; false where that failed. One that is not there is erased. */
export async function eraseFile(path: string): Promise<boolean> {
  try {
    const handle = await open(path, 'r+');
    try {
      const { size } = await handle.stat();
      const zeros = Buffer.alloc(Math.min(size, erasedAtOnce));
      for (let at = 0; at < size; at += zeros.byteLength) {
        await handle.write(zeros, 0, Math.min(zeros.byteLength, size - at), at);
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rm(path);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ENOENT';
  }
}
