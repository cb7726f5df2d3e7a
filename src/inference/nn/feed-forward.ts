import type { GraphBuilder } from '../graph/graph-builder.ts';
import { concat, reshape, slice } from '../graph/ops.ts';
import { axisSize, elementCount, type Value } from '../graph/value.ts';
import { combineGeglu } from './activations.ts';
import { linear } from './linear.ts';

/** diffusers `FeedForward` makes its inner width four times the outer. */
const expansion = 4;

/**
 * diffusers `FeedForward` with GEGLU: [b, tokens, c] -> same. `net.1` is a dropout there and has no weights. Where the
 * target asks for chunks, tokens go through one chunk after another (diffusers' `enable_forward_chunking`): the same
 * numbers, and an inner tensor of 4c per token of a chunk only.
 */
export function feedForward(graph: GraphBuilder, name: string, x: Value): Value {
  return graph.scope(name, () => {
    const channels = axisSize(x, -1);
    const tokens = elementCount(x.shape) / channels;
    const chunk = graph.target.feedForwardChunk ?? tokens;
    const through = (part: Value) => {
      const gated = geglu(graph, 'net.0.proj', part, channels * expansion); // [..., c] -> [..., 4c]
      return linear(graph, 'net.2', gated, channels); //                       [..., 4c] -> [..., c]
    };
    if (chunk >= tokens) return through(x);
    const flat = reshape(graph, x, [tokens, channels]);
    const parts: Value[] = [];
    for (let from = 0; from < tokens; from += chunk) {
      parts.push(through(slice(graph, flat, 0, [from, Math.min(from + chunk, tokens)])));
    }
    return reshape(graph, concat(graph, parts, 0), x.shape);
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
