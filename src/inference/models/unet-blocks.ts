import { GraphError } from '../../errors.ts';
import type { GraphBuilder } from '../graph/graph-builder.ts';
import { concat } from '../graph/ops.ts';
import { pictureSizes, type Value } from '../graph/value.ts';
import type { ClipBatch } from '../nn/attention.ts';
import type { Conditioning } from '../nn/conditioning.ts';
import { downsample2d, upsample2d } from '../nn/resampling.ts';
import { spatioTemporalResBlock } from '../nn/resnet-block.ts';
import { transformerSpatioTemporal } from '../nn/transformer-spatio-temporal.ts';
import type { UnetBlockConfig } from './unet-config.ts';

/** What every block of the UNet is given. */
export interface UnetContext extends ClipBatch {
  /** SiLU of the time embedding, [b, timeEmbedDim]. */
  temb: Value;
  conditioning: Conditioning;
}

/** What tells one block from another. */
export interface UnetBlockOptions extends UnetContext {
  block: UnetBlockConfig;
  /** `CrossAttn…`: a transformer stands after each resnet. */
  crossAttention: boolean;
  /** True where the block ends in a downsampler or upsampler. */
  resample: boolean;
}

/** diffusers `DownBlockSpatioTemporal`; `CrossAttnDownBlockSpatioTemporal` has the smaller (unet_3d_blocks.py). */
const plainDownEps = 1e-5;
const crossAttnDownEps = 1e-6;
const midEps = 1e-5;
/** `get_up_block` does not hand its `resnet_eps` on, so the up blocks have their own default. */
const upEps = 1e-6;

/**
 * diffusers `DownBlockSpatioTemporal` and `CrossAttnDownBlockSpatioTemporal`.
 * @returns the block's states, [b·f, c, h, w] each; the last is its output, all of them go to the up blocks
 */
export function downBlock(graph: GraphBuilder, name: string, x: Value, options: UnetBlockOptions): Value[] {
  const { block, crossAttention, resample } = options;
  const eps = crossAttention ? crossAttnDownEps : plainDownEps;
  return graph.scope(name, () => {
    const states: Value[] = [];
    let hidden = x;
    for (let layer = 0; layer < block.layers; layer++) {
      hidden = spatioTemporalResBlock(graph, `resnets.${layer}`, hidden, {
        ...options,
        outChannels: block.channels,
        eps,
      });
      if (crossAttention) hidden = attention(graph, layer, hidden, options);
      states.push(hidden);
    }
    if (resample) states.push(downsample2d(graph, 'downsamplers.0', hidden));
    return states;
  });
}

/** diffusers `UNetMidBlockSpatioTemporal`: [b·f, c, h, w] -> same. */
export function midBlock(
  graph: GraphBuilder,
  name: string,
  x: Value,
  { block, ...context }: UnetContext & { block: UnetBlockConfig },
): Value {
  const options = { ...context, block, crossAttention: true, resample: false };
  const resnet = { ...context, outChannels: block.channels, eps: midEps };
  return graph.scope(name, () => {
    const hidden = attention(graph, 0, spatioTemporalResBlock(graph, 'resnets.0', x, resnet), options);
    return spatioTemporalResBlock(graph, 'resnets.1', hidden, resnet);
  });
}

/**
 * diffusers `UpBlockSpatioTemporal` and `CrossAttnUpBlockSpatioTemporal`: [b·f, c, h, w] -> [b·f, c', 2h, 2w].
 * @param skips the down blocks' states; those used are taken off its end
 */
export function upBlock(
  graph: GraphBuilder,
  name: string,
  x: Value,
  { skips, ...options }: UnetBlockOptions & { skips: Value[] },
): Value {
  const { block, crossAttention, resample } = options;
  return graph.scope(name, () => {
    let hidden = x;
    for (let layer = 0; layer <= block.layers; layer++) {
      const skip = skips.pop();
      if (skip === undefined) throw new GraphError('graph-unet', `${graph.path()} has no state left to take up.`);
      const joined = concat(graph, [hidden, skip], graph.target.channelsLast ? 3 : 1);
      const resnet = { ...options, outChannels: block.channels, eps: upEps };
      hidden = spatioTemporalResBlock(graph, `resnets.${layer}`, joined, resnet);
      if (crossAttention) hidden = attention(graph, layer, hidden, options);
    }
    if (!resample) return hidden;
    // Where a size was odd on the way down, twice the smaller one misses it: the next state has the right one.
    const next = skips.at(-1);
    const size = next && pictureSizes(next, graph.target.channelsLast);
    return upsample2d(graph, 'upsamplers.0', hidden, size && [size.height, size.width]);
  });
}

function attention(graph: GraphBuilder, layer: number, x: Value, options: UnetBlockOptions): Value {
  const { transformerLayers, heads } = options.block;
  const layers = typeof transformerLayers === 'number' ? transformerLayers : transformerLayers[layer];
  if (layers === undefined) {
    throw new GraphError('graph-unet', `transformer_layers_per_block lacks an entry for ${graph.path()}.${layer}.`);
  }
  return transformerSpatioTemporal(graph, `attentions.${layer}`, x, { ...options, heads, layers });
}
