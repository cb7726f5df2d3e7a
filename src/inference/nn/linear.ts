import type { GraphBuilder } from '../graph/graph-builder.ts';
import { reshape } from '../graph/ops.ts';
import { axisSize, elementCount, type Value } from '../graph/value.ts';

/** How a {@link linear} differs from torch's default. */
export interface LinearOptions {
  /** False: the layer has no bias. */
  bias?: boolean;
  /** Only these output features, from…to (exclusive): a part of a fused projection. */
  rows?: readonly [from: number, to: number];
}

/**
 * torch `Linear`: [..., in] -> [..., outFeatures]. Gemm with transB reads the weight [out, in] as torch keeps it.
 * @param outFeatures rows of the weight in the checkpoint, also where only some of them are used
 */
export function linear(
  graph: GraphBuilder,
  name: string,
  x: Value,
  outFeatures: number,
  { bias = true, rows }: LinearOptions = {},
): Value {
  return graph.scope(name, () => {
    const inFeatures = axisSize(x, -1);
    const options = rows === undefined ? {} : { rows };
    const weight = graph.parameter('weight', [outFeatures, inFeatures], { ...options, mayBeTransposed: true });
    const offset = bias ? graph.parameter('bias', [outFeatures], options) : undefined;
    const flat = reshape(graph, x, [elementCount(x.shape) / inFeatures, inFeatures]);
    const y = graph.op('Gemm', [flat, weight, offset], { transB: weight.transposed === true ? 0 : 1 });
    return reshape(graph, y, x.shape.with(-1, axisSize(y, -1)));
  });
}
