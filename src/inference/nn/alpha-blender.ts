import type { GraphBuilder } from '../graph/graph-builder.ts';
import { add, multiply, scalar, subtract } from '../graph/ops.ts';
import type { Value } from '../graph/value.ts';

/**
 * The share of the temporal branch in diffusers `AlphaBlender` ("learned" and, for clips, "learned_with_images"):
 * 1 − sigmoid(mix_factor), or sigmoid(mix_factor) with `switchSpatialToTemporalMix`. Shape [1].
 */
export function temporalShare(
  graph: GraphBuilder,
  name: string,
  { switchSpatialToTemporalMix = false }: { switchSpatialToTemporalMix?: boolean } = {},
): Value {
  return graph.scope(name, () => {
    const alpha = graph.op('Sigmoid', [graph.parameter('mix_factor', [1])]);
    return switchSpatialToTemporalMix ? alpha : subtract(graph, scalar(graph, 1), alpha);
  });
}

/** diffusers `AlphaBlender`: spatial + share · (temporal − spatial), any shape. */
export function alphaBlender(graph: GraphBuilder, name: string, spatial: Value, temporal: Value): Value {
  const share = temporalShare(graph, name);
  return add(graph, spatial, multiply(graph, subtract(graph, temporal, spatial), share));
}
