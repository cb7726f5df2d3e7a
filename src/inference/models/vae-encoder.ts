import type { GraphBuilder } from '../graph/graph-builder.ts';
import { slice } from '../graph/ops.ts';
import { pictureSizes, type Value } from '../graph/value.ts';
import { pixelAttention } from '../nn/attention.ts';
import { channelsFirst, channelsLast, conv2d, groupNormSilu } from '../nn/layers.ts';
import { downsample2dAsymmetric } from '../nn/resampling.ts';
import { resnetBlock2d } from '../nn/resnet-block.ts';
import type { VaeConfig } from './vae-config.ts';

/** Every GroupNorm of the encoder. */
const eps = 1e-6;

/**
 * `AutoencoderKLTemporalDecoder.encode(sample).latent_dist.mode()`: input `sample` [batch, in_channels, height, width]
 * in [-1, 1], output `latents` [batch, latent_channels, height/s, width/s], not scaled.
 */
export function vaeEncoder(
  graph: GraphBuilder,
  config: VaeConfig,
  { height, width, batch = 1 }: { height: number; width: number; batch?: number },
): void {
  const sample = graph.input('sample', [batch, config.in_channels, height, width]);
  const channels = 2 * config.latent_channels;
  const hidden = encoder(graph, 'encoder', channelsLast(graph, sample), config);
  const moments = channelsFirst(graph, conv2d(graph, 'quant_conv', hidden, channels, { kernel: 1 }));
  graph.output('latents', slice(graph, moments, 1, [0, config.latent_channels])); // the mode is the mean
}

/** diffusers `Encoder` (vae.py) with `double_z`: [n, c, h, w] -> [n, 2·latent_channels, h/s, w/s]. */
export function encoder(graph: GraphBuilder, name: string, x: Value, config: VaeConfig): Value {
  const { block_out_channels, down_block_types } = config;
  return graph.scope(name, () => {
    let hidden = conv2d(graph, 'conv_in', x, block_out_channels[0] ?? 0);
    for (const [i, outChannels] of block_out_channels.entries()) {
      hidden = downEncoderBlock2d(graph, `down_blocks.${i}`, hidden, {
        outChannels,
        layers: config.layers_per_block,
        attention: down_block_types[i] === 'AttnDownEncoderBlock2D',
        downsample: i < block_out_channels.length - 1,
      });
    }
    hidden = midBlock2d(graph, 'mid_block', hidden);
    hidden = groupNormSilu(graph, 'conv_norm_out', hidden, eps);
    return conv2d(graph, 'conv_out', hidden, 2 * config.latent_channels);
  });
}

/** diffusers `DownEncoderBlock2D` and, with attention, `AttnDownEncoderBlock2D` (unet_2d_blocks.py). */
export function downEncoderBlock2d(
  graph: GraphBuilder,
  name: string,
  x: Value,
  options: { outChannels: number; layers: number; attention: boolean; downsample: boolean },
): Value {
  return graph.scope(name, () => {
    let hidden = x;
    for (let layer = 0; layer < options.layers; layer++) {
      hidden = resnetBlock2d(graph, `resnets.${layer}`, hidden, { outChannels: options.outChannels, eps });
      if (options.attention) hidden = pixelAttention(graph, `attentions.${layer}`, hidden, { heads: 1, eps });
    }
    return options.downsample ? downsample2dAsymmetric(graph, 'downsamplers.0', hidden) : hidden;
  });
}

/** diffusers `UNetMidBlock2D` with one attention over all channels as one head (unet_2d_blocks.py). */
export function midBlock2d(graph: GraphBuilder, name: string, x: Value): Value {
  return graph.scope(name, () => {
    const outChannels = pictureSizes(x, graph.target.channelsLast).channels;
    let hidden = resnetBlock2d(graph, 'resnets.0', x, { outChannels, eps });
    hidden = pixelAttention(graph, 'attentions.0', hidden, { heads: 1, eps });
    return resnetBlock2d(graph, 'resnets.1', hidden, { outChannels, eps });
  });
}
