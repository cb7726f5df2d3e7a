import type { GraphBuilder } from '../graph/graph-builder.ts';
import { add, multiply, reshape, scalar, subtract, transpose } from '../graph/ops.ts';
import { axisSize, elementCount, pictureSizes, type Value } from '../graph/value.ts';
import type { ClipBatch } from './attention.ts';
import { conv2d, groupNormSilu, linear, temporalConv } from './layers.ts';

/** What a resnet block needs besides its input. */
export interface ResnetBlockOptions {
  outChannels: number;
  eps: number;
  /**
   * SiLU of the time embedding, [b, timeEmbedDim]; undefined where the block takes none. diffusers repeats it for each
   * frame and takes the SiLU in each block; both are done once here.
   */
  temb?: Value | undefined;
}

/** diffusers `ResnetBlock2D`: [b·f, c, h, w] -> [b·f, outChannels, h, w], or channels last. */
export function resnetBlock2d(
  graph: GraphBuilder,
  name: string,
  x: Value,
  { outChannels, eps, temb }: ResnetBlockOptions,
): Value {
  return graph.scope(name, () => {
    let hidden = groupNormSilu(graph, 'norm1', x, eps);
    hidden = conv2d(graph, 'conv1', hidden, outChannels);
    if (temb !== undefined) hidden = addPerClip(graph, hidden, linear(graph, 'time_emb_proj', temb, outChannels));
    hidden = groupNormSilu(graph, 'norm2', hidden, eps);
    hidden = conv2d(graph, 'conv2', hidden, outChannels);
    const same = pictureSizes(x, graph.target.channelsLast).channels === outChannels;
    return add(graph, same ? x : conv2d(graph, 'conv_shortcut', x, outChannels, { kernel: 1 }), hidden);
  });
}

/** Adds a vector per clip and channel, [b, c], to every frame and pixel of [b·f, c, h, w], or of [b·f, h, w, c]. */
function addPerClip(graph: GraphBuilder, x: Value, vector: Value): Value {
  const { channelsLast } = graph.target;
  const { count, channels, height, width } = pictureSizes(x, channelsLast);
  const batch = axisSize(vector, 0);
  const pixels = height * width;
  const clips = channelsLast ? [batch, count / batch, pixels, channels] : [batch, count / batch, channels, pixels];
  const perClip = channelsLast ? [batch, 1, 1, channels] : [batch, 1, channels, 1];
  return reshape(graph, add(graph, reshape(graph, x, clips), reshape(graph, vector, perClip)), x.shape);
}

/** The branch of diffusers `TemporalResnetBlock` that is added to its input: [b, c, f, h·w] -> same, or channels last. */
export function temporalResnetBranch(
  graph: GraphBuilder,
  name: string,
  x: Value,
  { eps, temb }: Omit<ResnetBlockOptions, 'outChannels'>,
): Value {
  return graph.scope(name, () => {
    const { channelsLast } = graph.target;
    const { count: batch, channels } = pictureSizes(x, channelsLast);
    let hidden = groupNormSilu(graph, 'norm1', x, eps);
    hidden = temporalConv(graph, 'conv1', hidden, channels);
    if (temb !== undefined) {
      const vector = linear(graph, 'time_emb_proj', temb, channels); // [b, c]
      const perClip = channelsLast ? [batch, 1, 1, channels] : [batch, channels, 1, 1];
      hidden = add(graph, hidden, reshape(graph, vector, perClip));
    }
    hidden = groupNormSilu(graph, 'norm2', hidden, eps);
    return temporalConv(graph, 'conv2', hidden, channels);
  });
}

/** What a spatio-temporal resnet block needs besides its input. */
export interface SpatioTemporalResBlockOptions extends ResnetBlockOptions, ClipBatch {
  /** Default: `eps`. */
  temporalEps?: number;
  switchSpatialToTemporalMix?: boolean;
}

/**
 * diffusers `SpatioTemporalResBlock`: [b·f, c, h, w] -> [b·f, outChannels, h, w]. The temporal block is its input plus
 * a branch, so blending the two is the input plus a share of the branch; only the branch is transposed back. Channels
 * last, frames and pixels lie in one order for both blocks, and nothing is transposed.
 */
export function spatioTemporalResBlock(
  graph: GraphBuilder,
  name: string,
  x: Value,
  options: SpatioTemporalResBlockOptions,
): Value {
  const { batch, frames, eps, temporalEps = eps, switchSpatialToTemporalMix = false } = options;
  return graph.scope(name, () => {
    const spatial = resnetBlock2d(graph, 'spatial_res_block', x, options);
    const clips = clipsOf(graph, spatial, { batch, frames });
    const input = toTemporal(graph, clips);
    const branch = temporalResnetBranch(graph, 'temporal_res_block', input, { ...options, eps: temporalEps });
    const share = temporalShare(graph, 'time_mixer', { switchSpatialToTemporalMix });
    const back = toTemporal(graph, multiply(graph, branch, share));
    return reshape(graph, add(graph, clips, back), spatial.shape);
  });
}

/** [b·f, c, h, w] as [b, f, c, h·w]; channels last, [b·f, h, w, c] as [b, f, h·w, c]. */
export function clipsOf(graph: GraphBuilder, x: Value, { batch, frames }: ClipBatch): Value {
  const { channelsLast } = graph.target;
  const { channels } = pictureSizes(x, channelsLast);
  const pixels = elementCount(x.shape) / (batch * frames * channels);
  return reshape(graph, x, channelsLast ? [batch, frames, pixels, channels] : [batch, frames, channels, pixels]);
}

/** [b, f, c, h·w] -> [b, c, f, h·w], as temporal layers take it, and back. Channels last, they take it as it is. */
export function toTemporal(graph: GraphBuilder, x: Value): Value {
  return graph.target.channelsLast ? x : transpose(graph, x, [0, 2, 1, 3]);
}

/**
 * The share of the temporal branch in diffusers `AlphaBlender` ("learned" and, for clips, "learned_with_images"):
 * 1 − sigmoid(mix_factor), or sigmoid(mix_factor) with `switchSpatialToTemporalMix`. Shape [1].
 */
export function temporalShare(
  graph: GraphBuilder,
  name: string,
  { switchSpatialToTemporalMix = false }: { switchSpatialToTemporalMix?: boolean } = {},
): Value {
  return graph.scope(name, () => {
    const alpha = graph.op('Sigmoid', [graph.parameter('mix_factor', [1])]);
    return switchSpatialToTemporalMix ? alpha : subtract(graph, scalar(graph, 1), alpha);
  });
}

/** diffusers `AlphaBlender`: spatial + share · (temporal − spatial), any shape. */
export function alphaBlender(graph: GraphBuilder, name: string, spatial: Value, temporal: Value): Value {
  const share = temporalShare(graph, name);
  return add(graph, spatial, multiply(graph, subtract(graph, temporal, spatial), share));
}
