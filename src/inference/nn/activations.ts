import { GraphError } from '../../errors.ts';
import type { GraphBuilder } from '../graph/graph-builder.ts';
import { multiply } from '../graph/ops.ts';
import type { Value } from '../graph/value.ts';

/** x · sigmoid(alpha · x), in one kernel of ONNX Runtime. */
function quickGelu(graph: GraphBuilder, x: Value, alpha: number): Value {
  return graph.op('QuickGelu', [x], { alpha: { float: alpha } }, 'com.microsoft');
}

/** torch `SiLU`: x · sigmoid(x). */
export const silu = (graph: GraphBuilder, x: Value): Value => quickGelu(graph, x, 1);

/** torch `LeakyReLU`: x where positive, else slope · x. */
export const leakyRelu = (graph: GraphBuilder, x: Value, slope: number): Value =>
  graph.op('LeakyRelu', [x], { alpha: { float: slope } });

/** torch `GELU`, the exact one with erf. */
const gelu = (graph: GraphBuilder, x: Value): Value => graph.op('Gelu', [x], { approximate: 'none' });

/** transformers `ACT2FN`, by the name that a config gives. */
const activations: Readonly<Record<string, (graph: GraphBuilder, x: Value) => Value>> = {
  gelu,
  gelu_python: gelu,
  quick_gelu: (graph, x) => quickGelu(graph, x, 1.702),
  gelu_new: (graph, x) => graph.op('Gelu', [x], { approximate: 'tanh' }),
  gelu_pytorch_tanh: (graph, x) => graph.op('Gelu', [x], { approximate: 'tanh' }),
  gelu_fast: (graph, x) => graph.op('Gelu', [x], { approximate: 'tanh' }),
  relu: (graph, x) => graph.op('Relu', [x]),
  silu,
  swish: silu,
  tanh: (graph, x) => graph.op('Tanh', [x]),
  sigmoid: (graph, x) => graph.op('Sigmoid', [x]),
};

/**
 * The activation that a transformers config names.
 * @throws GraphError a name that is not known here
 */
export function activation(graph: GraphBuilder, name: string, x: Value): Value {
  const build = Object.hasOwn(activations, name) ? activations[name] : undefined;
  if (build === undefined) {
    const known = Object.keys(activations).join(', ');
    throw new GraphError('graph-activation', `Activation ${name} is not known; known are ${known}.`);
  }
  return build(graph, x);
}

/** diffusers `GEGLU`: the first half of the projection times gelu of the second. [..., c] -> [..., inner]. */
export function combineGeglu(graph: GraphBuilder, hidden: Value, gate: Value): Value {
  return multiply(graph, hidden, gelu(graph, gate));
}
