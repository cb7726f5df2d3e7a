import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EncodeError } from '../errors.ts';

/**
 * Lends a private folder to `use` and removes it with all that is in it, whatever happens.
 * `parent` is the system's folder for such things unless given.
 * @throws EncodeError `temp-folder`, scope `host`: it cannot be made
 */
export async function withTempFolder<T>(use: (folder: string) => Promise<T>, parent = tmpdir()): Promise<T> {
  const folder = await mkdtemp(join(parent, 'kinora-')).catch((cause: unknown) => {
    throw new EncodeError('temp-folder', `No temporary folder can be made in ${parent}.`, { cause, scope: 'host' });
  });
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}
