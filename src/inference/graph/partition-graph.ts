import { GraphError } from '../../errors.ts';
import type { OnnxNode, OnnxValueInfo } from '../onnx/types.ts';
import type { BuiltGraph } from './graph-builder.ts';

/**
 * Cuts a graph into a chain of graphs: each takes what earlier ones made and gives what later ones need, under the same
 * names, so that one after another they do what the whole does with the weights of one part in memory at a time.
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

  // From the end: what later parts still ask for is what a part has to give.
  const wantedLater = new Set(graphOutputs);
  const built: BuiltGraph[] = [];
  for (const { name, nodes } of parts.toReversed()) {
    const made = new Set(nodes.flatMap((node) => node.outputs));
    const used = new Set(nodes.flatMap((node) => node.inputs).filter((input) => input !== '' && !made.has(input)));
    const outputs = [...made].filter((value) => wantedLater.has(value)).map((value) => infoOf(known, value));
    const own = [...used].flatMap((value) => initializers.get(value) ?? []);
    const inputs = [...used].filter((value) => !initializers.has(value)).map((value) => infoOf(known, value));
    for (const { name: input } of inputs) wantedLater.add(input);
    const values = new Map(nodes.flatMap((node) => node.outputs).map((value) => [value, infoOf(known, value)]));
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

function infoOf(known: ReadonlyMap<string, OnnxValueInfo>, name: string): OnnxValueInfo {
  const info = known.get(name);
  if (info === undefined) throw new GraphError('graph-partition', `Nothing makes ${name}.`);
  return info;
}
