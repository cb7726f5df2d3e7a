import { spawn } from 'node:child_process';

/** The interpreter with bench/requirements.txt installed. */
const python = process.env.BENCH_PYTHON ?? 'python3';

/** Runs a Python script; what it prints is returned, and its errors are shown. */
export function runPython(words: readonly string[]): Promise<string> {
  return run(python, words);
}

/** Runs a script of Kinora's own in a process of its own. */
export function runTsx(words: readonly string[]): Promise<string> {
  return run(process.execPath, ['--import', 'tsx', ...words]);
}

function run(command: string, words: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, words, { stdio: ['ignore', 'pipe', 'inherit'] });
    const parts: Buffer[] = [];
    child.stdout.on('data', (part: Buffer) => parts.push(part));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(Buffer.concat(parts).toString());
      else reject(new Error(`${command} ${words.join(' ')} ended with code ${code}.`));
    });
  });
}
