/**
 * `npx tsx bench/step-cache.ts [--model models/demo] [--pictures 10] [--steps 8] [--every 2,3] [--threads 2]`: what
 * `--step-cache` gains in the denoising loop, and how far its clips are from those of the full run. Prints a table.
 */
import { parseArgs } from 'node:util';
import { openImageToVideo } from '../src/inference/pipeline/image-to-video.ts';
import type { ImageToVideoResult } from '../src/inference/pipeline/types.ts';
import type { RgbPicture } from '../src/util/rgb.ts';
import { type Likeness, likeness, mean } from './step-cache/likeness.ts';
import { benchPictures } from './step-cache/pictures.ts';

const { values } = parseArgs({
  options: {
    model: { type: 'string', default: 'models/demo' },
    pictures: { type: 'string', default: '10' },
    steps: { type: 'string', default: '8' },
    every: { type: 'string', default: '2,3' },
    threads: { type: 'string', default: '2' },
  },
});
const numInferenceSteps = Number(values.steps);
const everies = values.every.split(',').map(Number);

const pipeline = await openImageToVideo({
  modelDir: values.model,
  provider: 'cpu',
  threads: Number(values.threads),
  memoryMode: 'resident',
});
const { defaults } = pipeline.info;
const pictures = await benchPictures(defaults, Number(values.pictures));

async function render(picture: RgbPicture, seed: number, stepCache: number): Promise<ImageToVideoResult> {
  const run = pipeline.generate(picture, { ...defaults, numInferenceSteps, seed, stepCache });
  for (;;) {
    const next = await run.next();
    if (next.done) return next.value;
  }
}

interface Measured extends Likeness {
  /** How often the full run's denoising takes as long. */
  faster: number;
}

const [first] = pictures;
// Loads every form of the UNet, which then stays: the denoising loop is timed without loading.
if (first !== undefined) for (const every of [1, ...everies]) await render(first.picture, 0, every);
const measured = new Map<number, Measured[]>(everies.map((every) => [every, []]));
for (const [seed, { name, picture }] of pictures.entries()) {
  const full = await render(picture, seed, 1);
  for (const every of everies) {
    const cached = await render(picture, seed, every);
    const faster = full.secondsPerStage.denoise / cached.secondsPerStage.denoise;
    const one = { ...likeness(full, cached), faster };
    measured.get(every)?.push(one);
    process.stderr.write(`${name}: every ${every}: ${JSON.stringify(one)}\n`);
  }
}
await pipeline.release();

const median = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
const rows = everies.map((every) => {
  const of = measured.get(every) ?? [];
  const pick = (key: keyof Measured) => of.map((one) => one[key]);
  return [
    `--step-cache ${every}`,
    `${median(pick('faster')).toFixed(2)} times`,
    `${mean(pick('psnr')).toFixed(1)} dB (${Math.min(...pick('psnr')).toFixed(1)})`,
    `${mean(pick('ssim')).toFixed(4)} (${Math.min(...pick('ssim')).toFixed(4)})`,
  ];
});
const title = `${pipeline.info.name}, ${defaults.numFrames} frames of ${defaults.width}×${defaults.height}, ${numInferenceSteps} steps, ${pictures.length} pictures`;
process.stdout.write(
  `${title}\n\n| | denoising, as fast (median) | PSNR, mean (worst) | SSIM, mean (worst) |\n| --- | --- | --- | --- |\n`,
);
for (const row of rows) process.stdout.write(`| ${row.join(' | ')} |\n`);
