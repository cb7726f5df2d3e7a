import { checkRanges } from '../../settings/declaration.ts';
import { defaultSettings, imageToVideo } from '../../settings/image-to-video.ts';
import { unetBlocks } from '../models/unet-config.ts';
import { vaeScaleFactor } from '../models/vae-config.ts';
import { checkSampler, maxSteps } from '../schedulers/scheduler.ts';
import { defaultSchedule } from '../schedulers/scheduler-config.ts';
import { type ModelConfigs, readModelConfigs } from './load-model.ts';
import type { ImageToVideoSettings, ModelInfo } from './types.ts';

/**
 * What a model folder allows and proposes; reads its configs only.
 * @throws ConfigError the folder is not a Stable Video Diffusion model, or a config is missing or wrong
 */
export async function readModelInfo(modelDir: string): Promise<ModelInfo> {
  return modelInfo(await readModelConfigs(modelDir));
}

/** The same from configs already read. */
export function modelInfo({ name, unet, vae, scheduler, proposals, loras = [] }: ModelConfigs): ModelInfo {
  const sizeStep = vaeScaleFactor(vae);
  const shape = defaultShape(unet.sample_size ?? undefined, sizeStep, unetBlocks(unet).length);
  const { description, loop, turn_by_seed: orientsBySeed, pan_margin: panMargin, zoom_bucket: zoomBucket } = proposals;
  return {
    // Clips carry it, and so the LoRAs that they were made with.
    name: [name, ...loras.map((lora) => lora.name)].join(' + '),
    ...(description !== undefined && { description }),
    defaults: defaultSettings(
      {
        ...shape,
        numFrames: unet.num_frames,
        decodeChunkSize: proposals.num_frames ?? unet.num_frames,
        sampler: scheduler.sampler,
        schedule: defaultSchedule(scheduler),
      },
      proposals,
    ),
    ...(loop !== undefined && { loop }),
    ...(orientsBySeed !== undefined && { orientsBySeed }),
    ...(panMargin !== undefined && { panMargin }),
    ...(zoomBucket !== undefined && { zoomBucket }),
    limits: {
      sizeStep,
      // The smallest picture whose latents survive every downsampling.
      minSize: sizeStep * 2 ** (unetBlocks(unet).length - 1),
      maxSize: 4096,
      maxFrames: unet.num_frames,
      maxSteps,
    },
  };
}

/**
 * `sample_size` is the side of a square of latents; the default clip is as large in area and 16:9, in multiples that
 * every level of the UNet halves evenly. For SVD XT (96 latents of 8 pixels) that is 1024×576, diffusers' default.
 */
function defaultShape(
  sampleSize: number | [number, number] | undefined,
  latentPixels: number,
  levels: number,
): { width: number; height: number } {
  if (Array.isArray(sampleSize)) return { height: sampleSize[0] * latentPixels, width: sampleSize[1] * latentPixels };
  const side = (sampleSize ?? 96) * latentPixels;
  const step = latentPixels * 2 ** (levels - 1);
  const snap = (pixels: number) => Math.max(1, Math.round(pixels / step)) * step;
  return { width: snap((side * 4) / 3), height: snap((side * 3) / 4) };
}

/**
 * Holds settings against what any Stable Video Diffusion model and the samplers can do.
 * @throws UserError `settings-invalid` or `settings-invalid-name`, naming the setting, what it may be and the value;
 * what `checkSampler` refuses
 */
export function checkSettings(settings: ImageToVideoSettings, { limits }: ModelInfo): void {
  checkRanges(imageToVideo, settings, limits);
  checkSampler(settings);
}
