import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';

/** A file with what Node needs to run it. */
export interface RunnableEntry {
  file: URL;
  execArgv: string[];
}

/** How Node runs the file of a child process: TypeScript (in a checkout) through tsx, JavaScript (after the build) as it is. */
export function runnableEntry(file: URL): RunnableEntry {
  if (!file.pathname.endsWith('.ts')) return { file, execArgv: [] };
  const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
  return { file, execArgv: ['--import', loader] };
}

/** Starts a thread with a file, likewise. Node 20 heeds no `--import` of a thread: tsx has to be asked within. */
export function startThread(file: URL): Worker {
  if (!file.pathname.endsWith('.ts')) return new Worker(file);
  // The module beside the one that `require` gets, which cannot register from a thread.
  const api = pathToFileURL(createRequire(import.meta.url).resolve('tsx/esm/api')).href.replace(/\.cjs$/, '.mjs');
  const start = `import('${api}').then(({ register }) => (register(), import('${file.href}')))`;
  return new Worker(start, { eval: true, execArgv: [] });
}
