import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

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
