import type { GraphBuilder } from '../graph/graph-builder.ts';
import { add, concat, multiply, reshape, scalar, slice } from '../graph/ops.ts';
import { shape4, type Value } from '../graph/value.ts';

/**
 * torch `interpolate(…, mode='bilinear', align_corners=False)`: [n, c, h, w] -> [n, c, height, width]. Where it becomes
 * smaller, pixels between the samples are not averaged.
 */
export function resizeBilinear(graph: GraphBuilder, x: Value, [height, width]: readonly [number, number]): Value {
  const [count, channels, fromHeight, fromWidth] = shape4(x);
  if (height === fromHeight && width === fromWidth) return x;
  const sizes = graph.integers([count, channels, height, width]);
  return graph.op('Resize', [x, undefined, undefined, sizes], {
    mode: 'linear',
    coordinate_transformation_mode: 'half_pixel',
  });
}

/** -1 … 1 in `count` steps, both ends included. */
const linspace = (count: number) => Float32Array.from({ length: count }, (_, i) => (2 * i) / (count - 1) - 1);

/**
 * RIFE's `warp` (warplayer.py): at each pixel the value that lies `flow` away from it, between pixels bilinearly; outside,
 * the picture's edge goes on.
 * @param x [1, c, h, w]
 * @param flow [1, 2, h, w]: pixels to the right, pixels down
 */
export function warp(graph: GraphBuilder, x: Value, flow: Value): Value {
  const [, , height, width] = shape4(flow);
  const axis = (index: number, size: number, shape: readonly number[]) => {
    const moved = multiply(graph, slice(graph, flow, 1, [index, index + 1]), scalar(graph, 2 / (size - 1)));
    const place = add(graph, moved, graph.constant(linspace(size), shape));
    return reshape(graph, place, [1, height, width, 1]);
  };
  const grid = concat(graph, [axis(0, width, [1, 1, 1, width]), axis(1, height, [1, 1, height, 1])], 3);
  return graph.op('GridSample', [x, grid], { mode: 'linear', padding_mode: 'border', align_corners: 1 });
}
