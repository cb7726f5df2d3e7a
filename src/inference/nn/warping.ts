import type { GraphBuilder } from '../graph/graph-builder.ts';
import { add, concat, multiply, reshape, scalar, slice, subtract } from '../graph/ops.ts';
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

/**
 * RIFE's `warp` (warplayer.py): at each pixel the value that lies `flow` away from it, between pixels bilinearly; outside,
 * the picture's edge goes on.
 * @param x [1, c, h, w]
 * @param flow [1, 2, h, w]: pixels to the right, pixels down
 */
export function warp(graph: GraphBuilder, x: Value, flow: Value): Value {
  // ONNX Runtime's WebGPU provider has no GridSample.
  return graph.target.provider === 'webgpu' ? warpByGather(graph, x, flow) : warpByGrid(graph, x, flow);
}

/** One of the flow's two directions, [1, 1, h, w]. */
const along = (graph: GraphBuilder, flow: Value, axis: 0 | 1) => slice(graph, flow, 1, [axis, axis + 1]);

/** -1 … 1 in `count` steps, both ends included. */
const linspace = (count: number) => Float32Array.from({ length: count }, (_, i) => (2 * i) / (count - 1) - 1);

function warpByGrid(graph: GraphBuilder, x: Value, flow: Value): Value {
  const [, , height, width] = shape4(flow);
  const axis = (index: 0 | 1, size: number, shape: readonly number[]) => {
    const moved = multiply(graph, along(graph, flow, index), scalar(graph, 2 / (size - 1)));
    const place = add(graph, moved, graph.constant(linspace(size), shape));
    return reshape(graph, place, [1, height, width, 1]);
  };
  const grid = concat(graph, [axis(0, width, [1, 1, 1, width]), axis(1, height, [1, 1, height, 1])], 3);
  return graph.op('GridSample', [x, grid], { mode: 'linear', padding_mode: 'border', align_corners: 1 });
}

/** The same from four neighbours, each fetched by its place; places are whole and below 2^24, which float32 holds exactly. */
function warpByGather(graph: GraphBuilder, x: Value, flow: Value): Value {
  const [, channels, height, width] = shape4(x);
  const count = height * width;
  const flat = reshape(graph, x, [channels, count]);

  /** Where along an axis: the neighbours before and after, and how far it is to the second. */
  const places = (axis: 0 | 1, size: number, shape: readonly number[]) => {
    const inside = (value: Value) => graph.op('Clip', [value, limit(graph, 0), limit(graph, size - 1)]);
    const numbers = graph.constant(
      Float32Array.from({ length: size }, (_, i) => i),
      shape,
    );
    const place = inside(add(graph, along(graph, flow, axis), numbers));
    const before = graph.op('Floor', [place]);
    const after = inside(add(graph, before, scalar(graph, 1)));
    return { before, after, share: subtract(graph, place, before) };
  };
  const columns = places(0, width, [1, 1, 1, width]);
  const rows = places(1, height, [1, 1, height, 1]);

  const fetch = (row: Value, column: Value) => {
    const place = add(graph, multiply(graph, row, scalar(graph, width)), column);
    const index = graph.cast(reshape(graph, place, [count]), 'int32');
    return reshape(graph, graph.op('Gather', [flat, index], { axis: 1 }), [1, channels, height, width]);
  };
  const between = (from: Value, to: Value, share: Value) =>
    add(graph, from, multiply(graph, subtract(graph, to, from), share));
  const inRow = (row: Value) => between(fetch(row, columns.before), fetch(row, columns.after), columns.share);
  return between(inRow(rows.before), inRow(rows.after), rows.share);
}

/** A number without an axis, as Clip takes its limits. */
const limit = (graph: GraphBuilder, value: number): Value => graph.constant(Float32Array.of(value), []);
