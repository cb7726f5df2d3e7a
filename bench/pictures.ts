/**
 * `npx tsx bench/pictures.ts [--rounds 5] [--megapixels 24,100]`: what it takes to read a large picture and to make the
 * model's inputs of it. Pillow resizes the same picture in the same run, in turns (BENCH_PYTHON names a Python that has
 * it); each reading is done in a process of its own, whose peak is told. Prints tables.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { machine } from './report/machine.ts';

const run = promisify(execFile);
const beside = (name: string) => fileURLToPath(new URL(`./pictures/${name}`, import.meta.url));

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, megapixels: { type: 'string', default: '24,100' } },
});

/** Runs a TypeScript file of this folder; the last line of what it prints is JSON. */
async function side(name: string, words: readonly string[]): Promise<Record<string, number>> {
  const { stdout } = await run(process.execPath, ['--import', 'tsx', beside(name), ...words], { maxBuffer: 2 ** 24 });
  return JSON.parse(stdout.trim().split('\n').at(-1)!);
}

async function pillowSeconds(): Promise<number> {
  const python = process.env.BENCH_PYTHON ?? 'python3';
  const { stdout } = await run(python, [beside('pillow_side.py')]);
  return Number(stdout);
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)]!;
}

const ours: Record<string, number>[] = [];
const pillow: number[] = [];
for (let round = 0; round < Number(values.rounds); round += 1) {
  ours.push(await side('inputs-side.ts', []));
  pillow.push(await pillowSeconds());
}
const [resize, clip] = ['resizeSeconds', 'clipSeconds'].map((name) => median(ours.map((figures) => figures[name]!)));
const clipMb = median(ours.map((figures) => figures.clipMb!));
process.stdout.write(`${machine()}\n
| 6000×4000, median of ${values.rounds} | seconds | beside Pillow |
| --- | --- | --- |
| Lanczos to 1024×576 | ${resize!.toFixed(2)} | ${(resize! / median(pillow)).toFixed(1)} times its ${median(pillow).toFixed(2)} s |
| CLIP's 224×224 | ${clip!.toFixed(2)}, ${clipMb.toFixed(0)} MB beside the picture | – |\n
| picture | seconds | peak of the process, MB | bytes a pixel |
| --- | --- | --- | --- |\n`);
for (const megapixels of values.megapixels.split(',')) {
  for (const kind of [
    'jpeg',
    'progressive jpeg',
    'png',
    'interlaced png',
    'transparent png',
    '16-bit png',
    'webp',
    'avif',
  ]) {
    // AVIF and WebP of 100 Mpx take minutes to write, and are limited to 16,383 pixels a side in WebP.
    if (Number(megapixels) > 30 && /avif/.test(kind)) continue;
    const { seconds, peakMb, bytesPerPixel } = await side('decode-side.ts', [kind, megapixels]);
    process.stdout.write(
      `| ${kind}, ${megapixels} Mpx | ${seconds!.toFixed(1)} | ${peakMb!.toFixed(0)} | ${bytesPerPixel!.toFixed(1)} |\n`,
    );
  }
}
