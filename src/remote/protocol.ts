import { webcrypto } from 'node:crypto';
import { z } from 'zod';
import { maxCheckpointBytes } from '../inference/pipeline/types.ts';
import { maxPreviewBytes } from '../util/preview-limit.ts';
import { clipWithoutBytesSchema, specWithoutBytesSchema } from '../worker/messages.ts';
import type { Clip, RenderSpec } from '../worker/types.ts';
import { wireErrorSchema } from '../worker/wire-error.ts';

// What the bot and its workers on other hosts say to each other over HTTP. Words travel as JSON, checked at both ends; files
// travel by themselves.

/** Bytes of a file, and their SHA-256 in hexadecimal digits. */
const fileSchema = z.strictObject({
  bytes: z.number().int().positive(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});

/** A file as it is announced. */
export type FileFacts = z.output<typeof fileSchema>;

/** What a worker gets to render a job. */
const inputFiles = ['picture', 'endPicture', 'master', 'checkpoint'] as const;
/** @see inputFiles */
export type InputFile = (typeof inputFiles)[number];

/** What a worker brings. */
export const outputFiles = ['clip', 'master', 'checkpoint'] as const;
/** @see outputFiles */
export type OutputFile = (typeof outputFiles)[number];

/** A checkpoint, and frames of hardly visible loss, may be so large; a clip as large as its job says, or as these. */
export const mostBytes = { checkpoint: maxCheckpointBytes, master: 2 ** 29, clip: 2 ** 29 } as const;

/** So much of a file is sent at a time. */
export const chunkBytes = 2 ** 20;

/** What decides whether a worker may make this bot's clips, and what an operator wants to know of it. */
export const workerFactsSchema = z.strictObject({
  model: z.string().max(200),
  /** Of `modelDigest`. */
  fingerprint: z.string().max(200),
  /** Of `framesVersion`. */
  frames: z.string().max(20),
  /** The classifier's threshold; 0: pictures and clips are not looked at. */
  safety: z.number().min(0).max(1),
  /** Its styles, each with its hash: `name@hash`. */
  styles: z.array(z.string().max(60)).max(1000).readonly(),
  kinora: z.string().max(50),
  provider: z.string().max(50),
  device: z.string().max(200),
  memoryGiB: z.number().nonnegative(),
});

/** @see workerFactsSchema */
export type WorkerFacts = z.output<typeof workerFactsSchema>;

/** Asks for a job. */
export const claimSchema = z.strictObject({
  worker: z.string().min(1).max(200),
  /** The same for every try of one claim: an answer that was lost is given again, and no attempt is lost. */
  request: z.uuid(),
  facts: workerFactsSchema,
});

/** The right to a job, and what it takes. */
export const claimedSchema = z.strictObject({
  /** For everything that follows: says who has which attempt, until when, and how much they may send. */
  ticket: z.string().max(2000),
  attempt: z.strictObject({ jobId: z.string(), holder: z.string(), number: z.number().int() }),
  leaseMs: z.number().positive(),
  expected: z
    .strictObject({ secondsBefore: z.number(), secondsPerStep: z.number(), secondsAfter: z.number() })
    .exactOptional(),
  wantsPreview: z.literal(true).exactOptional(),
  spec: specWithoutBytesSchema,
  files: z.partialRecord(z.enum(inputFiles), fileSchema),
  /** `store`: what the worker brings goes where {@link uploadPlanSchema} says, and not to the bot. */
  uploads: z.literal('store').exactOptional(),
});

/** @see claimedSchema */
export type Claimed = z.output<typeof claimedSchema>;

/** Hands a clip in whose files were sent. */
export const handInSchema = z.strictObject({
  clip: clipWithoutBytesSchema,
  files: z.strictObject({ clip: fileSchema, master: fileSchema.exactOptional() }),
});

/** Asks where a file is to be sent. */
export const uploadSchema = z.strictObject({ name: z.enum(outputFiles), file: fileSchema });

/** What of a file is to be sent, and where: from `at` up to and without `end`. Nothing: it is there whole. */
export const uploadPlanSchema = z.strictObject({
  parts: z.array(z.strictObject({ at: z.number().int(), end: z.number().int(), url: z.url() })),
});

/** @see uploadPlanSchema */
export type UploadPlan = z.output<typeof uploadPlanSchema>;

/** Hands a checkpoint in that was sent. */
export const checkpointSchema = z.strictObject({ file: fileSchema });

/** Shows a preview, which is small enough for words. */
export const previewSchema = z.strictObject({ webp: z.base64().max(Math.ceil(maxPreviewBytes / 3) * 4) });

/** Why something was refused. */
export const refusalSchema = z.strictObject({ error: wireErrorSchema });

/** Parts a spec from its files. */
export function splitSpec(spec: RenderSpec): { spec: Claimed['spec']; files: Partial<Record<InputFile, Uint8Array>> } {
  const { picture, endPicture, base, checkpoint, framesDir: _, ...rest } = spec;
  const files = {
    picture,
    ...(endPicture && { endPicture }),
    ...(base && { master: base.master }),
    ...(checkpoint && { checkpoint }),
  };
  if (base === undefined) return { spec: rest, files };
  const { use, metadata } = base;
  return { spec: { ...rest, base: { use, metadata } }, files };
}

/** @see splitSpec */
export function joinSpec(
  { base, ...spec }: Claimed['spec'],
  { picture, endPicture, master, checkpoint }: Partial<Record<InputFile, Uint8Array>>,
): RenderSpec {
  if (picture === undefined || (base !== undefined && master === undefined)) throw new Error('A file is missing.');
  return {
    ...spec,
    picture,
    ...(endPicture && { endPicture }),
    ...(base && { base: { ...base, master: master! } }),
    ...(checkpoint && { checkpoint }),
  };
}

/** Parts a clip from its files. */
export function splitClip({ bytes, master, ...clip }: Clip): {
  clip: z.output<typeof clipWithoutBytesSchema>;
  files: { clip: Uint8Array; master?: Uint8Array };
} {
  return { clip, files: { clip: bytes, ...(master && { master }) } };
}

/** Not on the event loop: frames are tens of megabytes. */
export async function factsOf(bytes: Uint8Array): Promise<FileFacts> {
  const digest = await webcrypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>);
  return { bytes: bytes.byteLength, sha256: Buffer.from(digest).toString('hex') };
}
