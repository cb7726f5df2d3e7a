import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Kinora's own folder: that of package.json, in a checkout as after the build. */
const packageFolder = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Where `kinora setup cuda` puts the CUDA provider and CUDA's libraries: CUDA_DIR, else `cuda` in Kinora's own folder,
 * where an `npm ci` leaves them.
 */
export function cudaFolder(environment: Readonly<Record<string, string | undefined>>): string {
  const named = environment.CUDA_DIR?.replace(/^~(?=\/|$)/, homedir());
  return named ? resolve(named) : resolve(packageFolder, 'cuda');
}

/** LD_LIBRARY_PATH of a process that is to find those libraries; as it is where there are none. */
export function cudaLibraryPath(environment: Readonly<Record<string, string | undefined>>): string | undefined {
  const folder = cudaFolder(environment);
  if (process.platform !== 'linux' || !existsSync(folder)) return environment.LD_LIBRARY_PATH;
  return environment.LD_LIBRARY_PATH ? `${folder}:${environment.LD_LIBRARY_PATH}` : folder;
}
