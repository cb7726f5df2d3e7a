import type { BuiltGraph } from '../../src/inference/graph/graph-builder.ts';
import type { GraphInitializer } from '../../src/inference/graph/parameters.ts';
import type { AttributeValue, OnnxNode, OnnxValueInfo } from '../../src/inference/onnx/types.ts';
import { computedInHalf, inFloat32 } from './half-precision.ts';

/**
 * What is looked at: `value`, what an operator makes and the card stores in float16; and what operators reckon with inside
 * themselves: `products`, the sum of the magnitudes of all that is added up for one value of a convolution or matrix
 * product, which no order of adding can exceed; `scores` of attention before they are scaled; `squares`, the sum of squares
 * over what a norm takes together.
 */
export type MagnitudeKind = 'value' | 'products' | 'scores' | 'squares';

/** The largest magnitude at one place of a graph. */
export interface Magnitude {
  kind: MagnitudeKind;
  /** The operator's output. */
  at: string;
  largest: number;
}

/** Adds an operator beside the one that is looked at; returns its output. */
type AddNode = (
  opType: string,
  inputs: readonly string[],
  attributes?: Readonly<Record<string, AttributeValue>>,
) => string;

/**
 * A graph of float16 in float32 and unrounded, with one number more as output for each place that is looked at.
 * @param graph with operators that the CPU has (`expandContrib`)
 * @param inside look into operators too
 */
export function withMagnitudes(graph: BuiltGraph, { inside }: { inside: boolean }): BuiltGraph {
  const wide = inFloat32(graph, { rounded: false });
  const shapes = new Map([...wide.inputs, ...wide.values.values()].map(({ name, shape }) => [name, shape]));
  const stored = computedInHalf(graph);
  const nodes: OnnxNode[] = [];
  const outputs = new Map<string, OnnxValueInfo>();
  const constants = new Map<string, GraphInitializer>();
  /** Weights, and what is made of weights alone when the session is made. */
  const fixed = new Set(graph.initializers.map(({ name }) => name));

  function integers(values: readonly number[]): string {
    const name = `looked at [${values.join()}]`;
    const bytes = new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
    constants.set(name, { name, dataType: 'int64', shape: [values.length], data: { kind: 'raw', bytes } });
    return name;
  }

  for (const node of wide.nodes) {
    nodes.push(node);
    if (node.inputs.every((input) => input === '' || fixed.has(input))) {
      for (const output of node.outputs) fixed.add(output);
      continue;
    }
    const [at = ''] = node.outputs;
    const add: AddNode = (opType, inputs, attributes = {}) => {
      // Named after the node, so that it falls into the same part where the graph is partitioned.
      const name = `${node.name}/looked at ${nodes.length}`;
      nodes.push({ name, opType, domain: '', inputs, outputs: [name], attributes });
      return name;
    };
    const report = (kind: MagnitudeKind, value: string) => {
      const name = `${kind} ${at}`;
      const given = { name: `${node.name}/${kind}`, inputs: [add('Abs', [value])], outputs: [name] };
      nodes.push({ ...given, opType: 'ReduceMax', domain: '', attributes: { keepdims: 0 } });
      outputs.set(name, { name, dataType: 'float32', shape: [] });
    };
    if (stored.has(at)) report('value', at);
    if (inside) lookInside(node, { add, report, integers, shapes });
  }
  return {
    ...wide,
    nodes,
    values: new Map([...wide.values, ...outputs]),
    initializers: [...wide.initializers, ...constants.values()],
    outputs: [...wide.outputs, ...outputs.values()],
  };
}

interface Look {
  add: AddNode;
  report(kind: MagnitudeKind, value: string): void;
  integers(values: readonly number[]): string;
  shapes: ReadonlyMap<string, readonly number[]>;
}

function lookInside({ opType, inputs, attributes }: OnnxNode, { add, report, integers, shapes }: Look): void {
  const [first = '', second = ''] = inputs;
  switch (opType) {
    case 'Conv':
    case 'Gemm':
    case 'MatMul':
      report('products', add(opType, [add('Abs', [first]), add('Abs', [second])], attributes));
      break;
    case 'MultiHeadAttention': {
      const heads = Number(attributes.num_heads);
      const split = (value: string, perm: readonly number[]) => {
        const [count = 0, tokens = 0, channels = 0] = shapes.get(value) ?? [];
        const shape = integers([count, tokens, heads, channels / heads]);
        return add('Transpose', [add('Reshape', [value, shape])], { perm });
      };
      report('scores', add('MatMul', [split(first, [0, 2, 1, 3]), split(second, [0, 2, 3, 1])]));
      break;
    }
    case 'InstanceNormalization':
    case 'LayerNormalization':
      // Both norm over the last axis in these graphs.
      report('squares', add('ReduceSumSquare', [first, integers([-1])]));
      break;
    default:
  }
}

/** What a run of such a graph found, the largest first. */
export function readMagnitudes(outputs: Readonly<Record<string, ArrayLike<number>>>): Magnitude[] {
  const found = Object.entries(outputs).flatMap(([name, data]): Magnitude[] => {
    const [, kind, at] = /^(value|products|scores|squares) (.*)$/.exec(name) ?? [];
    if (kind === undefined || at === undefined) return [];
    return [{ kind: kind as MagnitudeKind, at, largest: data[0] ?? Number.NaN }];
  });
  return found.sort((a, b) => b.largest - a.largest);
}
