/** One operator of a graph as it ran, after ONNX Runtime's own rewriting, summed over the counted runs. */
export interface OperatorRun {
  node: string;
  opType: string;
  inputs: number[][];
  outputs: number[][];
  seconds: number;
  /** Multiplications and additions of products and convolutions; 0 for other operators. */
  operations: number;
}

interface TraceEvent {
  cat?: string;
  name?: string;
  /** Microseconds. */
  dur?: number;
  args?: {
    op_name?: string;
    input_type_shape?: Record<string, number[]>[];
    output_type_shape?: Record<string, number[]>[];
  };
}

/** Reads ONNX Runtime's profile; of a node's runs, the last `runs` count. */
export function readOperatorRuns(json: string, runs: number): OperatorRun[] {
  const perNode = new Map<string, { opType: string; events: TraceEvent[] }>();
  for (const event of JSON.parse(json) as TraceEvent[]) {
    const opType = event.args?.op_name;
    if (event.cat !== 'Node' || event.name?.endsWith('_kernel_time') !== true || opType === undefined) continue;
    const node = event.name.replace(/_kernel_time$/, '');
    const known = perNode.get(node) ?? { opType, events: [] };
    known.events.push(event);
    perNode.set(node, known);
  }
  return [...perNode].map(([node, { opType, events }]) => {
    const counted = events.slice(-runs);
    const [first] = counted;
    const inputs = shapes(first?.args?.input_type_shape);
    const outputs = shapes(first?.args?.output_type_shape);
    const seconds = counted.reduce((sum, event) => sum + (event.dur ?? 0), 0) / 1e6;
    return {
      node,
      opType,
      inputs,
      outputs,
      seconds,
      operations: operationsOf(opType, inputs, outputs) * counted.length,
    };
  });
}

function shapes(list: Record<string, number[]>[] | undefined): number[][] {
  return (list ?? []).flatMap((entry) => Object.values(entry));
}

function operationsOf(opType: string, inputs: number[][], outputs: number[][]): number {
  const made = count(outputs[0] ?? []);
  const [a = [], b = []] = inputs;
  if (/MatMul/.test(opType)) return 2 * made * (a.at(-1) ?? 0);
  // Gemm's first operand is never transposed in Kinora's graphs.
  if (/Gemm/.test(opType)) return 2 * made * (a.at(-1) ?? 0);
  // [m, c, …] kernels: each value made takes one channel window.
  if (/Conv/.test(opType)) return 2 * made * count(b.slice(1));
  // [n, tokens, c]: scores, then values.
  if (opType === 'MultiHeadAttention') return 4 * made * (b.at(-2) ?? 0);
  return 0;
}

function count(shape: readonly number[]): number {
  return shape.reduce((product, axis) => product * axis, 1);
}
