import { InferenceError } from '../../errors.ts';
import { throwIfCancelled } from '../../util/cancellation.ts';
import type { FramedPicture } from '../../util/rgb.ts';
import { resumeTorchGenerator, type TorchGenerator, torchGenerator } from '../random/torch-generator.ts';
import { chooseProvider } from '../runtime/choose-provider.ts';
import type { ConcreteProvider } from '../runtime/session.ts';
import { createScheduler } from '../schedulers/create-scheduler.ts';
import type { Scheduler } from '../schedulers/scheduler.ts';
import { defaultPrecision, networkTarget } from './build-network.ts';
import type { Checkpoint } from './checkpoint.ts';
import { decodeLatents } from './decode-latents.ts';
import { type ImageCondition, openDenoiser } from './denoiser.ts';
import { fingerprintOf } from './fingerprint.ts';
import { cancellableNetworks, finiteNetworks, requireFinite, requireOutput, withSession } from './guard-networks.ts';
import { applyGuidance, guidedSteps, linspace } from './guidance.ts';
import { checkpointKeeper, type PipelineState, startingPoint } from './keep-checkpoints.ts';
import { readModelConfigs } from './load-model.ts';
import type { LoraRequest } from './loras.ts';
import { checkSettings, modelInfo } from './model-info.ts';
import { modelNetworks } from './networks.ts';
import { modelNotes, withLoras } from './open-checkpoint.ts';
import { modelInputs } from './pictures.ts';
import type { PipelineContext } from './pipeline-context.ts';
import { stageClock } from './stages.ts';
import type {
  CheckpointOptions,
  ExecutionOptions,
  ImageToVideoResult,
  ImageToVideoSettings,
  ModelInfo,
  PipelineProgress,
} from './types.ts';

/** How a model is opened. */
export interface OpenImageToVideoOptions extends ExecutionOptions {
  /** A folder in diffusers' layout, or a single-file checkpoint. */
  modelDir: string;
  /** Added to the UNet's weights when they are loaded. */
  loras?: readonly LoraRequest[] | undefined;
  /** Takes lines for the operator's log, such as a provider that was passed over. */
  log?: (message: string) => void;
}

/** What a clip is made with besides its settings. */
interface GenerateOptions {
  signal?: AbortSignal;
  /** Where to go on from. */
  resume?: Checkpoint | undefined;
  checkpoints?: CheckpointOptions | undefined;
}

/** A model that turns pictures into clips, one at a time. */
export interface ImageToVideoPipeline {
  readonly info: ModelInfo;
  readonly provider: ConcreteProvider;
  /**
   * diffusers `StableVideoDiffusionPipeline.__call__`: yields progress and ends with the frames. One network is in
   * memory at a time. Stopping early (`return`) releases it, as does an abort, which is seen between steps.
   * @param picture of any size; it is stretched to the clip's, and what is outside its box is not looked at
   * Going on from a checkpoint gives the frames that the run which it is of would have given, bit for bit. One that is of
   * another model, picture or other settings is passed over.
   * @throws UserError a setting is out of its range
   * @throws JobCancelledError the signal was aborted
   * @throws SafetensorsError | WeightsMismatchError | InferenceError the model or the provider fails; `non-finite`: a
   *   network gave NaN or infinities
   */
  generate(
    picture: FramedPicture,
    settings: ImageToVideoSettings,
    options?: GenerateOptions,
  ): AsyncGenerator<PipelineProgress, ImageToVideoResult>;
  /** Frees the networks that stayed in memory; the pipeline can be used again. */
  release(): Promise<void>;
}

/**
 * Opens a model folder: reads its configs and finds a provider; weights are read when a clip is made.
 * @throws ConfigError the folder is not a Stable Video Diffusion model
 * @throws InferenceError the provider asked for does not work here
 */
export async function openImageToVideo(options: OpenImageToVideoOptions): Promise<ImageToVideoPipeline> {
  const { threads, cpuMemory, feedForwardChunk, memoryMode = 'model-offload', guidanceBatch = 'batched' } = options;
  const log = options.log ?? (() => {});
  const configs = await withLoras(await readModelConfigs(options.modelDir), options.loras ?? []);
  for (const note of await modelNotes(configs)) log(note);
  const provider = await chooseProvider(options.provider, log);
  const precision = options.precision ?? defaultPrecision(provider);
  const networks = modelNetworks(configs, {
    target: (request) => networkTarget(request, configs, { provider, precision, feedForwardChunk }),
    session: { provider, threads, mapped: cpuMemory === 'mmap' },
    memoryMode,
  });
  const info = modelInfo(configs);
  return {
    info,
    provider,
    generate(picture, settings, { signal, resume, checkpoints } = {}) {
      checkSettings(settings, info);
      if (picture.data.length !== picture.width * picture.height * 3) {
        const size = `${picture.width}×${picture.height}`;
        throw new InferenceError('picture-size', `${picture.data.length} bytes are no picture of ${size}.`);
      }
      const own = cancellableNetworks(networks, signal);
      const job = { configs, networks: own, provider, precision, guidanceBatch, log, picture, settings, signal };
      return run(job, { resume, checkpoints });
    },
    release: networks.release,
  };
}

