/**
 * `npx tsx bench/preview.ts [--threads 2] [--picture NAME]…`: how near previews come to the frames of the demo model's clips, what they
 * weigh, and what they cost. Writes its part of bench/RESULTS.md.
 */
import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { openImageToVideo } from '../src/inference/pipeline/image-to-video.ts';
import { pilResize } from '../src/inference/pipeline/pil-resize.ts';
import { framesOfGuess, type LatentGuess, openPreviews } from '../src/inference/pipeline/preview.ts';
import { torchGenerator } from '../src/inference/random/torch-generator.ts';
import type { RgbFrames } from '../src/util/rgb.ts';
import { previewFiles } from '../src/worker/preview-clip.ts';
import { writePart } from './report/keep-parts.ts';
import { machine } from './report/machine.ts';
import { markdownTable, median } from './report/tables.ts';

const { values } = parseArgs({
  options: { threads: { type: 'string', default: '2' }, picture: { type: 'string', multiple: true } },
});
const isMeasured = (name: string) => values.picture?.includes(name) ?? true;
const previewWidth = 160;
// A preview that is under way does not keep a process alive.
const alive = setInterval(() => {}, 60_000);
/** The delays of a clip's previews, as a part of its time; one for each clip. */
const shares: number[] = [];
const how = {
  orientation: { swap: false, mirror: false },
  fps: 7,
  safety: undefined,
  signal: undefined,
  log: console.error,
};

const markdown = `## Previews

What a clip's message shows while it is made: after a quarter, half and three quarters of the demo model's steps, all frames
of the model's guess, 160 pixels wide, against the decoded frames at that size. \`bound\`: the frames themselves, at the size
of the latents and back, which is what one colour for each place of the latents can reach.

${await qualities()}

What a preview costs. \`delay\`: milliseconds between the UNet's answer and the next step, median and most of nine: the guess, and
sending it to the thread that colours, enlarges and encodes it. \`thread\`: until the file is there, while the next step runs. \`1 %\`:
a clip that takes so many seconds is delayed by 1 % by its three previews. Random latents of that size, so files are larger than those of
pictures. Of the demo model's clips above, sending took ${(Math.max(0, ...shares) * 100).toFixed(2)} % at most.

${await costs()}

Written by \`npx tsx bench/preview.ts ${process.argv.slice(2).join(' ')}\`. ${machine()}.`;
writePart('previews', markdown);
process.stdout.write(`${markdown}\n`);
clearInterval(alive);

/** PSNR of the demo model's guesses, for each sample picture. */
async function qualities(): Promise<string> {
  const pipeline = await openImageToVideo({
    modelDir: 'models/demo',
    provider: 'cpu',
    threads: Number(values.threads),
    memoryMode: 'resident',
  });
  const rows: string[][] = [];
  const files = readdirSync('assets').filter((file) => /\.(jpg|png)$/.test(file));
  for (const name of files.filter((file) => isMeasured(file.replace(/\..*/, '')))) {
    const { data, info } = await sharp(await readFile(join('assets', name)))
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    const picture = { width: info.width, height: info.height, data: new Uint8Array(data) };
    const guesses: RgbFrames[] = [];
    let delayMs = 0;
    const files = previewFiles({ everySeconds: 0, hand: () => {} }, { ...how, ratio: 16 / 9 });
    const hand = async (guess: LatentGuess) => {
      const startMs = performance.now();
      await files.hand(guess);
      delayMs += performance.now() - startMs;
      guesses.push(framesOfGuess(guess));
    };
    const startMs = performance.now();
    const settings = { ...pipeline.info.defaults, seed: 0 };
    const run = pipeline.generate(picture, settings, { previews: { everySeconds: 0, hand } });
    let next = await run.next();
    while (!next.done) next = await run.next();
    const clip = next.value;
    shares.push(delayMs / (performance.now() - startMs));
    const size = { width: previewWidth, height: Math.round((previewWidth * clip.height) / clip.width) };
    const [latents] = guesses;
    const bound = psnr(resized(resized(clip, latents!, 'lanczos'), size, 'bicubic'), resized(clip, size, 'lanczos'));
    const each = guesses.map((guess) => psnr(resized(guess, size, 'bicubic'), resized(clip, size, 'lanczos')));
    rows.push([name.replace(/\..*/, ''), ...each.map((value) => value.toFixed(1)), bound.toFixed(1)]);
  }
  await pipeline.release();
  return markdownTable(['picture', 'a quarter, dB', 'half, dB', 'three quarters, dB', 'bound, dB'], rows);
}

function resized(
  { width, height, frames }: RgbFrames,
  to: { width: number; height: number },
  filter: 'lanczos' | 'bicubic',
): RgbFrames {
  const size = { width: to.width, height: to.height };
  return { ...size, frames: frames.map((data) => pilResize({ width, height, data }, { ...size, filter }).data) };
}

function psnr(a: RgbFrames, b: RgbFrames): number {
  let sum = 0;
  for (const [at, data] of a.frames.entries()) {
    for (const [index, value] of data.entries()) sum += (value - b.frames[at]![index]!) ** 2;
  }
  return 10 * Math.log10((255 ** 2 * a.frames.length * a.frames[0]!.length) / sum);
}

/** Times and bytes by size. */
async function costs(): Promise<string> {
  const rows: string[][] = [];
  for (const [name, frames, channels, width, height] of [
    ['the demo’s, 14×256×144', 14, 10, 64, 36],
    ['SVD XT’s, 25×1024×576', 25, 4, 128, 72],
    ['upright, 25×576×1024', 25, 4, 72, 128],
  ] as const) {
    const generator = torchGenerator(1);
    const latents = generator.randn(channels * width * height);
    const sample = generator.randn(frames * channels * width * height);
    const data = Uint8Array.from(generator.randn(width * height * 3), (value) => 128 + 40 * value);
    const delays: number[] = [];
    const beside: number[] = [];
    let bytes = 0;
    for (let round = 0; round < 9; round++) {
      let done: (file: Uint8Array) => void = () => {};
      const file = new Promise<Uint8Array>((resolve) => {
        done = resolve;
      });
      const show = openPreviews(previewFiles({ everySeconds: 0, hand: done }, { ...how, ratio: width / height }), {
        pictures: [{ picture: { width, height, data }, latents }],
        steps: 4,
        scalingFactor: 0.18215,
        frames,
        now: () => performance.now(),
      });
      const startMs = performance.now();
      // As long as the scheduler takes for its guess.
      await show(1, () => sample.map((value) => Math.fround(Math.fround(value * 0.3) + Math.fround(value / 2))));
      const shownMs = performance.now();
      bytes = (await file).byteLength;
      delays.push(shownMs - startMs);
      beside.push(performance.now() - shownMs);
    }
    const delay = `${median(delays).toFixed(1)}, ${Math.max(...delays).toFixed(1)}`;
    const clipSeconds = (median(delays) * 3 * 100) / 1000;
    rows.push([name, delay, median(beside).toFixed(0), clipSeconds.toFixed(1), (bytes / 1000).toFixed(0)]);
  }
  return markdownTable(['clip', 'delay, ms', 'thread, ms', '1 %, s', 'kB'], rows);
}
