import type { GraphBuilder } from '../graph/graph-builder.ts';
import { add, convolution, multiply, reshape, transpose } from '../graph/ops.ts';
import { axisSize, elementCount, pictureSizes, type Value } from '../graph/value.ts';
import { silu } from './activations.ts';
import { patchConv, suitsPatches } from './patch-conv.ts';
import { suitsWinograd, winogradConv } from './winograd.ts';

/** How a {@link linear} differs from torch's default. */
export interface LinearOptions {
  /** False: the layer has no bias. */
  bias?: boolean;
  /** Only these output features, from…to (exclusive): a part of a fused projection. */
  rows?: readonly [from: number, to: number];
}

/**
 * torch `Linear`: [..., in] -> [..., outFeatures]. Gemm with transB reads the weight [out, in] as torch keeps it.
 * @param outFeatures rows of the weight in the checkpoint, also where only some of them are used
 */
export function linear(
  graph: GraphBuilder,
  name: string,
  x: Value,
  outFeatures: number,
  { bias = true, rows }: LinearOptions = {},
): Value {
  return graph.scope(name, () => {
    const inFeatures = axisSize(x, -1);
    const options = rows === undefined ? {} : { rows };
    const weight = graph.parameter('weight', [outFeatures, inFeatures], { ...options, mayBeTransposed: true });
    const offset = bias ? graph.parameter('bias', [outFeatures], options) : undefined;
    const flat = reshape(graph, x, [elementCount(x.shape) / inFeatures, inFeatures]);
    const y = graph.op('Gemm', [flat, weight, offset], { transB: weight.transposed === true ? 0 : 1 });
    return reshape(graph, y, x.shape.with(-1, axisSize(y, -1)));
  });
}

/** [n, c, h, w] as the target's pictures lie: the border of a graph. */
export function channelsLast(graph: GraphBuilder, x: Value): Value {
  return graph.target.channelsLast ? transpose(graph, x, [0, 2, 3, 1]) : x;
}

/** The target's pictures as [n, c, h, w]: the other border. */
export function channelsFirst(graph: GraphBuilder, x: Value): Value {
  return graph.target.channelsLast ? graph.scope('output', () => transpose(graph, x, [0, 3, 1, 2])) : x;
}

/** How a {@link conv2d} differs from torch's default. */
export interface Conv2dOptions {
  kernel?: number;
  stride?: number;
  /** Zeros around: one number, or [top, left, bottom, right]. */
  padding?: number | readonly [number, number, number, number];
  bias?: boolean;
}

/** torch `Conv2d`, 3×3 with padding 1 by default: [n, c, h, w] -> [n, outChannels, h', w'], or channels last. */
export function conv2d(
  graph: GraphBuilder,
  name: string,
  x: Value,
  outChannels: number,
  { kernel = 3, stride = 1, padding = Math.floor(kernel / 2), bias = true }: Conv2dOptions = {},
): Value {
  return graph.scope(name, () => {
    const sizes = pictureSizes(x, graph.target.channelsLast);
    const isUsual = kernel === 3 && stride === 1 && padding === 1;
    if (isUsual && suitsPatches(graph, sizes)) return patchConv(graph, x, outChannels, { bias });
    if (isUsual && suitsWinograd(graph, sizes, outChannels)) return winogradConv(graph, x, outChannels, { bias });
    const weight = graph.parameter('weight', [outChannels, sizes.channels, kernel, kernel]);
    const offset = bias ? graph.parameter('bias', [outChannels]) : undefined;
    const pads = typeof padding === 'number' ? [padding, padding, padding, padding] : padding;
    return convolution(graph, [x, weight, offset], {
      kernel_shape: [kernel, kernel],
      pads,
      strides: [stride, stride],
    });
  });
}

/** torch `ConvTranspose2d`, twice as large by default: [n, c, h, w] -> [n, outChannels, (h−1)·stride + kernel − 2·padding, …]. */
export function convTranspose2d(
  graph: GraphBuilder,
  name: string,
  x: Value,
  outChannels: number,
  { kernel = 4, stride = 2, padding = 1 }: { kernel?: number; stride?: number; padding?: number } = {},
): Value {
  return graph.scope(name, () => {
    const weight = graph.parameter('weight', [axisSize(x, 1), outChannels, kernel, kernel]);
    return graph.op('ConvTranspose', [x, weight, graph.parameter('bias', [outChannels])], {
      kernel_shape: [kernel, kernel],
      pads: [padding, padding, padding, padding],
      strides: [stride, stride],
    });
  });
}

/**
 * torch `Conv3d` with kernel (3, 1, 1) and padding (1, 0, 0), as a Conv2d with kernel (3, 1) over frames and pixels:
 * [b, c, f, h·w] -> [b, outChannels, f, h·w], or channels last. No tensor has five axes, which several providers lack.
 */
