import { vaeScaleFactor } from '../models/vae-config.ts';
import type { TorchGenerator } from '../random/torch-generator.ts';
import type { NetworkSession } from '../runtime/session.ts';
import type { Scheduler } from '../schedulers/scheduler.ts';
import { cachesDeepFeatures, type NetworkRequest } from './build-network.ts';
import { requireFinite, requireOutput, withSession } from './guard-networks.ts';
import { applyGuidance, guidedSteps, linspace } from './guidance.ts';
import type { PipelineContext } from './pipeline-context.ts';
import type { PipelineProgress } from './types.ts';

/** What the picture becomes for the UNet. */
export interface ImageCondition {
  /** CLIP's embedding, [1, 1, cross_attention_dim]. */
  imageEmbeds: Float32Array;
  /** The VAE's, [1, latent_channels, h, w], of the picture with noise; not scaled. */
  imageLatents: Float32Array;
  /** The VAE's, [1, latent_channels, h, w], of the picture without noise, scaled; where the clip has a last picture too. */
  cleanLatents?: Float32Array;
}

/** The branches of classifier-free guidance; the unconditional one sees neither embedding nor picture. */
type Branch = 'unconditional' | 'conditional';

/** The UNet, conditioned for one clip, on one picture or on several in turn. */
export interface Denoiser {
  /**
   * @param scaled the noisy latents, scaled for the model, [frames, c, h, w]
   * @returns the prediction of both branches where guided, unconditional first, or of the conditional one:
   *   [branches, frames, c, h, w]
   */
  predict(scaled: Float32Array, timestep: number, step: PredictedStep): Promise<Float32Array>;
  release(): Promise<void>;
}

/** How one step is predicted. */
interface PredictedStep {
  /** Both branches, not the conditional one alone. */
  guided: boolean;
  /** The outermost blocks alone, on what the inner ones made in the last whole call; needs `caching`. */
  shallow: boolean;
  /** Which picture it is conditioned on; 0 where there is one. Default 0. */
  condition?: number;
}

/** What the steps of a clip will ask for. */
export interface DenoiserPlan {
  /** Whether each step is guided, [steps]. */
  guided: readonly boolean[];
  /** Whether some steps will be shallow. */
  caching: boolean;
}

/**
 * Runs the conditioning graph, once per clip and picture, and loads the UNet for all branches at once or for one at a time: the
 * latter also where only some steps are guided, so that one loaded UNet serves all of them.
 */
export async function openDenoiser(
  { configs, networks, settings, guidanceBatch }: PipelineContext,
  conditions: readonly ImageCondition[],
  { guided, caching }: DenoiserPlan,
): Promise<Denoiser> {
  const branches: Branch[] = guided.includes(true) ? ['unconditional', 'conditional'] : ['conditional'];
  const isTogether = guidanceBatch === 'batched' && new Set(guided).size === 1;
  const calls = isTogether ? [branches] : branches.map((branch) => [branch]);
  const size = latentSize(configs, settings);
  const sizes = { batch: calls[0]?.length ?? 1, frames: settings.numFrames, ...size };
  const timeIds = [settings.fps - 1, settings.motionBucketId, settings.noiseAugStrength];
  const embedsOf = (branch: Branch, { imageEmbeds }: ImageCondition) =>
    branch === 'conditional' ? imageEmbeds : new Float32Array(imageEmbeds.length);
  const latentsOf = (branch: Branch, { imageLatents }: ImageCondition) =>
    branch === 'conditional' ? imageLatents : new Float32Array(imageLatents.length);

  const conditionings = await withSession(
    networks.open({ network: 'unet-conditioning', ...sizes }),
    async (session) => {
      const results: Record<string, Float32Array>[][] = [];
      for (const condition of conditions) {
        const ofCalls: Record<string, Float32Array>[] = [];
        for (const call of calls) {
          const embeds = call.map((branch) => embedsOf(branch, condition));
          const added_time_ids = Float32Array.from(call.flatMap(() => timeIds));
          ofCalls.push(await session.run({ encoder_hidden_states: joined(embeds), added_time_ids }));
        }
        results.push(ofCalls);
      }
      return results;
    },
  );

  const { whole, outer } = await openSteps(networks, { network: 'unet-step', ...sizes }, caching);
  /** What the inner blocks made in the last whole call, per picture and call. */
  const deepFeatures = conditions.map((): (Float32Array | undefined)[] => []);
  return {
    async predict(scaled, timestep, { guided: isGuided, shallow, condition = 0 }) {
      const features = deepFeatures[condition]!;
      const predictions: Float32Array[] = [];
      for (const [at, call] of calls.entries()) {
        if (!isGuided && !call.includes('conditional')) continue;
        const samples = call.map((branch) => unetSample(scaled, latentsOf(branch, conditions[condition]!)));
        const timesteps = new Float32Array(call.length).fill(timestep);
        const inputs = { ...conditionings[condition]![at], sample: joined(samples), timestep: timesteps };
        const deep = shallow ? features[at] : undefined;
        const outputs =
          deep !== undefined && outer !== undefined
            ? await outer.run({ ...inputs, deep_features: deep })
            : await whole.run(inputs);
        // A shallow call gives none: what there is stays.
        features[at] = outputs.deep_features ?? features[at];
        predictions.push(requireOutput(outputs.out_sample));
      }
      return joined(predictions);
    },
    async release() {
      await whole.release();
      await outer?.release();
    },
  };
}

