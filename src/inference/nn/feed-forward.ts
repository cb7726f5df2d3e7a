import type { GraphBuilder } from '../graph/graph-builder.ts';
import { axisSize, type Value } from '../graph/value.ts';
import { combineGeglu } from './activations.ts';
import { linear } from './linear.ts';

/** diffusers `FeedForward` makes its inner width four times the outer. */
const expansion = 4;

/** diffusers `FeedForward` with GEGLU: [..., c] -> [..., c]. `net.1` is a dropout there and has no weights. */
export function feedForward(graph: GraphBuilder, name: string, x: Value): Value {
  return graph.scope(name, () => {
    const channels = axisSize(x, -1);
    const gated = geglu(graph, 'net.0.proj', x, channels * expansion); // [..., c] -> [..., 4c]
    return linear(graph, 'net.2', gated, channels); //                    [..., 4c] -> [..., c]
  });
}

/**
 * diffusers `GEGLU`'s projection and gate: [..., c] -> [..., inner]. The halves of the projection are two products over
 * the same weight, so that nothing has to be split after.
 */
export function geglu(graph: GraphBuilder, name: string, x: Value, inner: number): Value {
  const hidden = linear(graph, name, x, 2 * inner, { rows: [0, inner] });
  const gate = linear(graph, name, x, 2 * inner, { rows: [inner, 2 * inner] });
  return combineGeglu(graph, hidden, gate);
}
