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

/** Builds a graph on a checkpoint and runs it once on the CPU. Blocks use only part of a checkpoint: `strict` is for whole networks. */
export async function runGraph(
  weights: Weights,
  inputs: Readonly<Record<string, Numbers>>,
  build: (graph: GraphBuilder) => void,
  { strict = false, ...forms }: { strict?: boolean } & Pick<GraphTarget, 'foldsWeights' | 'winogradChannels'> = {},
): Promise<Record<string, Numbers>> {
  const target = { provider: 'cpu', precision: 'float32', ...forms } as const;
  const built = buildGraph('test', { weights, target }, build);
  if (strict) checkWeights('test checkpoint', weights, [built]);
  return runBuilt(built, inputs);
}

/** Compiles and runs a graph once on the CPU. */
export async function runBuilt(
  built: BuiltGraph,
  inputs: Readonly<Record<string, Numbers>>,
): Promise<Record<string, Numbers>> {
  const session = await openSession(compileGraph(built), { provider: 'cpu', threads: 1 });
  try {
    const feeds = Object.entries(inputs).map(([name, { data }]) => [name, Float32Array.from(data)] as const);
    const results = await session.run(Object.fromEntries(feeds));
    return Object.fromEntries(built.outputs.map(({ name, shape }) => [name, { shape, data: results[name] ?? [] }]));
  } finally {
    await session.release();
  }
}
