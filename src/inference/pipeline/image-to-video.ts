import { InferenceError } from '../../errors.ts';
import { variationSteps } from '../../settings/variations.ts';
import { throwIfCancelled } from '../../util/cancellation.ts';
import type { FramedPicture } from '../../util/rgb.ts';
import { resumeTorchGenerator, type TorchGenerator, torchGenerator } from '../random/torch-generator.ts';
import { chooseProvider } from '../runtime/choose-provider.ts';
import type { ConcreteProvider } from '../runtime/session.ts';
import { createScheduler } from '../schedulers/create-scheduler.ts';
import { checkTwoPictures, denoiseBetween } from './bidirectional-sampling.ts';
import { defaultPrecision, modelTarget, networkTarget } from './build-network.ts';
import { type Checkpoint, encodeCheckpoint } from './checkpoint.ts';
import { decodeLatents } from './decode-latents.ts';
import { denoise, type ImageCondition, type Stage, type StageTools } from './denoiser.ts';
import { fingerprintOf } from './fingerprint.ts';
import { cancellableNetworks, finiteNetworks, requireOutput, withSession } from './guard-networks.ts';
import { checkpointKeeper, type PipelineState, startingPoint } from './keep-checkpoints.ts';
import { readModelConfigs } from './load-model.ts';
import type { LoraRequest } from './loras.ts';
import { checkSettings, modelInfo } from './model-info.ts';
import { modelNetworks } from './networks.ts';
import { modelNotes, withLoras } from './open-checkpoint.ts';
import { modelInputs } from './pictures.ts';
import type { PipelineContext } from './pipeline-context.ts';
import { framesOfGuess, type LatentGuess, openPreviews, type PreviewOptions, picturesAtLatentSize } from './preview.ts';
import { stageClock } from './stages.ts';
import {
  type CheckpointOptions,
  type ExecutionOptions,
  type ImageToVideoResult,
  type ImageToVideoSettings,
  type ModelInfo,
  maxCheckpointBytes,
  type PipelineProgress,
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
  /**
   * The picture that the clip ends with, of any size, stretched like the other; the same one for a loop without a seam.
   * Twice the work, see `denoiseBetween`.
   */
  endPicture?: FramedPicture | undefined;
  signal?: AbortSignal;
  /** Where to go on from. */
  resume?: Checkpoint | undefined;
  checkpoints?: CheckpointOptions | undefined;
  /** Left out: none are made. */
  previews?: PreviewOptions | undefined;
  /**
   * Ends after {@link variationSteps}, with the frames of the model's guess, one pixel for each place of the latents, and a
   * state from which another run can go on.
   */
  isVariation?: boolean | undefined;
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
   * @throws UserError a setting is out of its range, or cannot be had with an `endPicture`
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
  const { threads, cpuMemory, memoryMode = 'model-offload', guidanceBatch = 'batched' } = options;
  const log = options.log ?? (() => {});
  const configs = await withLoras(await readModelConfigs(options.modelDir), options.loras ?? []);
  for (const note of await modelNotes(configs)) log(note);
  const provider = await chooseProvider(options.provider, log);
  const precision = options.precision ?? defaultPrecision(provider);
  const { feedForwardChunk, cudaGraph } = options;
  const target = modelTarget({ provider, precision, feedForwardChunk, cudaGraph });
  const networks = modelNetworks(configs, {
    target: (request) => networkTarget(request, configs, target),
    session: { provider, threads, mapped: cpuMemory === 'mmap' },
    memoryMode,
  });
  const info = modelInfo(configs);
  return {
    info,
    provider,
    generate(picture, settings, { endPicture, signal, resume, checkpoints, previews, isVariation } = {}) {
      checkSettings(settings, info);
      checkPicture(picture);
      if (endPicture !== undefined) {
        checkTwoPictures(settings);
        checkPicture(endPicture);
      }
      const own = cancellableNetworks(networks, signal);
      const how = { provider, precision, guidanceBatch, log, signal };
      const context = { configs, networks: own, ...how, picture, endPicture, settings };
      return run(context, { resume, checkpoints, previews, isVariation });
    },
    release: networks.release,
  };
}

function checkPicture({ width, height, data }: FramedPicture): void {
  if (data.length === width * height * 3) return;
  throw new InferenceError('picture-size', `${data.length} bytes are no picture of ${width}×${height}.`);
}

