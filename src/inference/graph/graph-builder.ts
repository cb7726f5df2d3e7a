import { GraphError } from '../../errors.ts';
import {
  type AttributeValue,
  channelsLastDomain,
  type DataType,
  dataTypes,
  type OnnxNode,
  type OnnxValueInfo,
} from '../onnx/types.ts';
import type { Dtype } from '../safetensors/format.ts';
import type { Weights } from '../safetensors/open-weights.ts';
import { inferShape } from './infer-shape.ts';
import { createParameterTable, type GraphInitializer, type ParameterOptions } from './parameters.ts';
import { axisSize, elementCount, type Value } from './value.ts';

/** What a graph computes in. */
export type Precision = 'float32' | 'float16';

/** Where a graph will run and in which precision it computes; it decides the form of some operators. */
export interface GraphTarget {
  provider: 'cpu' | 'cuda' | 'webgpu';
  precision: Precision;
  /** Rows (tokens) that a feed-forward takes at a time, to bound its inner tensor; undefined: what suits the provider. */
  feedForwardChunk?: number | undefined;
  /** Weights may be combined at load time where that saves work: they are copied anyway when the session is created. */
  foldsWeights?: boolean | undefined;
  /**
   * 3×3 convolutions of so many channels (the harmonic mean of those in and out) and more take Winograd's form, which has
   * fewer products and larger weights; undefined: none does. For CPUs, where weights are copied anyway.
   */
  winogradChannels?: number | undefined;
  /**
   * Pictures lie [n, h, w, c] inside the graph, and operators are those that CUDA has for that; inputs and outputs are as
   * always. For CUDA alone: other providers lack the operators.
   */
  channelsLast?: boolean | undefined;
}

/** A matrix as bytes. */
interface MatrixBytes {
  dtype: Dtype;
  shape: readonly number[];
  bytes: Uint8Array;
}

/** What a LoRA adds to one weight: scale · up · down, of the weight's own elements. */
export interface LowRankUpdate {
  /** The LoRA's name, which names its initializers. */
  name: string;
  scale: number;
  /** [rows of the weight, rank]; more axes of size 1 may follow. */
  up: MatrixBytes;
  /** [rank, elements of a row of the weight]; maybe as the axes of a kernel. */
  down: MatrixBytes;
}

/** What is added to weights when they are loaded, by their key; each is merged where the graph first asks for it. */
export type LowRankUpdates = ReadonlyMap<string, readonly LowRankUpdate[]>;

/** Builds one graph. Scopes name parameters as torch names modules, so a parameter's name is its key in the checkpoint. */
export interface GraphBuilder {
  readonly target: GraphTarget;
  /** Runs `build` with `name` (one or more dotted parts) added to the path of parameters and nodes. */
  scope<T>(name: string, build: () => T): T;
  /** The dotted path of the scopes around, '' at the top. */
  path(): string;
  /** A graph input; always float32 outside, inside in the target's precision or the one that is asked for. */
  input(name: string, shape: readonly number[], precision?: Precision): Value;
  /** Makes a value an output, float32 outside. */
  output(name: string, value: Value): void;
  /** A tensor of the checkpoint, `<scope>.<name>`, in the target's precision. `shape` is the one the checkpoint must have. */
  parameter(name: string, shape: readonly number[], options?: ParameterOptions): Value;
  /** Declares a tensor that the checkpoint must hold although the graph does not use it. */
  unusedParameter(name: string, shape: readonly number[]): void;
  /** A constant in the target's precision, or float32 where asked. Equal constants are one. */
  constant(values: Float32Array, shape: readonly number[], dataType?: DataType): Value;
  /** An int64 list: shapes, axes. */
  integers(values: readonly number[]): Value;
  /** One operator with one output. `undefined` among the inputs leaves that optional input out. */
  op(
    opType: string,
    inputs: readonly (Value | undefined)[],
    attributes?: Readonly<Record<string, AttributeValue>>,
    domain?: string,
  ): Value;
  /** The operator Split: `count` equal parts of the first axis. */
  split(value: Value, count: number): Value[];
  cast(value: Value, dataType: DataType): Value;
}

