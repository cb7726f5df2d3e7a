import { z } from 'zod';
import {
  cpuMemories,
  guidanceBatches,
  maxCheckpointBytes,
  memoryModes,
  precisions,
  providerNames,
  samplerNames,
  scheduleNames,
} from '../inference/pipeline/types.ts';
import type { PicturePolicy } from '../media/check-file.ts';
import {
  type BaseClip,
  type Clip,
  type ClipForm,
  clipFormats,
  fitNames,
  loopNames,
  type RenderProgress,
  type RenderSpec,
  shapeNames,
} from './types.ts';
import { wireErrorSchema } from './wire-error.ts';

// Both processes check what they receive: the child decodes hostile pictures, so the parent must not trust its words.
// Strictly: a field that is new in the types and missing here fails at the first message, not by being dropped.

const bytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array);
const checkpoint = z.custom<Uint8Array>(
  (value) => value instanceof Uint8Array && value.byteLength <= maxCheckpointBytes,
  'no checkpoint, or one that is too large',
);
const path = z.string().min(1);
const count = z.number().int().nonnegative();
const seconds = z.number().nonnegative();
const job = z.number().int().positive();
const shortText = z.string().max(1000);

const settingsSchema = z.strictObject({
  width: z.number(),
  height: z.number(),
  numFrames: z.number(),
  numInferenceSteps: z.number(),
  minGuidanceScale: z.number(),
  maxGuidanceScale: z.number(),
  fps: z.number(),
  motionBucketId: z.number(),
  noiseAugStrength: z.number(),
  decodeChunkSize: z.number(),
  seed: z.number(),
  sampler: z.enum(samplerNames),
  schedule: z.enum(scheduleNames),
  guidanceInterval: z.tuple([z.number(), z.number()]).exactOptional(),
  stepCache: z.number().exactOptional(),
});

const usedProvider = z.enum(providerNames).exclude(['auto']);

const baseSchema: z.ZodType<BaseClip> = z.strictObject({
  master: bytes,
  use: z.enum(['extend', 'reencode']),
  metadata: z.strictObject({ settings: settingsSchema, model: shortText, provider: usedProvider }),
});

const formSchema = z.strictObject({
  shape: z.enum(shapeNames).exactOptional(),
  format: z.enum(clipFormats),
  loop: z.enum(loopNames),
  smooth: z.boolean(),
  playbackFps: z.number().positive().exactOptional(),
});

const specSchema: z.ZodType<RenderSpec> = z.strictObject({
  picture: bytes,
  settings: z.strictObject({
    width: settingsSchema.shape.width.exactOptional(),
    height: settingsSchema.shape.height.exactOptional(),
    numFrames: settingsSchema.shape.numFrames.exactOptional(),
    numInferenceSteps: settingsSchema.shape.numInferenceSteps.exactOptional(),
    minGuidanceScale: settingsSchema.shape.minGuidanceScale.exactOptional(),
    maxGuidanceScale: settingsSchema.shape.maxGuidanceScale.exactOptional(),
    fps: settingsSchema.shape.fps.exactOptional(),
    motionBucketId: settingsSchema.shape.motionBucketId.exactOptional(),
    noiseAugStrength: settingsSchema.shape.noiseAugStrength.exactOptional(),
    decodeChunkSize: settingsSchema.shape.decodeChunkSize.exactOptional(),
    seed: settingsSchema.shape.seed.exactOptional(),
    sampler: settingsSchema.shape.sampler.exactOptional(),
    schedule: settingsSchema.shape.schedule.exactOptional(),
    guidanceInterval: settingsSchema.shape.guidanceInterval,
    stepCache: settingsSchema.shape.stepCache,
  }),
  fit: z.enum(fitNames),
  form: z
    .strictObject({
      shape: formSchema.shape.shape,
      format: formSchema.shape.format.exactOptional(),
      loop: formSchema.shape.loop.exactOptional(),
      smooth: formSchema.shape.smooth.exactOptional(),
      playbackFps: formSchema.shape.playbackFps,
    })
    .exactOptional(),
  base: baseSchema.exactOptional(),
  keepMaster: z.boolean().exactOptional(),
  maxBytes: count.exactOptional(),
  framesDir: path.exactOptional(),
  checkpoint: checkpoint.exactOptional(),
});

