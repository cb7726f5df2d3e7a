import type { GraphBuilder } from '../graph/graph-builder.ts';
import { add, multiply, reshape } from '../graph/ops.ts';
import { axisSize, elementCount, type Value } from '../graph/value.ts';

/** Every GroupNorm of these networks has 32 groups. */
const groups = 32;

/**
 * torch `GroupNorm` with 32 groups over [n, c, ...]: each group is one instance of an InstanceNormalization, since
 * ONNX Runtime has no GroupNorm kernel on CPU.
 */
export function groupNorm(graph: GraphBuilder, name: string, x: Value, eps: number): Value {
  return graph.scope(name, () => {
    const [batch, channels] = [axisSize(x, 0), axisSize(x, 1)];
    const grouped = reshape(graph, x, [batch, groups, elementCount(x.shape) / (batch * groups)]);
    const ones = graph.constant(new Float32Array(groups).fill(1), [groups]);
    const zeros = graph.constant(new Float32Array(groups), [groups]);
    const normed = graph.op('InstanceNormalization', [grouped, ones, zeros], { epsilon: { float: eps } });
    const perChannel = [channels, ...x.shape.slice(2).map(() => 1)]; // [c, 1, ...] against [n, c, ...]
    const weight = graph.parameter('weight', [channels], { as: perChannel });
    const bias = graph.parameter('bias', [channels], { as: perChannel });
    return add(graph, multiply(graph, reshape(graph, normed, x.shape), weight), bias);
  });
}

/** torch `LayerNorm` over the last axis: [..., c] -> [..., c]. */
export function layerNorm(graph: GraphBuilder, name: string, x: Value, eps = 1e-5): Value {
  return graph.scope(name, () => {
    const size = axisSize(x, -1);
    const inputs = [x, graph.parameter('weight', [size]), graph.parameter('bias', [size])];
    return graph.op('LayerNormalization', inputs, { axis: -1, epsilon: { float: eps } });
  });
}
