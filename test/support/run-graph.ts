import { checkWeights } from '../../src/inference/graph/check-weights.ts';
import { compileGraph } from '../../src/inference/graph/compile-graph.ts';
import {
  type BuiltGraph,
  buildGraph,
  type GraphBuilder,
  type GraphTarget,
} from '../../src/inference/graph/graph-builder.ts';
import { openSession } from '../../src/inference/runtime/session.ts';
import type { Weights } from '../../src/inference/safetensors/open-weights.ts';
import type { Numbers } from './expect-close.ts';

/** How a graph is run. */
export interface RunOptions {
  /**
   * Runs the graph as it is written: ONNX Runtime neither rewrites it nor converts its weights beforehand, which is half of
   * what a session of a tiny network costs. For tests of what a graph computes, not of what is made of it when it is loaded.
   */
  asWritten?: boolean;
}

/** Builds a graph on a checkpoint and runs it once on the CPU. Blocks use only part of a checkpoint: `strict` is for whole networks. */
export async function runGraph(
  weights: Weights,
  inputs: Readonly<Record<string, Numbers>>,
  build: (graph: GraphBuilder) => void,
  {
    strict = false,
    asWritten = false,
    ...forms
  }: { strict?: boolean } & RunOptions & Pick<GraphTarget, 'foldsWeights' | 'winogradChannels'> = {},
): Promise<Record<string, Numbers>> {
  const target = { provider: 'cpu', precision: 'float32', ...forms } as const;
  const built = buildGraph('test', { weights, target }, build);
  if (strict) checkWeights('test checkpoint', weights, [built]);
  return runBuilt(built, inputs, { asWritten });
}

/** Compiles and runs a graph once on the CPU. */
export async function runBuilt(
  built: BuiltGraph,
  inputs: Readonly<Record<string, Numbers>>,
  { asWritten = false }: RunOptions = {},
): Promise<Record<string, Numbers>> {
  const compiled = compileGraph(built);
  const session = await openSession(
    { ...compiled, castsWeights: compiled.castsWeights && !asWritten },
    { provider: 'cpu', threads: 1, mapped: asWritten },
  );
  try {
    const feeds = Object.entries(inputs).map(([name, { data }]) => [name, Float32Array.from(data)] as const);
    const results = await session.run(Object.fromEntries(feeds));
    return Object.fromEntries(built.outputs.map(({ name, shape }) => [name, { shape, data: results[name] ?? [] }]));
  } finally {
    await session.release();
  }
}
