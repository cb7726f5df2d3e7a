import { z } from 'zod';
import { positiveInteger } from './parse-config.ts';

/** diffusers `AutoencoderKLTemporalDecoder`: its config.json, with its defaults. */
export const vaeConfigSchema = z
  .object({
    in_channels: positiveInteger.default(3),
    out_channels: positiveInteger.default(3),
    down_block_types: z.array(z.enum(['DownEncoderBlock2D', 'AttnDownEncoderBlock2D'])).min(1),
    block_out_channels: z.array(positiveInteger.multipleOf(32)).min(1),
    layers_per_block: positiveInteger.default(1),
    latent_channels: positiveInteger.default(4),
    scaling_factor: z.number().positive().default(0.18215),
    force_upcast: z.boolean().default(true),
  })
  .refine((config) => config.down_block_types.length === config.block_out_channels.length, {
    message: 'down_block_types and block_out_channels must be of one length',
  });

/** See {@link vaeConfigSchema}. */
export type VaeConfig = z.infer<typeof vaeConfigSchema>;

/** Pixels per latent, along one side. */
export function vaeScaleFactor(config: VaeConfig): number {
  return 2 ** (config.block_out_channels.length - 1);
}
