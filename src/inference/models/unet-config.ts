import { z } from 'zod';
import { perBlock, positiveInteger } from './parse-config.ts';

const oneOrPerBlock = z.union([positiveInteger, z.array(positiveInteger)]);
/** `transformer_layers_per_block`: one number, one per block, or a list per block with one per layer. */
const layersOrLists = z.union([positiveInteger, z.array(z.union([positiveInteger, z.array(positiveInteger)]))]);

/** diffusers `UNetSpatioTemporalConditionModel`: its config.json, with its defaults. */
export const unetConfigSchema = z
  .object({
    sample_size: z.union([positiveInteger, z.tuple([positiveInteger, positiveInteger])]).nullish(),
    in_channels: positiveInteger.default(8),
    out_channels: positiveInteger.default(4),
    down_block_types: z
      .array(z.enum(['CrossAttnDownBlockSpatioTemporal', 'DownBlockSpatioTemporal']))
      .default([
        'CrossAttnDownBlockSpatioTemporal',
        'CrossAttnDownBlockSpatioTemporal',
        'CrossAttnDownBlockSpatioTemporal',
        'DownBlockSpatioTemporal',
      ]),
    up_block_types: z
      .array(z.enum(['CrossAttnUpBlockSpatioTemporal', 'UpBlockSpatioTemporal']))
      .default([
        'UpBlockSpatioTemporal',
        'CrossAttnUpBlockSpatioTemporal',
        'CrossAttnUpBlockSpatioTemporal',
        'CrossAttnUpBlockSpatioTemporal',
      ]),
    block_out_channels: z.array(positiveInteger.multipleOf(32)).min(1).default([320, 640, 1280, 1280]),
    addition_time_embed_dim: positiveInteger.multipleOf(2).default(256),
    projection_class_embeddings_input_dim: positiveInteger.default(768),
    layers_per_block: oneOrPerBlock.default(2),
    cross_attention_dim: oneOrPerBlock.default(1024),
    transformer_layers_per_block: layersOrLists.default(1),
    num_attention_heads: oneOrPerBlock.default([5, 10, 20, 20]),
    num_frames: positiveInteger.default(25),
  })
  .superRefine((config, context) => {
    const count = config.block_out_channels.length;
    const lists = ['down_block_types', 'up_block_types', 'layers_per_block', 'cross_attention_dim'] as const;
    for (const key of [...lists, 'num_attention_heads', 'transformer_layers_per_block'] as const) {
      const value = config[key];
      if (!Array.isArray(value) || value.length === count) continue;
      context.addIssue({ code: 'custom', path: [key], message: `must have ${count} entries, one per block` });
    }
    const heads = perBlock(config.num_attention_heads, count);
    for (const [i, channels] of config.block_out_channels.entries()) {
      if (channels % (heads[i] ?? 1) === 0) continue;
      const message = `${channels} channels do not divide by ${heads[i]} heads`;
      context.addIssue({ code: 'custom', path: ['num_attention_heads', i], message });
    }
    const perCrossBlock = new Set(perBlock(config.cross_attention_dim, count));
    if (perCrossBlock.size > 1) {
      // diffusers takes such a config and fails when it runs: one context cannot have several widths.
      context.addIssue({ code: 'custom', path: ['cross_attention_dim'], message: 'must be the same for every block' });
    }
  });

/** See {@link unetConfigSchema}. */
export type UnetConfig = z.infer<typeof unetConfigSchema>;

/** What one block of the UNet is made with. */
export interface UnetBlockConfig {
  channels: number;
  heads: number;
  /** Resnets in a down block; an up block has one more. */
  layers: number;
  /** Transformer layers after each resnet: one number, or one per resnet. */
  transformerLayers: number | readonly number[];
}

/** The config's per-block lists as one list of blocks, outermost first. */
export function unetBlocks(config: UnetConfig): UnetBlockConfig[] {
  const count = config.block_out_channels.length;
  const layers = perBlock(config.layers_per_block, count);
  const heads = perBlock(config.num_attention_heads, count);
  const transformerLayers = perBlock<number | number[]>(config.transformer_layers_per_block, count);
  return config.block_out_channels.map((channels, i) => ({
    channels,
    heads: heads[i] ?? 1,
    layers: layers[i] ?? 1,
    transformerLayers: transformerLayers[i] ?? 1,
  }));
}

/** The width of the one context token. */
export function crossAttentionDim(config: UnetConfig): number {
  return perBlock(config.cross_attention_dim, 1)[0] ?? 0;
}
