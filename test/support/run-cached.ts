import { isAscii } from 'node:buffer';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { Script } from 'node:vm';

/** Which bytecode a process uses, and when it is kept for the next. */
export interface CacheOptions {
  /** The path of the bytecode; else, and until there is some, it is that beside the file. */
  cache?: string;
  /** Whether it is kept soon after the start, for a process that may be killed, rather than at the end. */
  early?: boolean;
}

/**
 * Runs a CommonJS file as Node does, but with V8's bytecode of the process before it: half of what loading the file costs
 * is making it.
 * @param file its path
 * @returns what it exports
 */
export function runCached(file: string, options: CacheOptions = {}): unknown {
  const { cache = cacheBeside(file), early = false } = options;
  const script = compile(file, read(cache) ?? read(cacheBeside(file)));
  if (!existsSync(cache) || script.cachedDataRejected === true) {
    const keepOnce = () => existsSync(cache) || keep(script, cache);
    // At the end, when what is called only now and then has been compiled too; or when it surely does its work.
    process.on('exit', keepOnce);
    if (early) setTimeout(keepOnce, 1_500).unref();
  }
  const module = { exports: {} };
  script.runInThisContext()(module.exports, createRequire(file), module, file, dirname(file));
  return module.exports;
}

/** Keeps beside a file what V8 knows of it before it has run: where its functions are, which in a large file takes a while. */
export function keepOutline(file: string): void {
  keep(compile(file), cacheBeside(file));
}

const cacheBeside = (file: string) => `${file}.cache`;

const read = (path: string) => (existsSync(path) ? readFileSync(path) : undefined);

function compile(file: string, cachedData?: Buffer): Script {
  const bytes = readFileSync(file);
  // Decoding UTF-8 takes several times as long, and there is nothing to decode.
  const text = bytes.toString(isAscii(bytes) ? 'latin1' : 'utf8');
  const source = `(function (exports, require, module, __filename, __dirname) {${text}\n})`;
  return new Script(source, { filename: file, ...(cachedData && { cachedData }) });
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
