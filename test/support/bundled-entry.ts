import { fileURLToPath, pathToFileURL } from 'node:url';
import { inject } from 'vitest';
import { type RunnableEntry, runnableEntry as runnableSource } from '../../src/worker/runnable-entry.ts';

/** In tests in place of src/worker/runnable-entry.ts (see vitest.config.ts): what bundle-children.ts made, where it did. */
export function runnableEntry(file: URL): RunnableEntry {
  const bundle = inject('childBundles')[fileURLToPath(file)];
  return bundle === undefined ? runnableSource(file) : { file: pathToFileURL(bundle), execArgv: [] };
}
