import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Worker } from 'node:worker_threads';
import { inject } from 'vitest';
import {
  type RunnableEntry,
  runnableEntry as runnableSource,
  startThread as startSource,
} from '../../src/worker/runnable-entry.ts';

/**
 * V8 makes quick code of what has run seven times as long as usual: a test's child lives for a second or two, of which it
 * would spend a sixth on code that it hardly comes to use.
 */
const execArgv = ['--interrupt-budget=1000000'];

/** In tests in place of src/worker/runnable-entry.ts (see vitest.config.ts): what bundle-children.ts made, where it did. */
export function runnableEntry(file: URL): RunnableEntry {
  const bundle = inject('childBundles')[fileURLToPath(file)];
  return bundle === undefined ? runnableSource(file) : { file: pathToFileURL(bundle), execArgv };
}

/** Likewise of a thread. */
export function startThread(file: URL): Worker {
  const bundle = inject('childBundles')[fileURLToPath(file)];
  return startSource(bundle === undefined ? file : pathToFileURL(bundle));
}