async function* run(
  given: PipelineContext,
  { resume, checkpoints }: Pick<GenerateOptions, 'resume' | 'checkpoints'>,
): AsyncGenerator<PipelineProgress, ImageToVideoResult> {
  const { configs, settings, provider } = given;
  throwIfCancelled(given.signal);
  const fingerprint = resume === undefined && checkpoints === undefined ? undefined : await fingerprintOf(given);
  const start = fingerprint && startingPoint(given, resume, fingerprint);
  const clock = stageClock(() => performance.now(), start?.seconds);
  // Not a copy: the context's reference to the picture is dropped once the model's inputs are made.
  const job = Object.assign(given, { networks: finiteNetworks(given.networks, clock.position) });
  const step = () => {
    throwIfCancelled(job.signal);
    return clock.stepDone();
  };

  yield clock.begin('prepare', 1);
  const generator = start === undefined ? torchGenerator(settings.seed) : resumeTorchGenerator(start.generator);
  const scheduler = createScheduler(settings.sampler, configs.scheduler, settings);
  yield step();

  if (start === undefined) yield clock.begin('encode-image', 2);
  const condition = start?.condition ?? (yield* encodeImage(job, { generator, step }));

  yield clock.begin('denoise', scheduler.timesteps.length, start?.step);
  const state = (): PipelineState => ({
    seed: settings.seed,
    condition,
    generator: generator.state(),
    seconds: clock.seconds(),
  });
  const keep = fingerprint && checkpoints && checkpointKeeper(checkpoints, { fingerprint, state, log: job.log });
  const latents = yield* denoise(job, {
    generator,
    scheduler,
    condition,
    step,
    ...(start && { start }),
    ...(keep && { keep }),
  });

  const chunks = Math.ceil(settings.numFrames / settings.decodeChunkSize);
  yield clock.begin('decode', chunks);
  const { frames, decodeChunkSize } = yield* decodeLatents(job, { latents, step });

  const { width, height } = settings;
  const done = { ...settings, decodeChunkSize };
  return { width, height, frames, settings: done, provider, secondsPerStage: clock.finish() };
}

interface StageTools {
  /** Counts a finished step; throws where the run was cancelled. */
  step: () => PipelineProgress;
}

type Stage<Result> = AsyncGenerator<PipelineProgress, Result>;

/** diffusers `_encode_image` and `_encode_vae_image`; the picture's noise is the first thing drawn. */
export async function* encodeImage(
  job: PipelineContext,
  { generator, step }: StageTools & { generator: TorchGenerator },
): Stage<ImageCondition> {
  const { configs, networks, settings, picture } = job;
  if (picture === undefined) throw new InferenceError('picture-gone', 'The picture was encoded before.');
  const { pixelValues, sample } = modelInputs(picture, configs, settings);
  job.picture = undefined;
  const imageEmbeds = await withSession(networks.open({ network: 'image-encoder' }), async (session) => {
    return (await session.run({ pixel_values: pixelValues })).image_embeds;
  });
  yield step();

  const noise = generator.randn(sample.length);
  const strength = Math.fround(settings.noiseAugStrength);
  for (const [at, value] of sample.entries()) sample[at] = value + Math.fround(strength * (noise[at] ?? 0));
  const { width, height } = settings;
  const imageLatents = await withSession(networks.open({ network: 'vae-encoder', width, height }), async (session) => {
    return (await session.run({ sample })).latents;
  });
  yield step();
  return { imageEmbeds: requireOutput(imageEmbeds), imageLatents: requireOutput(imageLatents) };
}

/** What the denoising loop works with. */
interface DenoiseTools extends StageTools {
  generator: TorchGenerator;
  scheduler: Scheduler;
  condition: ImageCondition;
  /** Steps that an earlier run has done, and the latents after them; left out: none, and noise. */
  start?: { step: number; latents: Float32Array };
  /** Called after each step from which another run can go on, with how many are done then. */
  keep?: (step: number, latents: Float32Array) => Promise<void>;
}

/** The denoising loop: [frames, latent_channels, h, w] latents, drawn second, from noise to picture. */
export async function* denoise(job: PipelineContext, tools: DenoiseTools): Stage<Float32Array> {
  const { settings } = job;
  const { generator, scheduler, condition, step, keep } = tools;
  const scales = linspace(settings.minGuidanceScale, settings.maxGuidanceScale, settings.numFrames);
  const steps = scheduler.timesteps.length;
  const guided = guidedSteps(scales, scheduler.sigmas, { steps, interval: settings.guidanceInterval });
  const { deepCacheInterval = 1 } = settings;

  const { step: done, latents } = tools.start ?? { step: 0, latents: drawLatents(job, tools) };
  if (done === steps) return latents;

  const denoiser = await openDenoiser(job, condition, { guided, caching: deepCacheInterval > 1 && steps > 1 });
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
function drawLatents({ settings }: PipelineContext, { generator, scheduler, condition }: DenoiseTools): Float32Array {
  const latents = generator.randn(condition.imageLatents.length * settings.numFrames);
  for (const [at, value] of latents.entries()) latents[at] = value * scheduler.initNoiseSigma;
  return latents;
}
