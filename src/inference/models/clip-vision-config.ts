import { z } from 'zod';
import { positiveInteger } from './parse-config.ts';

/** transformers `CLIPVisionConfig`: config.json of `CLIPVisionModelWithProjection`, with its defaults. */
export const clipVisionConfigSchema = z
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

/** See {@link clipVisionConfigSchema}. */
export type ClipVisionConfig = z.infer<typeof clipVisionConfigSchema>;
