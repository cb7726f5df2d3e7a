import type { GraphBuilder } from '../graph/graph-builder.ts';
import { axisSize, shape4, type Value } from '../graph/value.ts';
import { conv2d } from './conv.ts';

/** diffusers `Downsample2D` with convolution: [n, c, h, w] -> [n, c, ⌈h/2⌉, ⌈w/2⌉]. */
export function downsample2d(graph: GraphBuilder, name: string, x: Value): Value {
  return graph.scope(name, () => conv2d(graph, 'conv', x, axisSize(x, 1), { stride: 2, padding: 1 }));
}

/** The same with `padding=0`, as the VAE's encoder has it: one row below and one column to the right are zeros. */
export function downsample2dAsymmetric(graph: GraphBuilder, name: string, x: Value): Value {
  return graph.scope(name, () => conv2d(graph, 'conv', x, axisSize(x, 1), { stride: 2, padding: [0, 0, 1, 1] }));
}

/**
 * diffusers `Upsample2D` with convolution: nearest resize, then 3×3. [n, c, h, w] -> [n, c, h', w'].
 * @param size rows and columns to reach; default: twice as many
 */
export function upsample2d(graph: GraphBuilder, name: string, x: Value, size?: readonly [number, number]): Value {
  return graph.scope(name, () => {
    const [count, channels, height, width] = shape4(x);
    const [toHeight, toWidth] = size ?? [height * 2, width * 2];
    const doubles = toHeight === height * 2 && toWidth === width * 2;
    // ONNX Runtime has a quick kernel for scales of two, which it does not see behind sizes.
    const target = doubles
      ? [graph.constant(Float32Array.of(1, 1, 2, 2), [4], 'float32')]
      : [undefined, graph.integers([count, channels, toHeight, toWidth])];
    const resized = graph.op('Resize', [x, undefined, ...target], {
      mode: 'nearest',
      coordinate_transformation_mode: 'asymmetric',
      nearest_mode: 'floor',
    });
    return conv2d(graph, 'conv', resized, channels);
  });
}
