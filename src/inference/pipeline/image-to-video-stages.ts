import { vaeScaleFactor } from '../models/vae-config.ts';
import type { TorchGenerator } from '../random/torch-generator.ts';
import type { NetworkSession } from '../runtime/session.ts';
import type { Scheduler } from '../schedulers/create-scheduler.ts';
import { clipPreprocess } from './clip-preprocess.ts';
import { applyGuidance, linspace } from './guidance.ts';
import { pictureToSample } from './pictures.ts';
import type { Run } from './run.ts';
import type { PipelineProgress } from './types.ts';

/** What the picture becomes for the UNet. */
export interface ImageCondition {
  /** CLIP's embedding, [1, 1, cross_attention_dim]. */
  imageEmbeds: Float32Array;
  /** The VAE's, [1, latent_channels, h, w], not scaled. */
  imageLatents: Float32Array;
}

interface StageTools {
  /** Counts a finished step; throws where the run was cancelled. */
  step: () => PipelineProgress;
}

type Stage<Result> = AsyncGenerator<PipelineProgress, Result>;

/** diffusers `_encode_image` and `_encode_vae_image`; the picture's noise is the first thing drawn. */
export async function* encodeImage(
  { configs, networks, picture, settings }: Run,
  { generator, step }: StageTools & { generator: TorchGenerator },
): Stage<ImageCondition> {
  const imageEmbeds = await withSession(networks.imageEncoder(), async (session) => {
    const pixelValues = clipPreprocess(picture, {
      imageSize: configs.imageEncoder.image_size,
      mean: configs.preprocessor.image_mean,
      std: configs.preprocessor.image_std,
    });
    return (await session.run({ pixel_values: pixelValues })).image_embeds;
  });
  yield step();

  const sample = pictureToSample(picture);
  const noise = generator.randn(sample.length);
  const strength = Math.fround(settings.noiseAugStrength);
  for (const [at, value] of sample.entries()) sample[at] = value + Math.fround(strength * (noise[at] ?? 0));
  const imageLatents = await withSession(networks.vaeEncoder(settings), async (session) => {
    return (await session.run({ sample })).latents;
  });
  yield step();
  return { imageEmbeds: present(imageEmbeds), imageLatents: present(imageLatents) };
}

/** The denoising loop: [frames, latent_channels, h, w] latents, drawn second, from noise to picture. */
export async function* denoise(
  { configs, networks, settings }: Run,
  tools: StageTools & { generator: TorchGenerator; scheduler: Scheduler; condition: ImageCondition },
): Stage<Float32Array> {
  const { generator, scheduler, condition, step } = tools;
  const { numFrames: frames } = settings;
  const scales = linspace(settings.minGuidanceScale, settings.maxGuidanceScale, frames);
  // Without a scale above 1 the unconditional branch has no say, and is not computed.
  const guided = scales.some((scale) => scale > 1);
  const sizes = { batch: guided ? 2 : 1, frames, ...latentSize(configs, settings) };

  const timeIds = [settings.fps - 1, settings.motionBucketId, settings.noiseAugStrength];
  const conditioning = await withSession(networks.unetConditioning(sizes), (session) =>
    session.run({
      // The unconditional branch comes first and sees neither embedding nor picture.
      encoder_hidden_states: zerosFirst(condition.imageEmbeds, sizes.batch),
      added_time_ids: Float32Array.from(guided ? [...timeIds, ...timeIds] : timeIds),
    }),
  );

  const latents = generator.randn(condition.imageLatents.length * frames);
  for (const [at, value] of latents.entries()) latents[at] = value * scheduler.initNoiseSigma;

  const session = await networks.unetStep(sizes);
  try {
    for (const [index, timestep] of scheduler.timesteps.entries()) {
      const scaled = scheduler.scaleModelInput(latents, index);
      const sample = unetSample(scaled, condition.imageLatents, sizes);
      const inputs = { ...conditioning, sample, timestep: new Float32Array(sizes.batch).fill(timestep) };
      const prediction = present((await session.run(inputs)).out_sample);
      const noise = scheduler.needsNoise ? { noise: generator.randn(latents.length) } : {};
      const modelOutput = guided ? applyGuidance(prediction, scales) : prediction;
      scheduler.step(modelOutput, index, latents, { ...noise, out: latents });
      yield step();
    }
    return latents;
  } finally {
    await session.release();
  }
}

/** diffusers `decode_latents`: chunks of frames, each seen by itself. */
export async function* decodeLatents(
  { configs, networks, settings }: Run,
  { latents, step }: StageTools & { latents: Float32Array },
): Stage<Float32Array[]> {
  const { numFrames, decodeChunkSize } = settings;
  const perFrame = latents.length / numFrames;
  const size = latentSize(configs, settings);
  const unscale = Math.fround(1 / configs.vae.scaling_factor);
  const z = latents.map((value) => unscale * value);
  const samples: Float32Array[] = [];
  let session: NetworkSession | undefined;
  let sessionFrames = 0;
  try {
    for (let from = 0; from < numFrames; from += decodeChunkSize) {
      const frames = Math.min(decodeChunkSize, numFrames - from);
      if (frames !== sessionFrames) {
        await session?.release();
        session = undefined;
        session = await networks.vaeDecoder({ frames, ...size });
        sessionFrames = frames;
      }
      const chunk = z.slice(from * perFrame, (from + frames) * perFrame);
      samples.push(present((await session?.run({ z: chunk }))?.sample));
      yield step();
    }
    return samples;
  } finally {
    await session?.release();
  }
}

function latentSize({ vae }: Run['configs'], { width, height }: Run['settings']) {
  const scale = vaeScaleFactor(vae);
  return { width: width / scale, height: height / scale };
}

/** `values` alone, or behind as many zeros: the unconditional branch. */
function zerosFirst(values: Float32Array, batch: number): Float32Array {
  const out = new Float32Array(values.length * batch);
  out.set(values, values.length * (batch - 1));
  return out;
}

/**
 * The UNet's input: per branch and frame, the noisy latents and then the picture's latents (zeros for the
 * unconditional branch). [frames, c, h, w] and [c, h, w] -> [batch·frames, 2c, h, w].
 */
function unetSample(
  noisy: Float32Array,
  imageLatents: Float32Array,
  { batch, frames }: { batch: number; frames: number },
): Float32Array {
  const perFrame = imageLatents.length;
  const out = new Float32Array(batch * frames * perFrame * 2);
  for (let branch = 0; branch < batch; branch++) {
    for (let frame = 0; frame < frames; frame++) {
      const at = (branch * frames + frame) * perFrame * 2;
      out.set(noisy.subarray(frame * perFrame, (frame + 1) * perFrame), at);
      if (branch === batch - 1) out.set(imageLatents, at + perFrame);
    }
  }
  return out;
}

async function withSession<Result>(
  opening: Promise<NetworkSession>,
  use: (session: NetworkSession) => Promise<Result>,
): Promise<Result> {
  const session = await opening;
  try {
    return await use(session);
  } finally {
    await session.release();
  }
}

function present(tensor: Float32Array | undefined): Float32Array {
  if (tensor === undefined) throw new RangeError('A network lacks an output that its graph declares.');
  return tensor;
}
