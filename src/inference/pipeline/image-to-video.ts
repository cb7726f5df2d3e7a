import { InferenceError } from '../../errors.ts';
import type { RgbPicture } from '../../util/rgb.ts';
import { torchGenerator } from '../random/torch-generator.ts';
import { chooseProvider } from '../runtime/choose-provider.ts';
import type { ConcreteProvider } from '../runtime/session.ts';
import { createScheduler } from '../schedulers/create-scheduler.ts';
import { cancellableNetworks, throwIfCancelled } from './cancellable-networks.ts';
import { checkSettings } from './check-settings.ts';
import { decodeLatents } from './decode-latents.ts';
import { denoise, encodeImage } from './image-to-video-stages.ts';
import { readModelConfigs } from './load-model.ts';
import type { LoraRequest } from './loras.ts';
import { modelInfo } from './model-info.ts';
import { defaultPrecision, networkTarget } from './network-target.ts';
import { modelNetworks } from './networks.ts';
import { modelNotes } from './open-checkpoint.ts';
import { sampleToFrames } from './pictures.ts';
import type { Run } from './run.ts';
import { stageClock } from './stages.ts';
import type {
  ExecutionOptions,
  ImageToVideoResult,
  ImageToVideoSettings,
  ModelInfo,
  PipelineProgress,
} from './types.ts';
import { withLoras } from './with-loras.ts';

/** How a model is opened. */
export interface OpenImageToVideoOptions extends ExecutionOptions {
  /** A folder in diffusers' layout, or a single-file checkpoint. */
  modelDir: string;
  /** Added to the UNet's weights when they are loaded. */
  loras?: readonly LoraRequest[] | undefined;
  /** Told what an operator should know: a provider that was passed over, say. */
  log?: (message: string) => void;
}

/** A model that turns pictures into clips, one at a time. */
export interface ImageToVideoPipeline {
  readonly info: ModelInfo;
  readonly provider: ConcreteProvider;
  /**
   * diffusers `StableVideoDiffusionPipeline.__call__`: yields progress and ends with the frames. One network is in
   * memory at a time. Stopping early (`return`) releases it, as does an abort, which is seen between steps.
   * @param picture of exactly the settings' width and height
   * @throws UserError a setting is out of its range
   * @throws JobCancelledError the signal was aborted
   * @throws SafetensorsError | WeightsMismatchError | InferenceError the model or the provider fails
   */
  generate(
    picture: RgbPicture,
    settings: ImageToVideoSettings,
    options?: { signal?: AbortSignal },
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
  const { threads, cpuMemory, feedForwardChunk, memoryMode = 'staged', guidanceBatch = 'together' } = options;
  const log = options.log ?? (() => {});
  const configs = await withLoras(await readModelConfigs(options.modelDir), options.loras ?? []);
  for (const note of await modelNotes(configs)) log(note);
  const provider = await chooseProvider(options.provider, log);
  const precision = options.precision ?? defaultPrecision(provider);
  const networks = modelNetworks(configs, {
    target: (request) => networkTarget(request, configs, { provider, precision, feedForwardChunk }),
    session: { provider, threads, mapped: cpuMemory === 'mapped' },
    memoryMode,
  });
  const info = modelInfo(configs);
  return {
    info,
    provider,
    generate(picture, settings, { signal } = {}) {
      checkSettings(settings, info);
      if (picture.width !== settings.width || picture.height !== settings.height) {
        const sizes = `${picture.width}×${picture.height}, not ${settings.width}×${settings.height}`;
        throw new InferenceError('picture-size', `The picture is ${sizes}.`);
      }
      const own = cancellableNetworks(networks, signal);
      return run({ configs, networks: own, provider, precision, guidanceBatch, log, picture, settings, signal });
    },
    release: networks.release,
  };
}

async function* run(job: Run): AsyncGenerator<PipelineProgress, ImageToVideoResult> {
  const { configs, settings, provider } = job;
  const clock = stageClock(() => performance.now());
  const step = () => {
    throwIfCancelled(job.signal);
    return clock.stepDone();
  };

  throwIfCancelled(job.signal);
  yield clock.begin('prepare', 1);
  const generator = torchGenerator(settings.seed);
  const scheduler = createScheduler(settings.sampler, configs.scheduler, settings);
  yield step();

  yield clock.begin('encode-image', 2);
  const condition = yield* encodeImage(job, { generator, step });

  yield clock.begin('denoise', scheduler.timesteps.length);
  const latents = yield* denoise(job, { generator, scheduler, condition, step });

  const chunks = Math.ceil(settings.numFrames / settings.decodeChunkSize);
  yield clock.begin('decode', chunks);
  const { samples, decodeChunkSize } = yield* decodeLatents(job, { latents, step });

  const { width, height } = settings;
  const frames = samples.flatMap((sample) => sampleToFrames(sample, settings));
  const done = { ...settings, decodeChunkSize };
  return { width, height, frames, settings: done, provider, secondsPerStage: clock.finish() };
}
