import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Finding } from '../../../src/cli/doctor/finding.ts';
import { runnableEntry } from '../../../src/worker/runnable-entry.ts';
import type { BenchContext, BenchTools } from '../context.ts';

/** Findings on the machine; others are on the bot's settings and services, or name folders. */
const wanted = /^(node|cards?|cuda|cpu|webgpu|memory)\b/;

/** `kinora doctor`, as far as it looks at the machine. */
export async function measureDoctor({ results, tools }: BenchContext): Promise<void> {
  await results.measure('doctor', 'findings', async () =>
    (await tools.doctor()).filter(({ check }) => wanted.test(check)),
  );
}

/** Runs `kinora doctor --json` for a provider. */
export function askDoctor(
  environment: Readonly<Record<string, string | undefined>>,
  { provider, signal }: { provider: string; signal: AbortSignal },
): BenchTools['doctor'] {
  const isSource = import.meta.url.endsWith('.ts');
  const main = new URL(isSource ? '../../../src/main.ts' : '../../../src/main.js', import.meta.url);
  const { file, execArgv } = runnableEntry(main);
  return () =>
    new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [...execArgv, fileURLToPath(file), 'doctor', '--json'], {
        // Where no .env lies.
        cwd: tmpdir(),
        env: { ...environment, PROVIDER: provider },
        stdio: ['ignore', 'pipe', 'inherit'],
        signal,
      });
      const output: string[] = [];
      child.stdout.setEncoding('utf8').on('data', (text: string) => output.push(text));
      child.once('error', reject);
      child.once('close', (code, name) => {
        try {
          resolve((JSON.parse(output.join('')) as { findings: Finding[] }).findings);
        } catch (cause) {
          reject(new Error(`The doctor ended with ${name ?? `exit code ${code}`} and no findings.`, { cause }));
        }
      });
    });
}
