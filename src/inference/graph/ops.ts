import { channelsLastDomain } from '../onnx/types.ts';
import type { GraphBuilder } from './graph-builder.ts';
import type { Value } from './value.ts';

/** a + b, broadcast. */
export const add = (graph: GraphBuilder, a: Value, b: Value): Value => graph.op('Add', [a, b]);

/** a − b, broadcast. */
export const subtract = (graph: GraphBuilder, a: Value, b: Value): Value => graph.op('Sub', [a, b]);

/** a · b element by element, broadcast. */
export const multiply = (graph: GraphBuilder, a: Value, b: Value): Value => graph.op('Mul', [a, b]);

/** a / b element by element, broadcast. */
export const divide = (graph: GraphBuilder, a: Value, b: Value): Value => graph.op('Div', [a, b]);

/** Matrix product over the last two axes. */
export const matMul = (graph: GraphBuilder, a: Value, b: Value): Value => graph.op('MatMul', [a, b]);

/**
 * The same elements in another shape; free at run time. What was reshaped before is reshaped from its origin, or is its
 * origin, so that a graph has few such nodes: each costs time when the graph is loaded.
 */
export function reshape(graph: GraphBuilder, x: Value, shape: readonly number[]): Value {
  const wanted = shape.join();
  if (x.shape.join() === wanted) return x;
  const origin = x.reshapeOf ?? x;
  if (origin.shape.join() === wanted) return origin;
  return { ...graph.op('Reshape', [origin, graph.integers(shape)]), reshapeOf: origin };
}

/** Axes in another order: output axis i is input axis `order[i]`. */
export const transpose = (graph: GraphBuilder, x: Value, order: readonly number[]): Value =>
  graph.op('Transpose', [x], { perm: order });

/**
 * The operator Conv, on pictures as the target has them. Channels last, ONNX Runtime's CUDA kernel takes the weight as torch
 * keeps it, and the card turns it once, when the session is made (`PrePack` in its conv.cc). NhwcConv of com.microsoft is
 * the same kernel but wants the weight turned: such a Transpose is folded on one thread of the processor, which took longer
 * than all the rest of loading SVD XT's UNet.
 */
export const convolution = (
  graph: GraphBuilder,
  inputs: readonly [x: Value, weight: Value, bias: Value | undefined],
  attributes: Readonly<Record<string, readonly number[]>>,
): Value => graph.op('Conv', inputs, attributes, graph.target.channelsLast ? channelsLastDomain : '');

/** Joins along one axis. */
export const concat = (graph: GraphBuilder, values: readonly Value[], axis: number): Value =>
  graph.op('Concat', values, { axis });

/** Elements from…to (exclusive) of one axis. */
export const slice = (graph: GraphBuilder, x: Value, axis: number, [from, to]: readonly [number, number]): Value =>
  graph.op('Slice', [x, graph.integers([from]), graph.integers([to]), graph.integers([axis])]);

/** Repeats axes of size 1 up to `shape`. */
export const expand = (graph: GraphBuilder, x: Value, shape: readonly number[]): Value =>
  graph.op('Expand', [x, graph.integers(shape)]);

/** A one-element constant of shape [1]. */
export const scalar = (graph: GraphBuilder, value: number): Value => graph.constant(Float32Array.of(value), [1]);
