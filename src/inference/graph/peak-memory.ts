import type { OnnxNode, OnnxValueInfo } from '../onnx/types.ts';
import type { BuiltGraph } from './graph-builder.ts';
import { elementCount } from './value.ts';

/** The same bytes under another name or shape: nothing is copied. */
const views = new Set(['Reshape', 'Identity', 'Squeeze', 'Unsqueeze']);

/** Operators that ONNX Runtime lets write over an input of their output's shape. */
const inPlace = new Set([
  'Add',
  'Sub',
  'Mul',
  'Div',
  'Sigmoid',
  'Erf',
  'Sqrt',
  'Exp',
  'Neg',
  'Tanh',
  'QuickGelu',
  'Gelu',
]);

const elementBytes: Readonly<Record<OnnxValueInfo['dataType'], number>> = {
  float32: 4,
  int32: 4,
  int64: 8,
  float16: 2,
  bfloat16: 2,
  float8e4m3fn: 1,
  float8e5m2: 1,
};

/** Bytes of a graph's weights once loaded: all in the target's precision, `bytesPerValue` each. */
export function weightBytes(graph: BuiltGraph, bytesPerValue: number): number {
  const weights = graph.initializers.filter(({ data }) => data.kind === 'file');
  return weights.reduce((total, { shape }) => total + elementCount(shape) * bytesPerValue, 0);
}

/** The most elements that a value of the graph has. */
export function largestElementCount(graph: BuiltGraph): number {
  return Math.max(...[...graph.values.values()].map(({ shape }) => elementCount(shape)));
}

/** A piece of memory that one value after another lies in; steps are places in the order of nodes. */
interface Buffer {
  bytes: number;
  /** Only a value of the same shape and type may take it over. */
  kind: string;
  firstStep: number;
  lastStep: number;
  /** Nodes that have still to read what lies in it. */
  pendingReads: number;
  /** Inputs and outputs belong to the caller. */
  reusable: boolean;
}

/**
 * The most bytes of activations at once when ONNX Runtime runs the graph without its arena. Its planner is followed
 * (allocation_planner.cc): a buffer that is free is kept for the next value of the same shape, if there is one, so that
 * it lives from its first value to its last. What operators use inside themselves is not counted.
 */
export function peakActivationBytes(graph: BuiltGraph): number {
  const infos = new Map([...graph.inputs, ...graph.values.values(), ...graph.outputs].map((info) => [info.name, info]));
  const graphOutputs = new Set(graph.outputs.map(({ name }) => name));
  const nodes = withoutConstants(graph);
  const reads = new Map<string, number>();
  for (const name of nodes.flatMap((node) => node.inputs)) reads.set(name, (reads.get(name) ?? 0) + 1);

  const buffers: Buffer[] = [];
  const bufferOf = new Map<string, Buffer>();
  const free: Buffer[] = [];
  const allocate = (name: string, step: number, reusable: boolean): Buffer => {
    const info = infos.get(name);
    const bytes = info === undefined ? 0 : elementCount(info.shape) * elementBytes[info.dataType];
    const buffer = { bytes, kind: kindOf(info), firstStep: step, lastStep: step, pendingReads: 0, reusable };
    buffers.push(buffer);
    return buffer;
  };
  const place = (name: string, buffer: Buffer) => {
    buffer.pendingReads += reads.get(name) ?? 0;
    bufferOf.set(name, buffer);
  };

  for (const { name } of graph.inputs) {
    const buffer = allocate(name, 0, false);
    buffer.lastStep = nodes.length;
    place(name, buffer);
  }
  for (const [step, node] of nodes.entries()) {
    const inputs = node.inputs.flatMap((name) => bufferOf.get(name) ?? []);
    for (const output of node.outputs) {
      const isOutput = graphOutputs.has(output);
      const taken = isOutput ? undefined : takeOver(node, kindOf(infos.get(output)), { inputs, free });
      const buffer = taken ?? allocate(output, step, !isOutput);
      place(output, buffer);
      buffer.lastStep = isOutput ? nodes.length : step;
    }
    for (const buffer of inputs) {
      buffer.lastStep = Math.max(buffer.lastStep, step);
      buffer.pendingReads--;
      if (buffer.pendingReads === 0 && buffer.reusable) free.unshift(buffer);
    }
  }
  return peakOf(buffers, nodes.length);
}

/** The nodes that run: what is made of weights and constants alone is folded when the session is made. */
function withoutConstants(graph: BuiltGraph): OnnxNode[] {
  const constants = new Set(graph.initializers.map(({ name }) => name));
  return graph.nodes.filter((node) => {
    const folded = node.inputs.every((input) => input === '' || constants.has(input));
    if (folded) for (const output of node.outputs) constants.add(output);
    return !folded;
  });
}

/** The buffer that a node's output can lie in without a new one: the one it is a view of, or one that is free. */
function takeOver(
  { opType }: OnnxNode,
  kind: string,
  { inputs, free }: { inputs: readonly Buffer[]; free: Buffer[] },
): Buffer | undefined {
  if (views.has(opType)) return inputs[0];
  const dying = inPlace.has(opType)
    ? inputs.find((buffer) => buffer.reusable && buffer.pendingReads === 1 && buffer.kind === kind)
    : undefined;
  if (dying !== undefined) return dying;
  const at = free.findIndex((buffer) => buffer.kind === kind);
  return at === -1 ? undefined : free.splice(at, 1)[0];
}

function kindOf(info: OnnxValueInfo | undefined): string {
  return info === undefined ? '' : `${info.dataType}[${info.shape.join()}]`;
}

function peakOf(buffers: readonly Buffer[], steps: number): number {
  const changes = new Float64Array(steps + 2);
  for (const { bytes, firstStep, lastStep } of buffers) {
    changes[firstStep] = (changes[firstStep] ?? 0) + bytes;
    changes[lastStep + 1] = (changes[lastStep + 1] ?? 0) - bytes;
  }
  let bytes = 0;
  let peak = 0;
  for (const change of changes) {
    bytes += change;
    peak = Math.max(peak, bytes);
  }
  return peak;
}
