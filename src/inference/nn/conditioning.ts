import type { GraphBuilder } from '../graph/graph-builder.ts';
import type { Value } from '../graph/value.ts';

/** Values of a UNet that stay the same for a whole clip, however many steps it takes. */
export interface Conditioning {
  /** CLIP's picture embedding, [b, 1, crossAttentionDim], in the graph that `constant`'s builders are given. */
  readonly encoderHiddenStates: Value;
  /**
   * A value that does not depend on the sample or the step. Its builder runs in the current scope, in this graph or in
   * a graph of its own that is run once per clip.
   * @param name unique within the current scope
   */
  constant(graph: GraphBuilder, name: string, build: (graph: GraphBuilder) => Value): Value;
}

/** Everything in one graph. */
export function inlineConditioning(encoderHiddenStates: Value): Conditioning {
  return { encoderHiddenStates, constant: (graph, _name, build) => build(graph) };
}

/** Constants are outputs of `clipGraph` and inputs of the graph that uses them, under the same name. */
export function separateConditioning(clipGraph: GraphBuilder, encoderHiddenStates: Value): Conditioning {
  return {
    encoderHiddenStates,
    constant(graph, name, build) {
      const path = graph.path();
      const fullName = path === '' ? name : `${path}.${name}`;
      const value = path === '' ? build(clipGraph) : clipGraph.scope(path, () => build(clipGraph));
      clipGraph.output(fullName, value);
      return graph.input(fullName, value.shape);
    },
  };
}