/** The whole UNet, and where it is to be cached its outermost blocks besides. */
async function openSteps(
  networks: PipelineContext['networks'],
  request: Extract<NetworkRequest, { network: 'unet-step' }>,
  caching: boolean,
): Promise<{ whole: NetworkSession; outer: NetworkSession | undefined }> {
  if (!caching) return { whole: await networks.open(request), outer: undefined };
  const whole = await networks.open({ ...request, deepFeatures: 'give' });
  try {
    return { whole, outer: await networks.open({ ...request, deepFeatures: 'take' }) };
  } catch (error) {
    await whole.release();
    throw error;
  }
}

/** A clip's size in latents. */
export function latentSize({ vae }: PipelineContext['configs'], { width, height }: PipelineContext['settings']) {
  const scale = vaeScaleFactor(vae);
  return { width: width / scale, height: height / scale };
}

/**
 * The UNet's input: per frame, the noisy latents and then the picture's latents.
 * [frames, c, h, w] and [c, h, w] -> [frames, 2c, h, w].
 */
function unetSample(noisy: Float32Array, imageLatents: Float32Array): Float32Array {
  const perFrame = imageLatents.length;
  const out = new Float32Array(noisy.length * 2);
  for (let from = 0; from < noisy.length; from += perFrame) {
    out.set(noisy.subarray(from, from + perFrame), from * 2);
    out.set(imageLatents, from * 2 + perFrame);
  }
  return out;
}

/** Arrays one after another; one alone is not copied. */
function joined(arrays: readonly Float32Array[]): Float32Array {
  const [first, ...rest] = arrays;
  if (first !== undefined && rest.length === 0) return first;
  const out = new Float32Array(arrays.reduce((sum, array) => sum + array.length, 0));
  let at = 0;
  for (const array of arrays) {
    out.set(array, at);
    at += array.length;
  }
  return out;
}

/** What every stage of a run is given. */
export interface StageTools {
  /** Counts a finished step; throws where the run was cancelled. */
  step: () => PipelineProgress;
}

/** A stage of a run: yields progress, ends with what it made. */
export type Stage<Result> = AsyncGenerator<PipelineProgress, Result>;

/** Shows a guess of the clean latents where one is due; called before each step, which is counted from 1. */
export type ShowPreview = (step: number, estimate: () => Float32Array) => Promise<void>;

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
  /** Left out: nobody looks on. */
  preview?: ShowPreview;
  /** Ends after this step; left out: after the last. */
  until?: number;
}

/** The denoising loop: [frames, latent_channels, h, w] latents, drawn second, from noise to picture. */
export async function* denoise(job: PipelineContext, tools: DenoiseTools): Stage<Float32Array> {
  const { settings } = job;
  const { generator, scheduler, conditions, step, keep, preview } = tools;
  const scales = linspace(settings.minGuidanceScale, settings.maxGuidanceScale, settings.numFrames);
  const steps = scheduler.timesteps.length;
  const { until: end = steps } = tools;
  const guided = guidedSteps(scales, scheduler.sigmas, { steps, interval: settings.guidanceInterval });
  const { deepCacheInterval = 1 } = settings;

  const { step: done, latents } = tools.start ?? { step: 0, latents: drawLatents(job, tools) };
  if (done === end) return latents;

  const denoiser = await openDenoiser(job, conditions, { guided, caching: cachesDeepFeatures(settings) });
  try {
    for (let index = done; index < end; index++) {
      const timestep = scheduler.timesteps[index]!;
      const isGuided = guided[index] === true;
      const prediction = await denoiser.predict(scheduler.scaleModelInput(latents, index), timestep, {
        guided: isGuided,
        shallow: index % deepCacheInterval !== 0,
      });
      const noise = scheduler.needsNoise ? { noise: generator.randn(latents.length) } : {};
      const modelOutput = isGuided ? applyGuidance(prediction, scales) : prediction;
      await preview?.(index + 1, () => scheduler.predictOriginalSample(modelOutput, index, latents));
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
