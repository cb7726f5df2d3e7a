import { GraphError } from '../../errors.ts';
import { type DataType, dataTypes, type OnnxNode, type OnnxValueInfo } from '../onnx/types.ts';
import type { BuiltGraph } from './graph-builder.ts';

/** What the value is called outside. */
const outside = 'deep_features';

/**
 * The same graph with a value from its midst as one more output, `deep_features`, float32.
 * @throws GraphError nothing makes the value
 */
export function addOutput(graph: BuiltGraph, value: string): BuiltGraph {
  const { shape, dataType } = infoOf(graph, value);
  const maker = graph.nodes.findIndex((node) => node.outputs.includes(value));
  const made = graph.nodes[maker]?.name ?? '';
  // Beside the node that makes it, in its part, so that the graph can still be partitioned.
  const give = { ...convert(dataType, 'float32'), name: `${made}/give`, inputs: [value], outputs: [outside] };
  const info: OnnxValueInfo = { name: outside, dataType: 'float32', shape };
  return {
    ...graph,
    nodes: graph.nodes.toSpliced(maker + 1, 0, give),
    outputs: [...graph.outputs, info],
  };
}

/**
 * What of the graph is left to do when a value from its midst is given as the input `deep_features`, float32: nodes,
 * weights and inputs that only served to make it are gone.
 * @throws GraphError nothing makes the value
 */
export function extractSubgraph(graph: BuiltGraph, value: string): BuiltGraph {
  const { shape, dataType } = infoOf(graph, value);
  const take = { ...convert('float32', dataType), name: `${outside}/take`, inputs: [outside], outputs: [value] };
  const wanted = new Set(graph.outputs.map(({ name }) => name));
  const kept: OnnxNode[] = [];
  for (const node of graph.nodes.toReversed()) {
    if (node.outputs.includes(value) || !node.outputs.some((output) => wanted.has(output))) continue;
    kept.push(node);
    for (const input of node.inputs) wanted.add(input);
  }
  const input: OnnxValueInfo = { name: outside, dataType: 'float32', shape };
  return {
    ...graph,
    nodes: [take, ...kept.reverse()],
    initializers: graph.initializers.filter(({ name }) => wanted.has(name)),
    inputs: [...graph.inputs.filter(({ name }) => wanted.has(name)), input],
  };
}

/** Outside, values are float32; inside, whatever the graph computes in. */
function convert(from: DataType, to: DataType): Pick<OnnxNode, 'opType' | 'domain' | 'attributes'> {
  if (from === to) return { opType: 'Identity', domain: '', attributes: {} };
  return { opType: 'Cast', domain: '', attributes: { to: dataTypes[to] } };
}

function infoOf(graph: BuiltGraph, value: string): OnnxValueInfo {
  const info = graph.values.get(value);
  if (info === undefined) throw new GraphError('graph-cut', `${graph.name} cannot be cut at ${value}.`);
  return info;
}