/** What a graph is built on. */
export interface GraphSource {
  /** The checkpoint's tensors by key. */
  weights: Weights;
  target: GraphTarget;
  /** What is added to some of them. */
  updates?: LowRankUpdates | undefined;
}

/** A finished graph, with what it asks of the checkpoint. */
export interface BuiltGraph {
  name: string;
  nodes: OnnxNode[];
  initializers: GraphInitializer[];
  inputs: OnnxValueInfo[];
  outputs: OnnxValueInfo[];
  /** Every tensor that a node makes, by name. */
  values: ReadonlyMap<string, OnnxValueInfo>;
  /** Every tensor that the checkpoint must hold, needed or not: key → shape. */
  expected: ReadonlyMap<string, readonly number[]>;
}

/**
 * Builds a graph. Missing or mis-shaped tensors are noted, not thrown: `checkWeights` lists them all together.
 * @throws GraphError the graph itself is wrong
 */
export function buildGraph(
  name: string,
  { weights, target, updates }: GraphSource,
  build: (graph: GraphBuilder) => void,
): BuiltGraph {
  const nodes: OnnxNode[] = [];
  const inputs: OnnxValueInfo[] = [];
  const outputs: OnnxValueInfo[] = [];
  const scopes: string[] = [];
  const table = createParameterTable(weights);
  const casts = new Map<string, Value>();
  const values = new Map<string, OnnxValueInfo>();

  const path = () => scopes.join('.');
  const key = (parameter: string) => [...scopes, parameter].join('.');

  /** A weight plus its low-rank updates, in float32: nodes over constants only, which the session folds when it is created. */
  function merged(stored: Value, added: readonly LowRankUpdate[], rows: ParameterOptions['rows']): Value {
    let sum = added.length === 0 ? stored : graph.cast(stored, 'float32');
    for (const { name: lora, scale, up, down } of added) {
      const [outer = 1, rank = 1] = up.shape;
      const [from, to] = rows ?? [0, outer];
      const rowBytes = up.bytes.length / outer;
      const ofRows = up.bytes.subarray(from * rowBytes, to * rowBytes);
      const left = table.matrix(`${stored.name}/${lora}/up`, up.dtype, ofRows, [to - from, rank]);
      const inner = elementCount(down.shape) / rank;
      const right = table.matrix(`${stored.name}/${lora}/down`, down.dtype, down.bytes, [rank, inner]);
      const factor = graph.constant(Float32Array.of(scale), [1], 'float32');
      const scaled = graph.op('Mul', [graph.cast(left, 'float32'), factor]);
      const product = graph.op('MatMul', [scaled, graph.cast(right, 'float32')]);
      const shaped = graph.op('Reshape', [product, graph.integers(stored.shape)]);
      sum = graph.op('Add', [sum, shaped]);
    }
    return sum;
  }

  const graph: GraphBuilder = {
    target,
    path,
    scope(part, inner) {
      scopes.push(part);
      try {
        return inner();
      } finally {
        scopes.pop();
      }
    },
    input(inputName, shape, precision = target.precision) {
      const value: Value = { name: inputName, dataType: 'float32', shape };
      inputs.push({ name: inputName, dataType: 'float32', shape });
      return graph.cast(value, precision);
    },
    output(outputName, value) {
      const source = graph.scope('output', () => graph.cast(value, 'float32'));
      nodes.push({
        name: `output/${outputName}`,
        opType: 'Identity',
        domain: '',
        inputs: [source.name],
        outputs: [outputName],
        attributes: {},
      });
      outputs.push({ name: outputName, dataType: 'float32', shape: value.shape });
    },
    parameter(parameter, shape, options = {}) {
      const { transposed, ...stored } = table.parameter(key(parameter), shape, options);
      // A weight is cast once however often it is used; ONNX Runtime folds the cast when the session is made.
      const added = updates?.get(key(parameter)) ?? [];
      const precision = options.precision ?? target.precision;
      const castName = `${stored.name} ${precision}`;
      const cast = () => casts.get(castName) ?? graph.cast(merged(stored, added, options.rows), precision);
      const value = stored.dataType === precision && added.length === 0 ? stored : cast();
      if (value !== stored) casts.set(castName, value);
      if (transposed !== true) return value;
      return options.mayBeTransposed === true
        ? { ...value, transposed }
        : graph.op('Transpose', [value], { perm: [1, 0] });
    },
    unusedParameter(parameter, shape) {
      table.expect(key(parameter), shape);
    },
    constant(values, shape, dataType = target.precision) {
      return graph.cast(table.constant(values, shape), dataType);
    },
    integers(values) {
      return table.integers(values);
    },
    op(opType, operands, attributes = {}, domain = '') {
      const given = operands.filter((operand) => operand !== undefined);
      const known = domain === channelsLastDomain ? `${domain}:${opType}` : opType;
      const inferred = inferShape(known, given, attributes);
      const nodeName = `${path()}/${opType}_${nodes.length}`;
      nodes.push({
        name: nodeName,
        opType,
        domain,
        inputs: namesOf(operands),
        outputs: [nodeName],
        attributes,
      });
      values.set(nodeName, { name: nodeName, ...inferred });
      return { name: nodeName, ...inferred };
    },
    split(value, count) {
      const rows = axisSize(value, 0) / count;
      if (!Number.isInteger(rows)) throw new GraphError('graph-shape', `${value.name} has no ${count} equal parts.`);
      const nodeName = `${path()}/Split_${nodes.length}`;
      const parts = Array.from({ length: count }, (_, at): Value => {
        const shape = value.shape.with(0, rows);
        return { name: `${nodeName}:${at}`, dataType: value.dataType, shape };
      });
      const outputs = parts.map(({ name: output }) => output);
      const attributes = { axis: 0, num_outputs: count };
      nodes.push({ name: nodeName, opType: 'Split', domain: '', inputs: [value.name], outputs, attributes });
      for (const { name: output, dataType, shape } of parts) values.set(output, { name: output, dataType, shape });
      return parts;
    },
    cast(value, dataType) {
      if (value.dataType === dataType) return value;
      return graph.op('Cast', [value], { to: dataTypes[dataType] });
    },
  };

  build(graph);
  if (outputs.length === 0) throw new GraphError('graph-empty', `Graph ${name} has no output.`);
  const { live, dropped } = withoutIdleReshapes(nodes, outputs);
  const used = new Set(live.flatMap((node) => node.inputs));
  const idle = new Set(dropped.flatMap((node) => [...node.inputs, ...node.outputs]).filter((each) => !used.has(each)));
  for (const value of idle) values.delete(value);
  const initializers = table.initializers().filter((initializer) => !idle.has(initializer.name));
  return { name, nodes: live, initializers, inputs, outputs, values, expected: table.expected };
}

/** Inputs as ONNX names them: those left out are empty, and at the end not named at all, since OpenVINO reads no empty ones there. */
function namesOf(operands: readonly (Value | undefined)[]): string[] {
  const last = operands.findLastIndex((operand) => operand !== undefined);
  return operands.slice(0, last + 1).map((operand) => operand?.name ?? '');
}

/** Reshapes from which only other reshapes were made have been passed over (see `reshape`): nothing reads them. */
function withoutIdleReshapes(
  nodes: readonly OnnxNode[],
  outputs: readonly OnnxValueInfo[],
): { live: OnnxNode[]; dropped: OnnxNode[] } {
  const read = new Set(outputs.map((output) => output.name));
  const live: OnnxNode[] = [];
  const dropped: OnnxNode[] = [];
  for (const node of nodes.toReversed()) {
    const isIdle = node.opType === 'Reshape' && !node.outputs.some((output) => read.has(output));
    (isIdle ? dropped : live).push(node);
    if (!isIdle) for (const input of node.inputs) read.add(input);
  }
  return { live: live.reverse(), dropped };
}
