import type { BuiltGraph } from '../../src/inference/graph/graph-builder.ts';
import { type AttributeValue, dataTypes, type OnnxNode, type OnnxValueInfo } from '../../src/inference/onnx/types.ts';

/** The largest finite value of float16. */
export const largestHalf = 65_504;

/** They only move values or name them anew: what was rounded stays what it is. */
const movers = new Set(['Concat', 'Expand', 'Identity', 'Reshape', 'Slice', 'Transpose']);

/**
 * The values that a graph computes, and not only moves, in float16. What `expandContrib` put between the operators that
 * stand for one is no value of the graph, and float32.
 */
export function computedInHalf(graph: BuiltGraph): ReadonlySet<string> {
  const infos = new Map([...graph.initializers, ...graph.values.values()].map((info) => [info.name, info.dataType]));
  const isHalf = (name: string) => infos.get(name) === 'float16';
  const computes = ({ opType, inputs: [from = ''] }: OnnxNode) => !movers.has(opType) || !isHalf(from);
  return new Set(graph.nodes.filter(computes).flatMap(({ outputs }) => outputs.filter(isHalf)));
}

/**
 * A graph of float16 as one that the CPU computes wholly in float32: its inputs, weights and operators stay, the types
 * change. ONNX Runtime's CPU provider has no float16 of its own: given the graph as it is, it rounds where it likes.
 * @param rounded what each operator makes, and each weight, is rounded to float16 as the card would store it, infinities
 *   included. What operators add up inside themselves stays float32, as in CUDA's kernels (docs/gpu.md).
 */
export function inFloat32(
  graph: BuiltGraph,
  { rounded, only = () => true }: { rounded: boolean; only?: (value: string) => boolean },
): BuiltGraph {
  const nodes: OnnxNode[] = [];
  const values = new Map<string, OnnxValueInfo>();
  const add = (name: string, opType: string, input: string, attributes: Record<string, AttributeValue>) =>
    nodes.push({ name: `${name}/${opType}`, opType, domain: '', inputs: [input], outputs: [name], attributes });
  const cast = (from: string, to: string, dataType: 'float32' | 'float16') =>
    add(to, 'Cast', from, { to: dataTypes[dataType] });
  /** The value `to`, float32, from one of any type. */
  const rounding = (from: string, to: string) => {
    if (rounded && only(to)) cast(from, `${to}/half`, 'float16');
    cast(rounded && only(to) ? `${to}/half` : from, to, 'float32');
  };

  const weights = new Map(
    graph.initializers.filter(({ dataType }) => dataType === 'float16').map((one) => [one.name, one]),
  );
  const widened = new Map<string, string>();
  /** A weight of float16 as float32, for the first node that takes it: in that node's part of the graph. */
  const widen = (name: string, node: OnnxNode): string => {
    const weight = weights.get(name);
    if (weight === undefined) return name;
    const known = widened.get(name);
    if (known !== undefined) return known;
    const wide = `${node.name}/${name}`;
    cast(name, wide, 'float32');
    values.set(wide, { name: wide, dataType: 'float32', shape: weight.shape });
    widened.set(name, wide);
    return wide;
  };
  const computed = computedInHalf(graph);
  for (const node of graph.nodes) {
    const isCast = node.opType === 'Cast';
    const [output = ''] = node.outputs;
    if (isCast && computed.has(output)) {
      rounding(node.inputs[0] ?? '', output);
    } else {
      const isRounded = rounded && computed.has(output) && only(output);
      const inputs = isCast ? node.inputs : node.inputs.map((input) => widen(input, node));
      nodes.push({ ...node, inputs, outputs: isRounded ? [`${output}/exact`] : node.outputs });
      if (isRounded) rounding(`${output}/exact`, output);
    }
  }
  for (const [name, info] of graph.values) {
    values.set(name, { ...info, dataType: info.dataType === 'float16' ? 'float32' : info.dataType });
  }
  return { ...graph, nodes, values };
}
