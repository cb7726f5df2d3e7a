import type { BuiltGraph } from '../../src/inference/graph/graph-builder.ts';
import type { GraphInitializer } from '../../src/inference/graph/parameters.ts';
import { type AttributeValue, channelsLastDomain, type OnnxNode } from '../../src/inference/onnx/types.ts';

/**
 * A graph for CUDA with the operators that only CUDA has kernels for written out in those that the CPU has: Conv
 * of the channels-last domain, GroupNorm and BiasSplitGelu of com.microsoft, by their documented meaning. It computes the same on the CPU. Of what lies
 * between the operators that stand for one, CUDA rounds the sum in BiasSplitGelu to the graph's type and nothing else
 * (bias_split_gelu_impl.cu, group_norm_impl_kernel.cuh): that sum alone is a value of the graph that is returned.
 */
export function expandContrib(graph: BuiltGraph): BuiltGraph {
  const nodes: OnnxNode[] = [];
  const initializers = new Map<string, GraphInitializer>();
  const shapes = new Map([...graph.values.values(), ...graph.initializers].map(({ name, shape }) => [name, shape]));
  const values = new Map(graph.values);

  function constant(values: readonly number[], dataType: 'int64' | 'float32'): string {
    const name = `expanded ${dataType} [${values.join()}]`;
    const bytes = dataType === 'int64' ? BigInt64Array.from(values, BigInt) : Float32Array.from(values);
    const data = { kind: 'raw', bytes: new Uint8Array(bytes.buffer) } as const;
    initializers.set(name, { name, dataType, shape: [values.length], data });
    return name;
  }

  /** Adds a node; its output is named after the node that it stands for, unless it is the last. */
  function add(
    opType: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, AttributeValue>>,
    output: string,
    domain = '',
  ): string {
    nodes.push({ name: output, opType, domain, inputs, outputs: [output], attributes });
    return output;
  }

  function expandConvolution({
    inputs: [x = '', weight = '', bias = ''],
    outputs: [y = ''],
    attributes,
  }: OnnxNode): void {
    const planes = add('Transpose', [x], { perm: [0, 3, 1, 2] }, `${y} planes`);
    const out = add('Conv', bias === '' ? [planes, weight] : [planes, weight, bias], attributes, `${y} conv`);
    add('Transpose', [out], { perm: [0, 2, 3, 1] }, y);
  }

  function expandNorm({ inputs: [x = '', gamma = '', beta = ''], outputs: [y = ''], attributes }: OnnxNode): void {
    const [count = 0, height = 0, width = 0, channels = 0] = shapes.get(x)!;
    const groups = Number(attributes.groups);
    const planes = add('Transpose', [x], { perm: [0, 3, 1, 2] }, `${y} planes`);
    const grouped = add(
      'Reshape',
      [planes, constant([count, groups, (channels / groups) * height * width], 'int64')],
      {},
      `${y} grouped`,
    );
    const scale = constant(
      Array.from({ length: groups }, () => 1),
      'float32',
    );
    const offset = constant(
      Array.from({ length: groups }, () => 0),
      'float32',
    );
    const epsilon = attributes.epsilon!;
    const normed = add('InstanceNormalization', [grouped, scale, offset], { epsilon }, `${y} normed`);
    const back = add('Reshape', [normed, constant([count, channels, height, width], 'int64')], {}, `${y} ungrouped`);
    const last = add('Transpose', [back], { perm: [0, 2, 3, 1] }, `${y} last`);
    const scaled = add('Mul', [last, gamma], {}, `${y} scaled`);
    const isActivated = attributes.activation === 1;
    const sum = add('Add', [scaled, beta], {}, isActivated ? `${y} sum` : y);
    if (isActivated) add('QuickGelu', [sum], { alpha: { float: 1 } }, y, 'com.microsoft');
  }

  function expandSplitGelu({ inputs: [x = '', bias = ''], outputs: [y = ''] }: OnnxNode): void {
    const inner = shapes.get(bias)![0]!;
    const sum = add('Add', [x, bias], {}, `${y} sum`);
    values.set(sum, { ...graph.values.get(x)!, name: sum });
    const half = (name: string, from: number, to: number) =>
      add(
        'Slice',
        [sum, constant([from], 'int64'), constant([to], 'int64'), constant([2], 'int64')],
        {},
        `${y} ${name}`,
      );
    const hidden = half('hidden', 0, inner / 2);
    const gate = add('Gelu', [half('gate', inner / 2, inner)], { approximate: 'none' }, `${y} gelu`);
    add('Mul', [hidden, gate], {}, y);
  }

  const expansions: Readonly<Record<string, (node: OnnxNode) => void>> = {
    [`${channelsLastDomain}:Conv`]: expandConvolution,
    'com.microsoft:GroupNorm': expandNorm,
    'com.microsoft:BiasSplitGelu': expandSplitGelu,
  };
  for (const node of graph.nodes) {
    (expansions[`${node.domain}:${node.opType}`] ?? ((plain) => nodes.push(plain)))(node);
  }
  return { ...graph, nodes, values, initializers: [...graph.initializers, ...initializers.values()] };
}
