import type { GraphBuilder } from '../graph/graph-builder.ts';
import { reshape } from '../graph/ops.ts';
import { pictureSizes, type Value } from '../graph/value.ts';
import { type ClipBatch, pixelAttention } from '../nn/attention.ts';
import { channelsFirst, channelsLast, conv2d, groupNormSilu, temporalConv } from '../nn/layers.ts';
import { upsample2d } from '../nn/resampling.ts';
import { clipsOf, spatioTemporalResBlock, toTemporal } from '../nn/resnet-block.ts';
import type { VaeConfig } from './vae-config.ts';

/** Spatial norms, and those of the temporal branches. */
const eps = 1e-6;
const temporalEps = 1e-5;

/**
 * `AutoencoderKLTemporalDecoder.decode` (autoencoder_kl_temporal_decoder.py): input `z` [batch·frames, latent_channels,
 * h, w], already divided by the scaling factor; output `sample` [batch·frames, out_channels, h·s, w·s] around [-1, 1].
 * Frames of a clip are seen together, so `frames` is the decode chunk.
 */
export function vaeTemporalDecoder(
  graph: GraphBuilder,
  config: VaeConfig,
  { batch = 1, frames, height, width }: Partial<ClipBatch> & { frames: number; height: number; width: number },
): void {
  const z = graph.input('z', [batch * frames, config.latent_channels, height, width]);
  const sample = temporalDecoder(graph, 'decoder', channelsLast(graph, z), { config, batch, frames });
  graph.output('sample', channelsFirst(graph, sample));
}

interface DecoderOptions extends ClipBatch {
  config: VaeConfig;
}

/** diffusers `TemporalDecoder`: [b·f, latent, h, w] -> [b·f, out, h·s, w·s]. */
function temporalDecoder(graph: GraphBuilder, name: string, z: Value, options: DecoderOptions): Value {
  const { block_out_channels, out_channels, layers_per_block } = options.config;
  return graph.scope(name, () => {
    const widths = block_out_channels.toReversed();
    let hidden = conv2d(graph, 'conv_in', z, widths[0] ?? 0);
    hidden = midBlockTemporalDecoder(graph, 'mid_block', hidden, { ...options, layers: layers_per_block });
    for (const [i, outChannels] of widths.entries()) {
      const upsample = i < widths.length - 1;
      const blockOptions = { ...options, outChannels, upsample, layers: layers_per_block + 1 };
      hidden = upBlockTemporalDecoder(graph, `up_blocks.${i}`, hidden, blockOptions);
    }
    hidden = groupNormSilu(graph, 'conv_norm_out', hidden, eps);
    hidden = conv2d(graph, 'conv_out', hidden, out_channels);
    return timeConvOut(graph, 'time_conv_out', hidden, options);
  });
}

/** The decoder's last layer, a convolution over time: [b·f, c, h, w] -> same, or channels last. */
export function timeConvOut(graph: GraphBuilder, name: string, x: Value, { batch, frames }: ClipBatch): Value {
  const { channels } = pictureSizes(x, graph.target.channelsLast);
  const clips = toTemporal(graph, clipsOf(graph, x, { batch, frames }));
  return reshape(graph, toTemporal(graph, temporalConv(graph, name, clips, channels)), x.shape);
}

function temporalResnet(graph: GraphBuilder, name: string, x: Value, options: ClipBatch & { outChannels: number }) {
  return spatioTemporalResBlock(graph, name, x, { ...options, eps, temporalEps, switchSpatialToTemporalMix: true });
}

/**
 * diffusers `MidBlockTemporalDecoder` (unet_3d_blocks.py). It zips its resnets, all but the first, with its ONE
 * attention: with one layer the attention never runs, with more than two the last resnets never do. Their tensors are
 * in the checkpoint all the same.
 */
export function midBlockTemporalDecoder(
  graph: GraphBuilder,
  name: string,
  x: Value,
  options: ClipBatch & { layers: number },
): Value {
  return graph.scope(name, () => {
    const outChannels = pictureSizes(x, graph.target.channelsLast).channels;
    const resnet = (layer: number, input: Value) =>
      temporalResnet(graph, `resnets.${layer}`, input, { ...options, outChannels });
    let hidden = resnet(0, x);
    const attended = pixelAttention(graph, 'attentions.0', hidden, { heads: 1, eps });
    if (options.layers > 1) hidden = resnet(1, attended);
    // Built for their tensors' sake only: no output depends on them, and ONNX Runtime drops them.
    for (let layer = 2; layer < options.layers; layer++) resnet(layer, hidden);
    return hidden;
  });
}

/** diffusers `UpBlockTemporalDecoder`: [b·f, c, h, w] -> [b·f, outChannels, 2h, 2w] (h, w without upsampling). */
export function upBlockTemporalDecoder(
  graph: GraphBuilder,
  name: string,
  x: Value,
  options: ClipBatch & { outChannels: number; layers: number; upsample: boolean },
): Value {
  return graph.scope(name, () => {
    let hidden = x;
    for (let layer = 0; layer < options.layers; layer++) {
      hidden = temporalResnet(graph, `resnets.${layer}`, hidden, options);
    }
    return options.upsample ? upsample2d(graph, 'upsamplers.0', hidden) : hidden;
  });
}
