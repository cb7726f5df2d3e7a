/**
 * `npm run bench:gpu -- [--sections step,clip,…] [--again] [--provider cpu]`: measures Kinora on an NVIDIA card and writes
 * bench/GPU.md; `--pack DIR` writes what a machine without a network needs for it. See docs/gpu.md.
 */
import { describe } from './gpu/describe.ts';
import { mainOfBench } from './gpu/main.ts';

const interrupted = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => interrupted.abort(new Error(`Interrupted by ${name}; what was measured is kept.`)));
}
try {
  process.exitCode = await mainOfBench(process.argv.slice(2), process.env, { signal: interrupted.signal });
} catch (error) {
  process.stderr.write(`${describe(error)}\n`);
  process.exitCode = interrupted.signal.aborted ? 130 : 1;
}
