import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { childEnvironment } from '../../src/worker/fork-child.ts';
import type { SideTask, SideTimes } from './tasks.ts';
import { type PeakMemory, watchMemory } from './watch-memory.ts';

/** The interpreter with bench/requirements.txt installed. */
const python = process.env.BENCH_PYTHON ?? 'python3';

const here = fileURLToPath(new URL('.', import.meta.url));

/** Who runs a task. Each task has a process of its own, so that nothing of one side is in memory while another runs. */
export type SideName = 'diffusers' | 'kinora' | 'openvino';

/** How a task went. */
export interface SideResult extends SideTimes, PeakMemory {}

/** Runs a task on a side; what goes wrong there is shown on stderr. */
export async function runSide(side: SideName, task: SideTask & { cache?: string; onnx?: string }): Promise<SideResult> {
  const words = [JSON.stringify(task)];
  const { stdout, peak } =
    side === 'kinora'
      ? await run(process.execPath, [await compiledSide(), ...words], childEnvironment(process.env))
      : await run(python, [join(here, `${side}_side.py`), ...words]);
  return { ...(JSON.parse(stdout === '' ? '{"readySeconds":0,"seconds":[]}' : stdout) as SideTimes), ...peak };
}

let compiled: Promise<string> | undefined;

/** Kinora's side as JavaScript, as `npm run build` makes it, so that reading TypeScript does not count. */
function compiledSide(): Promise<string> {
  const outfile = join(here, '../../out/bench-side.mjs');
  compiled ??= build({
    entryPoints: [join(here, 'kinora.ts')],
    outfile,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    logLevel: 'warning',
  }).then(() => outfile);
  return compiled;
}

/** Why the interpreter cannot import a module; undefined where it can. */
export function missingModule(name: string): string | undefined {
  const { status, error, stderr } = spawnSync(python, ['-c', `import ${name}`], { encoding: 'utf8' });
  if (status === 0) return undefined;
  return error?.message ?? stderr.trim().split('\n').at(-1);
}

/** Runs a Python script. */
export async function runPython(words: readonly string[]): Promise<void> {
  await run(python, words);
}

function run(
  command: string,
  words: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<{ stdout: string; peak: PeakMemory }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, words, { stdio: ['ignore', 'pipe', 'inherit'], env });
    const memory = watchMemory(child.pid);
    const parts: Buffer[] = [];
    child.stdout.on('data', (part: Buffer) => parts.push(part));
    child.on('error', reject);
    child.on('close', (code) => {
      const peak = memory.stop();
      if (code === 0) resolve({ stdout: Buffer.concat(parts).toString(), peak });
      else reject(new Error(`${command} ${words.join(' ')} ended with code ${code}.`));
    });
  });
}
