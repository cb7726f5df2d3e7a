import { open, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AppError, DownloadError } from '../errors.ts';

/** What a download asks of the disk; tests put a full or forbidden one in its place. */
export interface Disk {
  open: typeof open;
  /** Bytes that an ordinary user may still write in `folder`'s file system. */
  freeBytes: (folder: string) => Promise<number>;
}

/** The real disk. */
export const realDisk: Disk = {
  open,
  freeBytes: async (folder) => {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  },
};

/** Names what the disk refused; an error that is Kinora's own already, or not the disk's, comes back as it is. */
export function diskError(error: unknown, path: string): unknown {
  if (error instanceof AppError || !(error instanceof Error) || !('code' in error)) return error;
  if (error.code === 'ENOSPC' || error.code === 'EDQUOT') {
    const message = `The disk is full: ${path} could not be written. What has come so far is kept: free some space and run the same command again to go on.`;
    return new DownloadError('disk-full', message, { cause: error });
  }
  if (error.code === 'EACCES' || error.code === 'EPERM' || error.code === 'EROFS') {
    return new DownloadError('not-writable', `${path} may not be written (${error.code}).`, { cause: error });
  }
  if (error.code === 'ENOTDIR' || error.code === 'EEXIST' || error.code === 'EISDIR') {
    const message = `${path} can't be written: a file stands where a folder has to be, or the other way round (${error.code}).`;
    return new DownloadError('not-writable', message, { cause: error });
  }
  return error;
}

/** Makes a rename or a new name last through a power cut, where the system lets a folder be synced. */
export async function syncFolderOf(path: string): Promise<void> {
  // Windows can't open a folder.
  if (process.platform === 'win32') return;
  const folder = await open(dirname(path), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
