import type { GraphBuilder } from '../graph/graph-builder.ts';
import { axisSize, type Value } from '../graph/value.ts';
import { conv2d } from './conv.ts';

/** diffusers `Downsample2D` with convolution: [n, c, h, w] -> [n, c, ⌈h/2⌉, ⌈w/2⌉]. */
export function downsample2d(graph: GraphBuilder, name: string, x: Value): Value {
  return graph.scope(name, () => conv2d(graph, 'conv', x, axisSize(x, 1), { stride: 2, padding: 1 }));
}

/** The same with `padding=0`, as the VAE's encoder has it: one row below and one column to the right are zeros. */
export function downsample2dAsymmetric(graph: GraphBuilder, name: string, x: Value): Value {
  return graph.scope(name, () => conv2d(graph, 'conv', x, axisSize(x, 1), { stride: 2, padding: [0, 0, 1, 1] }));
}

/** diffusers `Upsample2D` with convolution: nearest doubling, then 3×3. [n, c, h, w] -> [n, c, 2h, 2w]. */
export function upsample2d(graph: GraphBuilder, name: string, x: Value): Value {
  return graph.scope(name, () => {
    const scales = graph.constant(Float32Array.of(1, 1, 2, 2), [4], 'float32');
    const doubled = graph.op('Resize', [x, undefined, scales], {
      mode: 'nearest',
      coordinate_transformation_mode: 'asymmetric',
      nearest_mode: 'floor',
    });
    return conv2d(graph, 'conv', doubled, axisSize(x, 1));
  });
}
