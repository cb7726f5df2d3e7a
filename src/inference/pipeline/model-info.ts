import { unetBlocks } from '../models/unet-config.ts';
import { vaeScaleFactor } from '../models/vae-config.ts';
import { maxSteps } from '../schedulers/scheduler.ts';
import { defaultSchedule } from '../schedulers/scheduler-config.ts';
import { type ModelConfigs, readModelConfigs } from './load-model.ts';
import type { ModelInfo } from './types.ts';

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
  const numFrames = proposals.num_frames ?? unet.num_frames;
  const shape = defaultShape(unet.sample_size ?? undefined, sizeStep, unetBlocks(unet).length);
  const { description, loop, turn_by_seed: orientsBySeed } = proposals;
  return {
    // Clips carry it, and so the LoRAs that they were made with.
    name: [name, ...loras.map((lora) => lora.name)].join(' + '),
    ...(description !== undefined && { description }),
    defaults: {
      width: proposals.width ?? shape.width,
      height: proposals.height ?? shape.height,
      numFrames,
      numInferenceSteps: proposals.num_inference_steps ?? 25,
      minGuidanceScale: proposals.min_guidance_scale ?? 1,
      maxGuidanceScale: proposals.max_guidance_scale ?? 3,
      fps: proposals.fps ?? 7,
      motionBucketId: proposals.motion_bucket_id ?? 127,
      noiseAugStrength: proposals.noise_aug_strength ?? 0.02,
      decodeChunkSize: proposals.decode_chunk_size ?? numFrames,
      sampler: scheduler.sampler,
      schedule: defaultSchedule(scheduler),
    },
    ...(loop !== undefined && { loop }),
    ...(orientsBySeed !== undefined && { orientsBySeed }),
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
