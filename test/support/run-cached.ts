import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { Script } from 'node:vm';

/**
 * Runs a CommonJS file as Node does, but with V8's bytecode of the process before it, where that ended by itself: half of
 * what loading the file costs is making it.
 * @param file its path; the bytecode lies beside it
 */
export function runCached(file: string): void {
  const cache = `${file}.cache`;
  const cachedData = existsSync(cache) ? readFileSync(cache) : undefined;
  const source = `(function (require, module, __filename, __dirname) {${readFileSync(file, 'utf8')}\n})`;
  const script = new Script(source, { filename: file, ...(cachedData && { cachedData }) });
  const isMissing = cachedData === undefined || script.cachedDataRejected === true;
  // At the end, when what is called only now and then has been compiled too.
  if (isMissing) process.on('exit', () => keep(script, cache));
  script.runInThisContext()(createRequire(file), { exports: {} }, file, dirname(file));
}

/** Under its name only when it is whole: others may read it at the same time. */
function keep(script: Script, cache: string): void {
  const part = `${cache}-${process.pid}`;
  try {
    writeFileSync(part, script.createCachedData());
    renameSync(part, cache);
  } catch {
    // The tests are over, and the folder is gone.
  }
}