export function temporalConv(graph: GraphBuilder, name: string, x: Value, outChannels: number): Value {
  return graph.scope(name, () => {
    const { channels } = pictureSizes(x, graph.target.channelsLast);
    const weight = graph.parameter('weight', [outChannels, channels, 3, 1, 1], { as: [outChannels, channels, 3, 1] });
    const offset = graph.parameter('bias', [outChannels]);
    return convolution(graph, [x, weight, offset], { kernel_shape: [3, 1], pads: [1, 0, 1, 0], strides: [1, 1] });
  });
}

/** Every GroupNorm of these networks has 32 groups. */
const groups = 32;

/** torch `GroupNorm` and then `SiLU`, which CUDA has in one operator; see {@link groupNorm}. */
export function groupNormSilu(graph: GraphBuilder, name: string, x: Value, eps: number): Value {
  if (hasGroupNormKernel(graph, x)) return channelsLastGroupNorm(graph, name, x, { eps, activation: 1 });
  const normed = groupNorm(graph, name, x, eps);
  return graph.scope(name, () => silu(graph, normed));
}

/**
 * torch `GroupNorm` with 32 groups over [n, c, ...], or [n, h, w, c] channels last: each group is one instance of an
 * InstanceNormalization, since ONNX Runtime has no GroupNorm kernel on CPU.
 */
export function groupNorm(graph: GraphBuilder, name: string, x: Value, eps: number): Value {
  if (hasGroupNormKernel(graph, x)) return channelsLastGroupNorm(graph, name, x, { eps, activation: 0 });
  if (graph.target.channelsLast) {
    const first = graph.scope(name, () => transpose(graph, x, [0, 3, 1, 2]));
    const normed = instanceGroupNorm(graph, name, first, eps);
    return graph.scope(name, () => transpose(graph, normed, [0, 2, 3, 1]));
  }
  return instanceGroupNorm(graph, name, x, eps);
}

/**
 * Whether CUDA's GroupNorm takes the channels: each of its threads reads two of one group (group_norm_impl.cu,
 * `CHANNELS_PER_THREAD`), so that a group of an odd number is refused, and that only when the network runs. All groups
 * of SVD are even; toy models have odd ones.
 */
function hasGroupNormKernel({ target: { channelsLast } }: GraphBuilder, x: Value): boolean {
  return channelsLast === true && (pictureSizes(x, true).channels / groups) % 2 === 0;
}

/** [n, c, ...] -> the same. */
function instanceGroupNorm(graph: GraphBuilder, name: string, x: Value, eps: number): Value {
  return graph.scope(name, () => {
    const [batch, channels] = [axisSize(x, 0), axisSize(x, 1)];
    const grouped = reshape(graph, x, [batch, groups, elementCount(x.shape) / (batch * groups)]);
    const ones = graph.constant(new Float32Array(groups).fill(1), [groups]);
    const zeros = graph.constant(new Float32Array(groups), [groups]);
    const normed = graph.op('InstanceNormalization', [grouped, ones, zeros], { epsilon: { float: eps } });
    const perChannel = [channels, ...x.shape.slice(2).map(() => 1)]; // [c, 1, ...] against [n, c, ...]
    const weight = graph.parameter('weight', [channels], { as: perChannel });
    const bias = graph.parameter('bias', [channels], { as: perChannel });
    return add(graph, multiply(graph, reshape(graph, normed, x.shape), weight), bias);
  });
}

/** CUDA's own operator: its sums are float32, and so are its scale and offset, whatever the pictures are in. */
function channelsLastGroupNorm(
  graph: GraphBuilder,
  name: string,
  x: Value,
  { eps, activation }: { eps: number; activation: 0 | 1 },
): Value {
  return graph.scope(name, () => {
    const { channels } = pictureSizes(x, true);
    const vectors = ['weight', 'bias'].map((key) => graph.parameter(key, [channels], { precision: 'float32' }));
    const attributes = { groups, epsilon: { float: eps }, activation, channels_last: 1 };
    return graph.op('GroupNorm', [x, ...vectors], attributes, 'com.microsoft');
  });
}

/** torch `LayerNorm` over the last axis: [..., c] -> [..., c]. */
export function layerNorm(graph: GraphBuilder, name: string, x: Value, eps = 1e-5): Value {
  return graph.scope(name, () => {
    const size = axisSize(x, -1);
    const inputs = [x, graph.parameter('weight', [size]), graph.parameter('bias', [size])];
    return graph.op('LayerNormalization', inputs, { axis: -1, epsilon: { float: eps } });
  });
}
