import { z } from 'zod';
import { maxCheckpointBytes } from '../inference/pipeline/types.ts';
import type { PicturePolicy } from '../media/check-file.ts';
import { interpolators, renderStages } from '../settings/clip.ts';
import { clipFormats, fileFormSchema, fitSchema, partialFormSchema } from '../settings/clip-form.ts';
import { executionSchema, executionSettings } from '../settings/execution.ts';
import { partialSettingsSchema, settingsSchema } from '../settings/image-to-video.ts';
import { maxPreviewBytes } from '../util/preview-limit.ts';
import type { BaseClip, Clip, RenderProgress, RenderSpec } from './types.ts';
import { wireErrorSchema } from './wire-error.ts';

// Both processes check what they receive: the child decodes hostile pictures, so the parent must not trust its words.
// Strictly: a field that is new in the types and missing here fails at the first message, not by being dropped.

const bytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array);
const checkpoint = z.custom<Uint8Array>(
  (value) => value instanceof Uint8Array && value.byteLength <= maxCheckpointBytes,
  'no checkpoint, or one that is too large',
);
const preview = z.custom<Uint8Array>(
  (value) => value instanceof Uint8Array && value.byteLength <= maxPreviewBytes,
  'no preview, or one that is too large',
);
const path = z.string().min(1);
const count = z.number().int().nonnegative();
const seconds = z.number().nonnegative();
const job = z.number().int().positive();
const shortText = z.string().max(1000);

const usedProvider = executionSettings.provider.type.schema.exclude(['auto']);

const baseFields = {
  use: z.enum(['extend', 'reencode']),
  metadata: z.strictObject({
    settings: settingsSchema,
    model: shortText,
    provider: usedProvider,
    extended: z.literal(true).exactOptional(),
    hasEndPicture: z.literal(true).exactOptional(),
  }),
};

const baseSchema: z.ZodType<BaseClip> = z.strictObject({ master: bytes, ...baseFields });

const specFields = {
  settings: partialSettingsSchema,
  fit: fitSchema,
  form: partialFormSchema.exactOptional(),
  keepMaster: z.boolean().exactOptional(),
  maxBytes: count.exactOptional(),
};

const specSchema: z.ZodType<RenderSpec> = z.strictObject({
  ...specFields,
  picture: bytes,
  endPicture: bytes.exactOptional(),
  base: baseSchema.exactOptional(),
  framesDir: path.exactOptional(),
  checkpoint: checkpoint.exactOptional(),
});

/** A {@link RenderSpec} without its pictures, frames and state, which travel by themselves between hosts. */
export const specWithoutBytesSchema = z.strictObject({
  ...specFields,
  base: z.strictObject(baseFields).exactOptional(),
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
  execution: executionSchema,
  /** The operator's choice. */
  ffmpegPath: path.optional(),
  /** A classifier's folder, and the rating, 0 to 1, from which on it refuses; undefined: nothing is looked at. */
  safety: z.strictObject({ modelDir: path, threshold: z.number().min(0).max(1) }).optional(),
  /** The folder of the networks that pictures can go through first; undefined: there are none. */
  styleDir: path.optional(),
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
  /**
   * Answered by `progress` messages and one `done` or `failed`; by `checkpoint` and `preview` messages where a time is
   * given, of previews 0 for each that is due.
   */
  z.strictObject({
    type: z.literal('render'),
    job,
    spec: specSchema,
    checkpointSeconds: z.number().positive().exactOptional(),
    previewSeconds: seconds.exactOptional(),
  }),
  /** Stop that job at the next step; nothing happens when it is over already. */
  z.strictObject({ type: z.literal('cancel'), job }),
  /** Exit now. */
  z.strictObject({ type: z.literal('shutdown') }),
]);

/** From the renderer to its process. */
export type ToChild = z.output<typeof toChildSchema>;

const stage = z.enum(renderStages);

const progressSchema: z.ZodType<RenderProgress> = z.strictObject({
  stage,
  step: count,
  steps: count,
  secondsPerStep: seconds.or(z.undefined()),
});

const clipFields = {
  form: fileFormSchema,
  frames: count,
  fps: z.number().positive(),
  width: count,
  height: count,
  upscaleFactor: z.number().int().positive(),
  settings: settingsSchema,
  fit: fitSchema,
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
  replacedFormat: z.enum(clipFormats).exclude(['mp4']).exactOptional(),
  interpolator: z.enum(interpolators).exactOptional(),
  extended: z.literal(true).exactOptional(),
  hasEndPicture: z.literal(true).exactOptional(),
  refusedVariations: z.array(count).readonly().exactOptional(),
};

const clipSchema: z.ZodType<Clip> = z.strictObject({ ...clipFields, bytes, master: bytes.exactOptional() });

/** A {@link Clip} without its file and its frames, which travel by themselves between hosts. */
export const clipWithoutBytesSchema = z.strictObject(clipFields);

const toParentSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('ready') }),
  z.strictObject({ type: z.literal('failed-start'), error: wireErrorSchema }),
  z.strictObject({ type: z.literal('progress'), job, progress: progressSchema }),
  z.strictObject({ type: z.literal('checkpoint'), job, bytes: checkpoint }),
  z.strictObject({ type: z.literal('preview'), job, bytes: preview }),
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
