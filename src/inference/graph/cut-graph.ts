import { GraphError } from '../../errors.ts';
import { type DataType, dataTypes, type OnnxNode, type OnnxValueInfo } from '../onnx/types.ts';
import type { BuiltGraph } from './graph-builder.ts';

/** Name of the cut value as the graph's output and input. */
const outside = 'deep_features';

/**
 * The same graph with an inner value as one more output, `deep_features`, float32.
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
 * The part of the graph that remains when an inner value is given as the input `deep_features`, float32: nodes, weights
 * and inputs that only served to compute it are left out.
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

/**
 * Cuts a graph into a chain of graphs. Each takes values of earlier ones and gives those that later ones need, under the
 * same names: run one after another they compute the whole with only one part's weights in memory.
 * @param partOf the part that a node belongs to; nodes of a part must follow one another
 * @throws GraphError a part is left and entered again
 */
export function partitionGraph(graph: BuiltGraph, partOf: (node: OnnxNode) => string): BuiltGraph[] {
  const parts = groupNodes(graph, partOf);
  const known = new Map([
    ...graph.values,
    ...[...graph.inputs, ...graph.outputs].map((info) => [info.name, info] as const),
  ]);
  const initializers = new Map(graph.initializers.map((initializer) => [initializer.name, initializer]));
  const graphOutputs = new Set(graph.outputs.map(({ name }) => name));

  // From the last part to the first: a part's outputs are what later parts take.
  const wantedLater = new Set(graphOutputs);
  const built: BuiltGraph[] = [];
  for (const { name, nodes } of parts.toReversed()) {
    const made = new Set(nodes.flatMap((node) => node.outputs));
    const used = new Set(nodes.flatMap((node) => node.inputs).filter((input) => input !== '' && !made.has(input)));
    const outputs = [...made].filter((value) => wantedLater.has(value)).map((value) => requireInfo(known, value));
    const own = [...used].flatMap((value) => initializers.get(value) ?? []);
    const inputs = [...used].filter((value) => !initializers.has(value)).map((value) => requireInfo(known, value));
    for (const { name: input } of inputs) wantedLater.add(input);
    const values = new Map(nodes.flatMap((node) => node.outputs).map((value) => [value, requireInfo(known, value)]));
    const expected = new Map<string, readonly number[]>();
    built.push({ name: `${graph.name}/${name}`, nodes, initializers: own, inputs, outputs, values, expected });
  }
  return built.reverse();
}

function groupNodes(graph: BuiltGraph, partOf: (node: OnnxNode) => string): { name: string; nodes: OnnxNode[] }[] {
  const parts: { name: string; nodes: OnnxNode[] }[] = [];
  for (const node of graph.nodes) {
    const name = partOf(node);
    const current = parts.at(-1);
    if (current?.name === name) {
      current.nodes.push(node);
    } else if (parts.some((part) => part.name === name)) {
      throw new GraphError('graph-partition', `${graph.name} returns to its part ${name} at ${node.name}.`);
    } else {
      parts.push({ name, nodes: [node] });
    }
  }
  return parts;
}

function requireInfo(known: ReadonlyMap<string, OnnxValueInfo>, name: string): OnnxValueInfo {
  const info = known.get(name);
  if (info === undefined) throw new GraphError('graph-partition', `Nothing makes ${name}.`);
  return info;
}
