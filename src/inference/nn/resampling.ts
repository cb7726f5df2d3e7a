import type { GraphBuilder } from '../graph/graph-builder.ts';
import { add, concat, slice } from '../graph/ops.ts';
import { axisSize, pictureSizes, type Value } from '../graph/value.ts';
import { conv2d } from './layers.ts';

/** diffusers `Downsample2D` with convolution: [n, c, h, w] -> [n, c, ⌈h/2⌉, ⌈w/2⌉]. */
export function downsample2d(graph: GraphBuilder, name: string, x: Value): Value {
  return graph.scope(name, () => conv2d(graph, 'conv', x, channelsOf(graph, x), { stride: 2, padding: 1 }));
}

/** The same with `padding=0`, as the VAE's encoder has it: one row below and one column to the right are zeros. */
export function downsample2dAsymmetric(graph: GraphBuilder, name: string, x: Value): Value {
  return graph.scope(name, () => conv2d(graph, 'conv', x, channelsOf(graph, x), { stride: 2, padding: [0, 0, 1, 1] }));
}

function channelsOf(graph: GraphBuilder, x: Value): number {
  return pictureSizes(x, graph.target.channelsLast).channels;
}

/**
 * diffusers `Upsample2D` with convolution: nearest resize, then 3×3. [n, c, h, w] -> [n, c, h', w'].
 * @param size rows and columns to reach; default: twice as many
 */
export function upsample2d(graph: GraphBuilder, name: string, x: Value, size?: readonly [number, number]): Value {
  return graph.scope(name, () => {
    const { channelsLast } = graph.target;
    const { count, channels, height, width } = pictureSizes(x, channelsLast);
    const [toHeight, toWidth] = size ?? [height * 2, width * 2];
    const doubles = toHeight === height * 2 && toWidth === width * 2;
    if (doubles && graph.target.foldsWeights) return doubleByParity(graph, x);
    const sizes = channelsLast ? [count, toHeight, toWidth, channels] : [count, channels, toHeight, toWidth];
    // ONNX Runtime's CPU has a quick kernel for scales of two, which it does not see behind sizes.
    const target =
      doubles && !channelsLast
        ? [graph.constant(Float32Array.of(1, 1, 2, 2), [4], 'float32')]
        : [undefined, graph.integers(sizes)];
    const resized = graph.op('Resize', [x, undefined, ...target], {
      mode: 'nearest',
      coordinate_transformation_mode: 'asymmetric',
      nearest_mode: 'floor',
    });
    return conv2d(graph, 'conv', resized, channels);
  });
}

/**
 * The same doubling in 4/9 of the products. Of a doubled picture, three neighbours in a row are two pixels, one of them
 * twice: a row of the kernel (a, b, c) is (a, b + c) for even places and (a + b, c) for odd ones. So each parity of rows
 * and columns is a 2×2 convolution of the small picture, and the four are put together like the squares of a chessboard.
 */
function doubleByParity(graph: GraphBuilder, x: Value): Value {
  const channels = axisSize(x, 1);
  const [weight, bias] = graph.scope('conv', () => [
    graph.parameter('weight', [channels, channels, 3, 3]),
    graph.parameter('bias', [channels]),
  ]);
  const squares = halves(graph, weight, 2).flatMap((rows, oddRow) =>
    halves(graph, rows, 3).map((kernel, oddColumn) =>
      graph.op('Conv', [x, kernel, bias], {
        kernel_shape: [2, 2],
        pads: [1 - oddRow, 1 - oddColumn, oddRow, oddColumn],
        strides: [1, 1],
      }),
    ),
  );
  return graph.op('DepthToSpace', [concat(graph, squares, 1)], { blocksize: 2, mode: 'DCR' });
}

/** A kernel (a, b, c) along an axis, as (a, b + c) and (a + b, c). ONNX Runtime folds this when the session is made. */
function halves(graph: GraphBuilder, kernel: Value, axis: number): [Value, Value] {
  const [a, b, c] = [0, 1, 2].map((at) => slice(graph, kernel, axis, [at, at + 1])) as [Value, Value, Value];
  return [concat(graph, [a, add(graph, b, c)], axis), concat(graph, [add(graph, a, b), c], axis)];
}
