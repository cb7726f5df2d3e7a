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
