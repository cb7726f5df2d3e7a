import { describe, expect, it } from 'vitest';
import type { GraphBuilder } from '../../src/inference/graph/graph-builder.ts';
import type { Value } from '../../src/inference/graph/value.ts';
import type { Weights } from '../../src/inference/safetensors/open-weights.ts';
import { expectClose, type Numbers } from './expect-close.ts';
import { type Golden, openGolden } from './golden.ts';
import { runGraph } from './run-graph.ts';

/** What diffusers recorded of one module. */
export interface Recorded {
  /** The module's name, which is its weights' prefix. */
  name: string;
  weights: Weights;
  /** An argument. */
  input(argument: string): Numbers;
  /** Whether that argument was given. */
  has(argument: string): boolean;
  /** The output, or one of several, e.g. `0` or `1/0`. */
  output(index?: string): Numbers;
}

/** How a module's recording becomes a graph of ours, in our layouts. */
export interface BlockRun {
  inputs: Record<string, Numbers>;
  build(graph: GraphBuilder, inputs: Record<string, Value>): Value;
  expected: Numbers;
  /** Whether to build it a second time, with weights reckoned into others. */
  folds?: boolean;
}

/**
 * A test per recorded module whose class is among `blocks`.
 * @param title e.g. `tiny-a UNet`
 */
export async function describeBlockParity(
  title: string,
  source: { golden: string; cases: readonly string[]; weights: Promise<Weights> },
  blocks: Readonly<Record<string, (recorded: Recorded) => BlockRun>>,
): Promise<void> {
  const golden = await openGolden(source.golden);
  const weights = await source.weights;
  describe(`${title} blocks against the reference`, () => {
    const modules = source.cases.flatMap((name) =>
      Object.entries(golden.manifest.modules[name] ?? {}).map(([module, type]) => ({ name, module, type })),
    );
    it('knows every recorded class', () => {
      const unknown = modules.filter(({ type }) => !Object.hasOwn(blocks, type));
      expect(unknown).toEqual([]);
    });
    it.each(modules)('$type: $module', async ({ name, module, type }) => {
      const run = blocks[type]!(recording(golden, `${name}/${module}`, { name: module, weights }));
      for (const foldsWeights of run.folds === true ? [false, true] : [false]) {
        const build = (graph: GraphBuilder) => {
          const values = Object.entries(run.inputs).map(([key, { shape }]) => [key, graph.input(key, shape)] as const);
          graph.output('out', run.build(graph, Object.fromEntries(values)));
        };
        const results = await runGraph(weights, run.inputs, build, { foldsWeights, asWritten: true });
        expectClose(results.out!, run.expected, { tolerance: 1e-4, name: module });
      }
    });
  });
}

function recording(golden: Golden, path: string, rest: Pick<Recorded, 'name' | 'weights'>): Recorded {
  return {
    ...rest,
    input: (argument) => golden.floats(`${path}/in/${argument}`),
    has: (argument) => golden.names.includes(`${path}/in/${argument}`),
    output: (index) => golden.floats(index === undefined ? `${path}/out` : `${path}/out/${index}`),
  };
}
