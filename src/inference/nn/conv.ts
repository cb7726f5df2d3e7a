import type { GraphBuilder } from '../graph/graph-builder.ts';
import { shape4, type Value } from '../graph/value.ts';

/** How a {@link conv2d} differs from torch's default. */
export interface Conv2dOptions {
  kernel?: number;
  stride?: number;
  /** Zeros around: one number, or [top, left, bottom, right]. */
  padding?: number | readonly [number, number, number, number];
  bias?: boolean;
}

/** torch `Conv2d`, 3×3 with padding 1 unless told: [n, c, h, w] -> [n, outChannels, h', w']. */
export function conv2d(
  graph: GraphBuilder,
  name: string,
  x: Value,
  outChannels: number,
  { kernel = 3, stride = 1, padding = Math.floor(kernel / 2), bias = true }: Conv2dOptions = {},
): Value {
  return graph.scope(name, () => {
    const [, channels] = shape4(x);
    const weight = graph.parameter('weight', [outChannels, channels, kernel, kernel]);
    const offset = bias ? graph.parameter('bias', [outChannels]) : undefined;
    const pads = typeof padding === 'number' ? [padding, padding, padding, padding] : padding;
    return graph.op('Conv', [x, weight, offset], {
      kernel_shape: [kernel, kernel],
      pads,
      strides: [stride, stride],
    });
  });
}

/**
 * torch `Conv3d` with kernel (3, 1, 1) and padding (1, 0, 0), as a Conv2d with kernel (3, 1) over frames and pixels:
 * [b, c, f, h·w] -> [b, outChannels, f, h·w]. No tensor has five axes, which several providers lack.
 */
export function temporalConv(graph: GraphBuilder, name: string, x: Value, outChannels: number): Value {
  return graph.scope(name, () => {
    const [, channels] = shape4(x);
    const weight = graph.parameter('weight', [outChannels, channels, 3, 1, 1], { as: [outChannels, channels, 3, 1] });
    const offset = graph.parameter('bias', [outChannels]);
    return graph.op('Conv', [x, weight, offset], { kernel_shape: [3, 1], pads: [1, 0, 1, 0], strides: [1, 1] });
  });
}
