import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** A script that hangs is ended after this long, in milliseconds. */
const patienceMs = 400_000;

/** Runs a Python script, or words given to the interpreter, and gives what it wrote to its standard output. */
export type RunPython = (words: readonly string[]) => Promise<string>;

/** The script that runs diffusers' networks. */
export const diffusersScript = fileURLToPath(new URL('../../reference/time_networks.py', import.meta.url));

/** Runs the interpreter that BENCH_PYTHON names, or else python3. */
export function runPython(environment: Readonly<Record<string, string | undefined>>, signal: AbortSignal): RunPython {
  const python = environment.BENCH_PYTHON ?? 'python3';
  return (words) =>
    new Promise((resolve, reject) => {
      const child = spawn(python, words, { stdio: ['ignore', 'pipe', 'pipe'], timeout: patienceMs, signal });
      const output: string[] = [];
      let errors = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => output.push(text));
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        errors = (errors + text).slice(-1500);
      });
      child.once('error', reject);
      child.once('close', (code, name) => {
        if (code === 0) resolve(output.join(''));
        else reject(new Error(`${python} ended with ${name ?? `exit code ${code}`}: ${errors.trim()}`));
      });
    });
}
