import { openImageToVideo } from '../../src/inference/pipeline/image-to-video.ts';
import type { ImageToVideoResult } from '../../src/inference/pipeline/types.ts';
import type { RgbPicture } from '../../src/util/rgb.ts';
import { markdownTable, median } from '../report/tables.ts';
import { type Likeness, likeness, mean } from './likeness.ts';
import { benchPictures } from './pictures.ts';

export interface DeepCacheOptions {
  modelDir: string;
  pictures: number;
  steps: number;
  /** Values of `--deep-cache-interval`. */
  everies: readonly number[];
  threads: number;
}

interface Measured extends Likeness {
  /** How often the full run's denoising takes as long. */
  faster: number;
}

/** What `--deep-cache-interval` gains in the denoising loop, and how far its clips are from the full run's, as a table. */
export async function measureDeepCache(options: DeepCacheOptions): Promise<string> {
  const { modelDir, threads, everies, steps: numInferenceSteps } = options;
  const pipeline = await openImageToVideo({ modelDir, provider: 'cpu', threads, memoryMode: 'resident' });
  const { defaults, name: model } = pipeline.info;
  const pictures = await benchPictures(defaults, options.pictures);

  async function render(picture: RgbPicture, seed: number, deepCacheInterval: number): Promise<ImageToVideoResult> {
    const run = pipeline.generate(picture, { ...defaults, numInferenceSteps, seed, deepCacheInterval });
    for (;;) {
      const next = await run.next();
      if (next.done) return next.value;
    }
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

  const rows = everies.map((every) => {
    const of = measured.get(every) ?? [];
    const pick = (key: keyof Measured) => of.map((one) => one[key]);
    return [
      `--deep-cache-interval ${every}`,
      `${median(pick('faster')).toFixed(2)} times`,
      `${mean(pick('psnr')).toFixed(1)} dB (${Math.min(...pick('psnr')).toFixed(1)})`,
      `${mean(pick('ssim')).toFixed(4)} (${Math.min(...pick('ssim')).toFixed(4)})`,
    ];
  });
  const { numFrames, width, height } = defaults;
  const size = `${numFrames} frames of ${width}×${height}`;
  return `${model}, ${size}, ${numInferenceSteps} steps, ${pictures.length} pictures, against the full run.

${markdownTable(['', 'denoising, as fast (median)', 'PSNR, mean (worst)', 'SSIM, mean (worst)'], rows)}`;
}
