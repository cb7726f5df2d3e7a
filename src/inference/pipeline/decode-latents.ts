import { InferenceError } from '../../errors.ts';
import type { Precision } from '../graph/graph-builder.ts';
import type { NetworkSession } from '../runtime/session.ts';
import { latentSize } from './denoiser.ts';
import { requireOutput } from './guard-networks.ts';
import type { PipelineContext } from './pipeline-context.ts';
import { decodeLimit, evenChunk } from './plan-for-card.ts';
import type { PipelineProgress } from './types.ts';

/** A decoder in memory, and what it was opened for. */
interface OpenDecoder {
  session: NetworkSession;
  frames: number;
  precision: Precision;
}

/** What is decoded. */
interface DecodeTools {
  latents: Float32Array;
  /** Counts a finished step; throws where the run was cancelled. */
  step: () => PipelineProgress;
  /** Frames that are decoded together at most; left out: as many as the settings say. */
  atMost?: number;
}

/** How many frames are decoded together, as the settings say, or fewer where CUDA or the card's memory cannot take so many. */
export async function mostFramesTogether({
  configs,
  settings,
  provider,
  precision,
  cudaGraph,
  cardBytes,
  log,
}: PipelineContext): Promise<number> {
  const { decodeChunkSize: asked, numFrames } = settings;
  if (provider !== 'cuda') return Math.min(asked, numFrames);
  const most = await decodeLimit(configs, settings, { target: { provider, precision, cudaGraph }, cardBytes });
  const together = evenChunk(numFrames, asked, most);
  if (together < Math.min(asked, numFrames))
    log(`The card takes ${most} frames at most; ${together} are decoded together.`);
  return together;
}

/** The chunk that memory allowed: what was asked for, or less. */
interface DecodedInChunks {
  /** Frames decoded together. */
  decodeChunkSize: number;
}

/**
 * Latents to 8-bit RGB frames, chunk by chunk.
 * @throws InferenceError as {@link decodeSamples}
 */
export async function* decodeLatents(
  job: PipelineContext,
  tools: DecodeTools,
): AsyncGenerator<PipelineProgress, DecodedInChunks & { frames: Uint8Array[] }> {
  const { samples, decodeChunkSize } = yield* decodeSamples(job, tools);
  return { frames: samples.flatMap((sample) => sampleToFrames(sample, job.settings)), decodeChunkSize };
}

/**
 * diffusers `decode_latents`: chunks of frames, each seen by itself. Where memory runs out the chunk is halved and
 * everything decoded again (the chunk size changes the picture, so sizes are not mixed). A chunk that half precision
 * turned into infinities, or into nothing but black, is decoded again in float32.
 * @returns `samples`: [frames, 3, height, width] around [-1, 1], chunk by chunk
 * @throws InferenceError memory runs out with single frames, or `non-finite`
 */
export async function* decodeSamples(
  job: PipelineContext,
  { latents, step, atMost = job.settings.decodeChunkSize }: DecodeTools,
): AsyncGenerator<PipelineProgress, DecodedInChunks & { samples: Float32Array[] }> {
  let decodeChunkSize = Math.min(atMost, job.settings.numFrames);
  for (;;) {
    try {
      return { samples: yield* decodeInChunks(job, { latents, step, decodeChunkSize }), decodeChunkSize };
    } catch (error) {
      if (!isOutOfMemory(error) || decodeChunkSize === 1) throw error;
      const smaller = Math.ceil(decodeChunkSize / 2);
      job.log(`Memory ran out decoding ${decodeChunkSize} frames at once; trying ${smaller}.`);
      decodeChunkSize = smaller;
    }
  }
}

async function* decodeInChunks(
  { configs, networks, settings, precision, log }: PipelineContext,
  tools: DecodeTools & DecodedInChunks,
): AsyncGenerator<PipelineProgress, Float32Array[]> {
  const { latents, step, decodeChunkSize } = tools;
  const { numFrames } = settings;
  const perFrame = latents.length / numFrames;
  const size = latentSize(configs, settings);
  const unscale = Math.fround(1 / configs.vae.scaling_factor);
  const z = latents.map((value) => unscale * value);
  const samples: Float32Array[] = [];
  let decoder: OpenDecoder | undefined;

  async function decode(chunk: Float32Array, wanted: Precision): Promise<Float32Array> {
    const frames = chunk.length / perFrame;
    if (decoder?.frames !== frames || decoder.precision !== wanted) {
      await decoder?.session.release();
      decoder = undefined;
      const session = await networks.open({ network: 'vae-decoder', frames, ...size, precision: wanted });
      decoder = { session, frames, precision: wanted };
    }
    return requireOutput((await decoder.session.run({ z: chunk })).sample);
  }

  /** In half precision, unless that ruins it. */
  async function decodeWell(chunk: Float32Array): Promise<Float32Array> {
    if (precision === 'float32') return decode(chunk, precision);
    const sample = await decode(chunk, precision).catch((error: unknown) => {
      if (error instanceof InferenceError && error.code === 'non-finite') return undefined;
      throw error;
    });
    if (sample !== undefined && !isBlack(sample)) return sample;
    log('Half precision ruined a chunk of frames; it is decoded again in float32.');
    return decode(chunk, 'float32');
  }

  try {
    for (let from = 0; from < numFrames; from += decodeChunkSize) {
      const chunk = z.slice(from * perFrame, Math.min(from + decodeChunkSize, numFrames) * perFrame);
      samples.push(await decodeWell(chunk));
      yield step();
    }
    return samples;
  } finally {
    await decoder?.session.release();
  }
}

/** [frames, 3, height, width] around [-1, 1] -> 8-bit RGB frames, as diffusers' `postprocess_video` for pictures. */
export function sampleToFrames(
  sample: Float32Array,
  { width, height }: { width: number; height: number },
): Uint8Array[] {
  const pixels = width * height;
  const count = sample.length / (3 * pixels);
  return Array.from({ length: count }, (_, frame) => {
    const out = new Uint8Array(pixels * 3);
    for (let channel = 0; channel < 3; channel++) {
      const plane = sample.subarray((frame * 3 + channel) * pixels, (frame * 3 + channel + 1) * pixels);
      for (let pixel = 0; pixel < pixels; pixel++) {
        const unit = Math.min(1, Math.max(0, (plane[pixel] ?? 0) / 2 + 0.5));
        out[pixel * 3 + channel] = Math.round(unit * 255);
      }
    }
    return out;
  });
}

/** Whether all of it is black, as where half precision overflowed. */
function isBlack(sample: Float32Array): boolean {
  return sample.every((value) => value <= -1);
}

/** ONNX Runtime has no code for it: these are the words of its CPU, CUDA and WebGPU allocators. */
function isOutOfMemory(error: unknown): boolean {
  const words = /bad_alloc|failed to allocate|out of memory|\bOOM\b|not enough memory/i;
  for (let at: unknown = error; at instanceof Error; at = at.cause) if (words.test(at.message)) return true;
  return false;
}
