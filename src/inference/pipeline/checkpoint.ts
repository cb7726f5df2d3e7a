import { createHash } from 'node:crypto';
import { z } from 'zod';
import { pipelineStages } from '../../settings/clip.ts';
import type { GeneratorState } from '../random/torch-generator.ts';
import {
  decodeSafetensors,
  encodeSafetensors,
  type SafetensorsContent,
  type TensorValues,
} from '../safetensors/safetensors-bytes.ts';
import type { ImageCondition } from './denoiser.ts';
import type { Fingerprint } from './fingerprint.ts';
import type { PipelineStage } from './types.ts';

/**
 * The state of a run after a denoising step: all that the steps after it depend on, so that a run that goes on from it
 * gives the same frames, bit for bit. What the image encoder and the VAE made of the picture is carried along: it is
 * 151 KB of SVD XT's 3.8 MB, and neither network has to be loaded again.
 */
export interface Checkpoint {
  /** What the run was made of; another run does not go on from it. */
  fingerprint: Fingerprint;
  /** That of the settings, which may have been drawn. */
  seed: number;
  /** Finished denoising steps; with a last picture, finished halves of steps. */
  step: number;
  /** [frames, c, h, w], after that step. */
  latents: Float32Array;
  /** Of the picture; with a last picture, of both. */
  conditions: readonly ImageCondition[];
  /** Ancestral samplers draw noise in every step. */
  generator: GeneratorState;
  /** What the stages took until then. */
  seconds: Record<PipelineStage, number>;
}

/** What stands in the file's metadata, as JSON under the key `kinora`. */
const metadataSchema = z.strictObject({
  fingerprint: z.strictObject({
    version: z.string(),
    model: z.string(),
    settings: z.string(),
    picture: z.string(),
    execution: z.string(),
  }) satisfies z.ZodType<Fingerprint>,
  seed: z.int().nonnegative(),
  step: z.int().positive(),
  generator: z.strictObject({ position: z.int().min(0).max(624), keptNormal: z.number().nullable() }),
  seconds: z.record(z.enum(pipelineStages), z.number().nonnegative()),
  /** Of the tensors' values: a damaged checkpoint must not become a damaged clip. */
  sha256: z.string(),
});

/** Before the names of tensors: those of the first picture, and of the last one. */
const prefixes = ['', 'end_'] as const;

function tensorsOf(condition: ImageCondition, prefix: string): SafetensorsContent['tensors'] {
  const { imageEmbeds, imageLatents, cleanLatents } = condition;
  return {
    [`${prefix}image_embeds`]: flat(imageEmbeds),
    [`${prefix}image_latents`]: flat(imageLatents),
    ...(cleanLatents && { [`${prefix}clean_latents`]: flat(cleanLatents) }),
  };
}

/** The bytes of a checkpoint: a .safetensors file. */
export function encodeCheckpoint({ latents, conditions, generator, ...rest }: Checkpoint): Uint8Array {
  const { words, position, keptNormal = null } = generator;
  const tensors: SafetensorsContent['tensors'] = {
    latents: flat(latents),
    ...Object.fromEntries(conditions.flatMap((condition, at) => Object.entries(tensorsOf(condition, prefixes[at]!)))),
    generator: { dtype: 'U32', shape: [words.length], values: words },
  };
  const sha256 = digest(tensors);
  const metadata: z.infer<typeof metadataSchema> = { ...rest, generator: { position, keptNormal }, sha256 };
  return encodeSafetensors({ metadata: { kinora: JSON.stringify(metadata) }, tensors });
}

/**
 * Reads a checkpoint back. One that cannot be read (damaged, or of another version) is no fault: the run starts over.
 * @param log gets the reason when it is passed over
 */
export function readCheckpoint(bytes: Uint8Array, log: (message: string) => void): Checkpoint | undefined {
  try {
    const { metadata, tensors } = decodeSafetensors(bytes, 'the checkpoint');
    const { generator, sha256, ...rest } = metadataSchema.parse(JSON.parse(metadata.kinora ?? 'null'));
    if (digest(tensors) !== sha256) throw new Error('its values are damaged.');
    const floats = (name: string) => valuesOf(tensors[name], name, Float32Array);
    return {
      ...rest,
      latents: floats('latents'),
      conditions: prefixes.flatMap((prefix): ImageCondition[] => {
        if (tensors[`${prefix}image_embeds`] === undefined) return [];
        const clean = `${prefix}clean_latents`;
        return [
          {
            imageEmbeds: floats(`${prefix}image_embeds`),
            imageLatents: floats(`${prefix}image_latents`),
            ...(tensors[clean] && { cleanLatents: floats(clean) }),
          },
        ];
      }),
      generator: {
        words: valuesOf(tensors.generator, 'generator', Uint32Array),
        position: generator.position,
        keptNormal: generator.keptNormal ?? undefined,
      },
    };
  } catch (error) {
    log(`A checkpoint cannot be read, the clip starts over: ${error instanceof Error ? error.message : error}`);
    return undefined;
  }
}

function digest(tensors: SafetensorsContent['tensors']): string {
  const hash = createHash('sha256');
  for (const [name, { values }] of Object.entries(tensors)) {
    hash.update(name).update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }
  return hash.digest('hex');
}

/** Shapes say nothing here: the settings do. */
function flat(values: Float32Array): TensorValues {
  return { dtype: 'F32', shape: [values.length], values };
}

function valuesOf<Values>(tensor: TensorValues | undefined, name: string, kind: new () => Values): Values {
  if (tensor?.values instanceof kind) return tensor.values;
  throw new Error(`it has no ${name}.`);
}
