import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { GraphError } from '../../../src/errors.ts';
import { compileGraph } from '../../../src/inference/graph/compile-graph.ts';
import { buildGraph, type GraphBuilder } from '../../../src/inference/graph/graph-builder.ts';
import { add } from '../../../src/inference/graph/ops.ts';
import { openWeights, type Weights } from '../../../src/inference/safetensors/open-weights.ts';
import { counting, writeCheckpoint } from '../../support/checkpoint.ts';
import { runGraph } from '../../support/run-graph.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const target = { provider: 'cpu', precision: 'float32' } as const;

/** x + the parameter, for x of zeros. */
async function valuesOf(weights: Weights, parameter: (graph: GraphBuilder) => ReturnType<GraphBuilder['parameter']>) {
  const x = { shape: [1], data: [0] };
  const { y } = await runGraph(weights, { x }, (graph) => {
    graph.output('y', add(graph, graph.input('x', [1]), parameter(graph)));
  });
  return [...Float32Array.from(y!.data)];
}

describe('weights', () => {
  it('are bytes of the checkpoint at an offset, whole or in rows', async () => {
    const path = join(tempFolder(), 'model.safetensors');
    writeCheckpoint(path, {
      first: { dtype: 'F16', shape: [1], values: Uint16Array.of(0) },
      // After two bytes of another tensor, so at no multiple of four.
      'block.weight': { dtype: 'F32', shape: [4, 3], values: counting(12) },
    });
    const weights = await openWeights(path, 'model');
    const graph = buildGraph('test', { weights, target }, (inner) => {
      inner.scope('block', () => inner.output('y', inner.parameter('weight', [4, 3], { rows: [1, 3] })));
    });
    const [initializer] = graph.initializers;
    expect(initializer).toMatchObject({ name: 'block.weight[1:3]', shape: [2, 3] });
    const data = initializer!.data;
    if (data.kind !== 'file') throw new Error('The weight was copied.');
    const bytes = readFileSync(data.file).subarray(data.offset, data.offset + data.sizeBytes);
    expect([...new Float32Array(Uint8Array.from(bytes).buffer)]).toEqual([3, 4, 5, 6, 7, 8]);
    expect(data.offset % 4).not.toBe(0);

    const compiled = compileGraph(graph);
    expect(join(compiled.weightsFolder!, basename(path))).toBe(data.file);
    expect(Buffer.from(compiled.model).includes(basename(path))).toBe(true);
    expect(await valuesOf(weights, (inner) => inner.parameter('block.weight', [4, 3], { rows: [1, 3] }))).toEqual([
      3, 4, 5, 6, 7, 8,
    ]);
  });

  it.each([
    ['F32', counting(3)],
    // 0, 1 and 2 in each format
    ['F16', Uint16Array.of(0, 0x3c00, 0x4000)],
    ['BF16', Uint16Array.of(0, 0x3f80, 0x4000)],
  ] as const)('are read as %s', async (dtype, values) => {
    const path = join(tempFolder(), 'model.safetensors');
    writeCheckpoint(path, { w: { dtype, shape: [3], values } });
    expect(await valuesOf(await openWeights(path, 'model'), (graph) => graph.parameter('w', [3]))).toEqual([0, 1, 2]);
  });

  it('are found behind the links of a download cache', async () => {
    const cache = tempFolder();
    writeCheckpoint(join(cache, 'blobs', '0123abcd'), { w: { dtype: 'F32', shape: [3], values: counting(3) } });
    const folder = join(cache, 'snapshots', '42', 'unet');
    mkdirSync(folder, { recursive: true });
    symlinkSync(join('..', '..', '..', 'blobs', '0123abcd'), join(folder, 'model.safetensors'));
    const weights = await openWeights(folder, 'model');
    expect(await valuesOf(weights, (graph) => graph.parameter('w', [3]))).toEqual([0, 1, 2]);
  });

  it('must lie in one folder', async () => {
    const folder = tempFolder();
    const values = counting(2);
    const parts = await Promise.all(
      ['a', 'b'].map(async (name) => {
        const path = join(folder, name, 'model.safetensors');
        writeCheckpoint(path, { [name]: { dtype: 'F32', shape: [2], values } });
        return openWeights(path, 'model');
      }),
    );
    const weights = new Map(parts.flatMap((part) => [...part]));
    const graph = buildGraph('test', { weights, target }, (inner) => {
      inner.output('y', add(inner, inner.parameter('a', [2]), inner.parameter('b', [2])));
    });
    expect(() => compileGraph(graph)).toThrow(GraphError);
  });
});

it('a graph without weights names no folder', () => {
  const graph = buildGraph('test', { weights: new Map(), target }, (inner) => inner.output('y', inner.input('x', [1])));
  expect(compileGraph(graph)).toMatchObject({ name: 'test', weightsFolder: undefined });
});
