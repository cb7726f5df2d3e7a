import type { TorchGenerator } from '../random/torch-generator.ts';
import type { Scheduler } from '../schedulers/scheduler.ts';
import { type ImageCondition, openDenoiser } from './denoiser.ts';
import { requireFinite } from './guard-networks.ts';
import { applyGuidance, guidedSteps, linspace } from './guidance.ts';
import type { PipelineContext } from './pipeline-context.ts';
import type { PipelineProgress } from './types.ts';

/** What every stage of a run is given. */
export interface StageTools {
  /** Counts a finished step; throws where the run was cancelled. */
  step: () => PipelineProgress;
}

/** A stage of a run: yields progress, ends with what it made. */
export type Stage<Result> = AsyncGenerator<PipelineProgress, Result>;

/** What the denoising loop works with. */
export interface DenoiseTools extends StageTools {
  generator: TorchGenerator;
  scheduler: Scheduler;
  /** Of the picture; of the first and the last one where there are two. */
  conditions: readonly ImageCondition[];
  /** Steps that an earlier run has done, and the latents after them; left out: none, and noise. */
  start?: { step: number; latents: Float32Array };
  /** Called after each step from which another run can go on, with how many are done then. */
  keep?: (step: number, latents: Float32Array) => Promise<void>;
}

/** The denoising loop: [frames, latent_channels, h, w] latents, drawn second, from noise to picture. */
export async function* denoise(job: PipelineContext, tools: DenoiseTools): Stage<Float32Array> {
  const { settings } = job;
  const { generator, scheduler, conditions, step, keep } = tools;
  const scales = linspace(settings.minGuidanceScale, settings.maxGuidanceScale, settings.numFrames);
  const steps = scheduler.timesteps.length;
  const guided = guidedSteps(scales, scheduler.sigmas, { steps, interval: settings.guidanceInterval });
  const { deepCacheInterval = 1 } = settings;

  const { step: done, latents } = tools.start ?? { step: 0, latents: drawLatents(job, tools) };
  if (done === steps) return latents;

  const denoiser = await openDenoiser(job, conditions, { guided, caching: deepCacheInterval > 1 && steps > 1 });
  try {
    for (let index = done; index < steps; index++) {
      const timestep = scheduler.timesteps[index]!;
      const isGuided = guided[index] === true;
      const prediction = await denoiser.predict(scheduler.scaleModelInput(latents, index), timestep, {
        guided: isGuided,
        shallow: index % deepCacheInterval !== 0,
      });
      const noise = scheduler.needsNoise ? { noise: generator.randn(latents.length) } : {};
      const modelOutput = isGuided ? applyGuidance(prediction, scales) : prediction;
      scheduler.step(modelOutput, index, latents, { ...noise, out: latents });
      requireFinite(latents, 'The sampler', { stage: 'denoise', step: index + 1, steps });
      // Between two whole calls of the UNet its inner features are needed besides, which are far larger than latents. A
      // whole call makes them anew for each branch that it runs, and guidance never comes back once it has ended.
      if (keep !== undefined && ((index + 1) % deepCacheInterval === 0 || index + 1 === steps))
        await keep(index + 1, latents);
      yield step();
    }
    return latents;
  } finally {
    await denoiser.release();
  }
}

/** The noise that denoising begins with. */
export function drawLatents({ settings }: PipelineContext, tools: DenoiseTools): Float32Array {
  const { generator, scheduler, conditions } = tools;
  const latents = generator.randn(conditions[0]!.imageLatents.length * settings.numFrames);
  for (const [at, value] of latents.entries()) latents[at] = value * scheduler.initNoiseSigma;
  return latents;
}
