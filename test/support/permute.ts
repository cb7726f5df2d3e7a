import type { Numbers } from './expect-close.ts';

/** Axes in another order, as torch's `permute`: axis i of the result is axis `order[i]` of the input. */
export function permute({ shape, data }: Numbers, order: readonly number[]): Numbers {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1));
  const outShape = order.map((axis) => shape[axis]!);
  const out = new Float32Array(data.length);
  const place = outShape.map(() => 0);
  for (let at = 0; at < out.length; at++) {
    out[at] = data[place.reduce((sum, position, axis) => sum + position * strides[order[axis]!]!, 0)]!;
    for (let axis = place.length - 1; axis >= 0 && ++place[axis]! === outShape[axis]; axis--) place[axis] = 0;
  }
  return { shape: outShape, data: out };
}

/** The same values in another shape. */
export function reshaped({ data }: Numbers, ...shape: number[]): Numbers {
  return { shape, data };
}

/** Every `step`-th row of the first axis: one per clip of what diffusers repeats per frame or pixel. */
export function everyRow({ shape, data }: Numbers, step: number): Numbers {
  const [rows = 0, ...rest] = shape;
  const size = data.length / rows;
  const kept = Array.from({ length: rows / step }, (_, row) =>
    Array.from({ length: size }, (_, at) => data[row * step * size + at]!),
  );
  return { shape: [rows / step, ...rest], data: Float32Array.from(kept.flat()) };
}

/** Pictures [n, c, h, w] with each value repeated to a square, so that they are `size` by `size` (nearest neighbour). */
export function enlarged({ shape, data }: Numbers, size: number): Numbers {
  const [count = 0, channels = 0, height = 0, width = 0] = shape;
  const out = new Float32Array(count * channels * size * size);
  for (let at = 0; at < out.length; at++) {
    const plane = Math.floor(at / (size * size));
    const row = Math.floor(((Math.floor(at / size) % size) * height) / size);
    out[at] = data[(plane * height + row) * width + Math.floor(((at % size) * width) / size)]!;
  }
  return { shape: [count, channels, size, size], data: out };
}