async function* run(
  given: PipelineContext,
  { resume, checkpoints, previews, isVariation = false }: Omit<GenerateOptions, 'endPicture' | 'signal'>,
): AsyncGenerator<PipelineProgress, ImageToVideoResult> {
  const { configs, settings, provider } = given;
  throwIfCancelled(given.signal);
  const isKept = resume !== undefined || checkpoints !== undefined || isVariation;
  const fingerprint = isKept ? await fingerprintOf(given) : undefined;
  const isBetween = given.endPicture !== undefined;
  /** Where it ends before its last step. */
  const until = isVariation ? variationSteps(settings) * (isBetween ? 2 : 1) : undefined;
  const start = fingerprint && startingPoint(given, { resume, until }, fingerprint);
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
  let guess: LatentGuess | undefined;
  const hand = (last: LatentGuess) => {
    guess = last;
  };
  const looks = until === undefined ? previews : { everySeconds: 0, steps: [until], hand };
  const shown = looks && picturesAtLatentSize(job);
  const conditions = start?.conditions ?? (yield* encodeImages(job, { generator, step }));

  const steps = scheduler.timesteps.length * conditions.length;
  yield clock.begin('denoise', until ?? steps, start?.step);
  const state = (): PipelineState => ({
    seed: settings.seed,
    conditions,
    generator: generator.state(),
    seconds: clock.seconds(),
  });
  const keep = fingerprint && checkpoints && checkpointKeeper(checkpoints, { fingerprint, state, log: job.log });
  const latents = yield* (isBetween ? denoiseBetween : denoise)(job, {
    generator,
    scheduler,
    conditions,
    step,
    ...(start && { start }),
    ...(until !== undefined && { until }),
    // Of the end of a variation there is a state besides; a run that began with that one would have no guess to show.
    ...(keep && { keep: async (done, now) => (done === until ? undefined : keep(done, now)) }),
    ...(looks &&
      shown && {
        preview: openPreviews(looks, {
          pictures: shown.map((each, at) => ({ picture: each, latents: conditions[at]!.imageLatents })),
          steps,
          scalingFactor: configs.vae.scaling_factor,
          frames: settings.numFrames,
          now: () => performance.now(),
        }),
      }),
  });

  if (until !== undefined && guess !== undefined) {
    const bytes = encodeCheckpoint({ ...state(), fingerprint: fingerprint!, step: until, latents });
    const isTooLarge = bytes.byteLength > maxCheckpointBytes;
    if (isTooLarge) job.log(`A variation's state has ${bytes.byteLength} bytes: it is not kept, a pick begins anew.`);
    const made = { ...framesOfGuess(guess), settings, provider, secondsPerStage: clock.finish() };
    return isTooLarge ? made : { ...made, state: bytes };
  }

  const chunks = Math.ceil(settings.numFrames / settings.decodeChunkSize);
  yield clock.begin('decode', chunks);
  const { frames, decodeChunkSize } = yield* decodeLatents(job, { latents, step });

  const { width, height } = settings;
  const done = { ...settings, decodeChunkSize };
  return { width, height, frames, settings: done, provider, secondsPerStage: clock.finish() };
}

/**
 * diffusers `_encode_image` and `_encode_vae_image`, of the picture and maybe of the last one; their noise is the first
 * thing drawn, in this order.
 */
export async function* encodeImages(
  job: PipelineContext,
  { generator, step }: StageTools & { generator: TorchGenerator },
): Stage<ImageCondition[]> {
  const { configs, networks, settings, picture, endPicture } = job;
  if (picture === undefined) throw new InferenceError('picture-gone', 'The picture was encoded before.');
  const isBetween = endPicture !== undefined;
  const pictures = (isBetween ? [picture, endPicture] : [picture]).map((each) => modelInputs(each, configs, settings));
  job.picture = undefined;
  job.endPicture = undefined;
  const embeds = await withSession(networks.open({ network: 'image-encoder' }), async (session) => {
    const results: Float32Array[] = [];
    for (const { pixelValues } of pictures)
      results.push(requireOutput((await session.run({ pixel_values: pixelValues })).image_embeds));
    return results;
  });
  yield step();

  const { width, height } = settings;
  const conditions = await withSession(networks.open({ network: 'vae-encoder', width, height }), async (session) => {
    const encode = async (sample: Float32Array) => requireOutput((await session.run({ sample })).latents);
    const results: ImageCondition[] = [];
    for (const [at, { sample }] of pictures.entries()) {
      const noise = generator.randn(sample.length);
      const strength = Math.fround(settings.noiseAugStrength);
      const noisy = sample.map((value, index) => value + Math.fround(strength * (noise[index] ?? 0)));
      const condition = { imageEmbeds: embeds[at]!, imageLatents: await encode(noisy) };
      if (!isBetween) results.push(condition);
      else {
        const cleanLatents = (await encode(sample)).map((value) => value * configs.vae.scaling_factor);
        results.push({ ...condition, cleanLatents });
      }
    }
    return results;
  });
  yield step();
  return conditions;
}
