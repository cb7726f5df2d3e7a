import { z } from 'zod';
import { positiveInteger } from './parse-config.ts';

/** transformers `CLIPVisionConfig`, with its defaults. */
const visionSchema = z
  .object({
    hidden_size: positiveInteger.default(768),
    intermediate_size: positiveInteger.default(3072),
    projection_dim: positiveInteger.default(512),
    num_hidden_layers: z.number().int().nonnegative().max(1000).default(12),
    num_attention_heads: positiveInteger.default(12),
    num_channels: positiveInteger.default(3),
    image_size: positiveInteger.default(224),
    patch_size: positiveInteger.default(32),
    hidden_act: z.string().default('quick_gelu'),
    layer_norm_eps: z.number().positive().default(1e-5),
  })
  .refine((config) => config.hidden_size % config.num_attention_heads === 0, {
    message: 'hidden_size must be a multiple of num_attention_heads',
  });

/**
 * config.json of `CLIPVisionModelWithProjection`. The config of a whole CLIP has the picture's part in `vision_config`:
 * that alone counts then, as in transformers, also for `projection_dim`.
 */
export const clipVisionConfigSchema = z.preprocess(
  (json) => (isObject(json) && isObject(json.vision_config) ? json.vision_config : json),
  visionSchema,
);

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** See {@link clipVisionConfigSchema}. */
export type ClipVisionConfig = z.infer<typeof clipVisionConfigSchema>;
