import { describe, expect, it } from 'vitest';
import { type BuiltGraph, buildGraph, type GraphTarget } from '../../src/inference/graph/graph-builder.ts';
import { add, reshape, scalar, transpose } from '../../src/inference/graph/ops.ts';
import { multiHeadAttention } from '../../src/inference/nn/attention.ts';
import { inFloat32, largestHalf } from './half-precision.ts';
import { runBuilt } from './run-graph.ts';
import { readMagnitudes, withMagnitudes } from './trace-magnitudes.ts';

const target: GraphTarget = { provider: 'cuda', precision: 'float16' };
const source = { weights: new Map(), target };

/** y = x + 1, moved about before and after. */
const graph = buildGraph('test', source, (inner) => {
  const x = transpose(inner, inner.input('x', [2, 3]), [1, 0]);
  inner.output('y', reshape(inner, add(inner, x, scalar(inner, 1)), [6]));
});
const values = { x: { shape: [2, 3], data: [1e-3, 2048, 4096, 65_519, 65_520, -7e4] } };
const outputOf = async (built: BuiltGraph) => [...Float32Array.from((await runBuilt(built, values)).y!.data)];

describe('a graph of float16 in float32', () => {
  it('is rounded wherever it computes: to even, and to infinity beyond the largest', async () => {
    const found = await outputOf(inFloat32(graph, { rounded: true }));
    expect(found.slice(1)).toEqual([largestHalf, 2048, Number.POSITIVE_INFINITY, 4096, Number.NEGATIVE_INFINITY]);
    expect(found[0]).toBe(1 + 2 ** -10);
  });

  it('is exact where it is not to be rounded', async () => {
    const found = await outputOf(inFloat32(graph, { rounded: false }));
    expect(found).toEqual([Math.fround(1 + Math.fround(1e-3)), 65_520, 2049, 65_521, 4097, -69_999]);
  });
});

it('finds the largest values', async () => {
  const traced = withMagnitudes(graph, { inside: true });
  const found = readMagnitudes(
    Object.fromEntries(Object.entries(await runBuilt(traced, values)).map(([name, { data }]) => [name, data])),
  );
  expect(found.map(({ kind, largest }) => [kind, largest])).toEqual([
    ['value', 70_000],
    ['value', 69_999],
  ]);
});

it('looks at the sums inside products and norms, and at scores before they are scaled', async () => {
  const inner = buildGraph('test', source, (built) => {
    const [a, b] = [built.input('a', [1, 2, 4]), built.input('b', [1, 4, 2])];
    const [ones, zeros] = [1, 0].map((value) => built.constant(new Float32Array(4).fill(value), [4]));
    built.output('normed', built.op('LayerNormalization', [a, ones, zeros], { axis: -1, epsilon: { float: 1e-5 } }));
    built.output('product', built.op('MatMul', [a, b]));
    built.output('attended', multiHeadAttention(built, { query: a, key: a, value: a }, 2));
  });
  const data = {
    a: { shape: [1, 2, 4], data: [1, -2, 3, -4, 1, 1, 1, 1] },
    b: { shape: [1, 4, 2], data: new Float32Array(8).fill(1) },
  };
  const outputs = Object.entries(await runBuilt(withMagnitudes(inner, { inside: true }), data));
  const found = readMagnitudes(Object.fromEntries(outputs.map(([name, { data: numbers }]) => [name, numbers])));
  const of = (kind: string) => found.filter((magnitude) => magnitude.kind === kind).map(({ largest }) => largest);
  expect(of('squares')).toEqual([30]); // 1 + 4 + 9 + 16
  expect(of('products')).toEqual([10]); // 1 + 2 + 3 + 4, where the sum itself is -2
  expect(of('scores')).toEqual([25]); // of the second head: 9 + 16
});
