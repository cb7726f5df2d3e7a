import { GraphError } from '../../errors.ts';
import type { DataType } from '../onnx/types.ts';

/** A tensor inside a graph under construction. Shapes are always known. */
export interface Value {
  /** Unique in its graph. */
  readonly name: string;
  readonly dataType: DataType;
  readonly shape: readonly number[];
  /** The content of a small integer constant (a shape, an axis list), for shape inference. */
  readonly integers?: readonly number[];
  /** A matrix that is the transpose of what `shape` says; see `ParameterOptions.mayBeTransposed`. */
  readonly transposed?: true;
  /** What this value is another shape of, for the next change of shape to start from. */
  readonly reshapeOf?: Value;
}

/**
 * The size of one axis, counted from the end where negative.
 * @throws GraphError there is no such axis
 */
export function axisSize(value: Value, axis: number): number {
  const size = value.shape.at(axis);
  if (size === undefined)
    throw new GraphError('graph-shape', `${value.name} [${value.shape.join(', ')}] has no axis ${axis}.`);
  return size;
}

/**
 * The shape of a value that must have four axes, e.g. [batch·frames, channels, height, width].
 * @throws GraphError it has not
 */
export function shape4(value: Value): [number, number, number, number] {
  const [a, b, c, d, ...more] = value.shape;
  if (a === undefined || b === undefined || c === undefined || d === undefined || more.length > 0) {
    throw new GraphError('graph-shape', `${value.name} [${value.shape.join(', ')}] does not have four axes.`);
  }
  return [a, b, c, d];
}

/** The sizes of a stack of pictures, whichever way they lie. */
export interface PictureSizes {
  count: number;
  channels: number;
  height: number;
  width: number;
}

/**
 * The sizes of [n, c, h, w], or of [n, h, w, c] where pictures lie channels last.
 * @throws GraphError the value has not four axes
 */
export function pictureSizes(value: Value, channelsLast: boolean | undefined): PictureSizes {
  const [count, a, b, c] = shape4(value);
  return channelsLast ? { count, height: a, width: b, channels: c } : { count, channels: a, height: b, width: c };
}

/** How many elements a shape holds. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