/** {@link PicturePolicy} */
export const picturePolicySchema: z.ZodType<PicturePolicy> = z.strictObject({
  from: z.enum(['strangers', 'operator']),
  maxPixels: z.number().int().positive(),
});

const workerConfigSchema = z.strictObject({
  modelDir: path,
  loras: z
    .array(z.strictObject({ file: path, scale: z.number() }))
    .readonly()
    .optional(),
  execution: z.strictObject({
    provider: z.enum(providerNames),
    threads: z.number().int().positive().optional(),
    precision: z.enum(precisions).optional(),
    memoryMode: z.enum(memoryModes).optional(),
    cpuMemory: z.enum(cpuMemories).optional(),
    guidanceBatch: z.enum(guidanceBatches).optional(),
    feedForwardChunk: z.number().int().positive().optional(),
  }),
  /** The operator's choice. */
  ffmpegPath: path.optional(),
  /** A classifier's folder, and the rating, 0 to 1, from which on it refuses; undefined: nothing is looked at. */
  safety: z.strictObject({ modelDir: path, threshold: z.number().min(0).max(1) }).optional(),
  /** Whose pictures are read, and how large they may be; undefined: what strangers may send. */
  pictures: picturePolicySchema.optional(),
  /** PATH, to look for ffmpeg where none was chosen. */
  searchPath: z.string().optional(),
});

/** What a render process works with for its whole life. */
export type WorkerConfig = z.output<typeof workerConfigSchema>;

const toChildSchema = z.discriminatedUnion('type', [
  /** First message; answered by `ready` once the tools are open, or by `failed-start`. */
  z.strictObject({ type: z.literal('start'), config: workerConfigSchema }),
  /** Answered by `progress` messages and one `done` or `failed`; by `checkpoint` messages where a time is given. */
  z.strictObject({
    type: z.literal('render'),
    job,
    spec: specSchema,
    checkpointSeconds: z.number().positive().exactOptional(),
  }),
  /** Stop that job at the next step; nothing happens when it is over already. */
  z.strictObject({ type: z.literal('cancel'), job }),
  /** Exit now. */
  z.strictObject({ type: z.literal('shutdown') }),
]);

/** From the renderer to its process. */
export type ToChild = z.output<typeof toChildSchema>;

const stage = z.enum(['prepare', 'encode-image', 'denoise', 'decode', 'encode-video']);

const progressSchema: z.ZodType<RenderProgress> = z.strictObject({
  stage,
  step: count,
  steps: count,
  secondsPerStep: seconds.or(z.undefined()),
});

const clipSchema: z.ZodType<Clip> = z.strictObject({
  bytes,
  master: bytes.exactOptional(),
  form: formSchema satisfies z.ZodType<ClipForm>,
  frames: count,
  fps: z.number().positive(),
  width: count,
  height: count,
  upscaleFactor: z.number().int().positive(),
  settings: settingsSchema,
  fit: z.enum(fitNames),
  model: shortText,
  provider: usedProvider,
  secondsPerStage: z.record(stage, seconds),
  reduced: z
    .strictObject({
      width: count,
      height: count,
      crf: z.number().exactOptional(),
      colours: z.number().exactOptional(),
      quality: z.number().exactOptional(),
    })
    .exactOptional(),
});

const toParentSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('ready') }),
  z.strictObject({ type: z.literal('failed-start'), error: wireErrorSchema }),
  z.strictObject({ type: z.literal('progress'), job, progress: progressSchema }),
  z.strictObject({ type: z.literal('checkpoint'), job, bytes: checkpoint }),
  z.strictObject({ type: z.literal('done'), job, clip: clipSchema }),
  z.strictObject({ type: z.literal('failed'), job, error: wireErrorSchema }),
  z.strictObject({ type: z.literal('log'), message: z.string().max(10_000) }),
]);

/** From a render process to the renderer. */
export type ToParent = z.output<typeof toParentSchema>;

/** @throws z.ZodError the message is none that a render process understands */
export function parseToChild(message: unknown): ToChild {
  return toChildSchema.parse(message);
}

/** @throws z.ZodError the message is none that a render process may send */
export function parseToParent(message: unknown): ToParent {
  return toParentSchema.parse(message);
}
