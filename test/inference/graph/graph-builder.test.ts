import { describe, expect, it } from 'vitest';
import { GraphError } from '../../../src/errors.ts';
import {
  type BuiltGraph,
  buildGraph,
  type GraphBuilder,
  type GraphTarget,
} from '../../../src/inference/graph/graph-builder.ts';
import { add } from '../../../src/inference/graph/ops.ts';
import type { TensorEntry } from '../../../src/inference/safetensors/read-safetensors.ts';

const cpu: GraphTarget = { provider: 'cpu', precision: 'float32' };
const half: GraphTarget = { provider: 'cuda', precision: 'float16' };

/** A checkpoint of these tensors that no file need hold. */
function weightsOf(shapes: Record<string, number[]>, dtype: 'F32' | 'F16' = 'F32') {
  const entries = Object.entries(shapes).map(([name, shape]): [string, TensorEntry] => {
    const sizeBytes = shape.reduce((product, size) => product * size, dtype === 'F32' ? 4 : 2);
    return [name, { name, dtype, shape, file: '/w.safetensors', offset: 1000, sizeBytes }];
  });
  return new Map(entries);
}

function build(make: (graph: GraphBuilder) => void, weights = weightsOf({}), target = cpu): BuiltGraph {
  return buildGraph('test', { weights, target }, (graph) => {
    make(graph);
    graph.output('end', graph.input('start', [1]));
  });
}

const opTypes = (graph: BuiltGraph) => graph.nodes.map((node) => node.opType);
const namesOf = (graph: BuiltGraph) => graph.initializers.map(({ name }) => name);

describe('scopes', () => {
  it('name parameters with their keys in the checkpoint', () => {
    const key = 'down_blocks.0.resnets.1.norm1.weight';
    const graph = build(
      (inner) => {
        const weight = inner.scope('down_blocks.0', () =>
          inner.scope('resnets.1', () => inner.parameter('norm1.weight', [4])),
        );
        expect(weight).toEqual({ name: key, dataType: 'float32', shape: [4] });
        expect(inner.path()).toBe('');
      },
      weightsOf({ [key]: [4] }),
    );
    expect(namesOf(graph)).toEqual([key]);
    expect([...graph.expected]).toEqual([[key, [4]]]);
  });

  it('name nodes, each differently, and end when building fails', () => {
    const graph = build((inner) => {
      const x = inner.input('x', [1]);
      expect(() =>
        inner.scope('a', () => {
          throw new GraphError('graph-test', 'No.');
        }),
      ).toThrow(GraphError);
      inner.scope('b.c', () => {
        expect(inner.path()).toBe('b.c');
        add(inner, add(inner, x, x), x);
      });
      inner.scope('b.c', () => add(inner, x, x));
    });
    const names = graph.nodes.map(({ name }) => name).slice(0, 3);
    expect(names.every((name) => /^b\.c\/Add/.test(name))).toBe(true);
    expect(new Set(names).size).toBe(3);
  });
});

describe('parameters', () => {
  it('are taken once however often they are asked for', () => {
    const graph = build(
      (inner) => {
        expect(inner.parameter('w', [2, 3])).toEqual(inner.parameter('w', [2, 3]));
      },
      weightsOf({ w: [2, 3] }),
    );
    expect(namesOf(graph)).toEqual(['w']);
  });

  it('point into the file, rows as parts of it', () => {
    const graph = build(
      (inner) => {
        expect(inner.parameter('w', [6, 10], { rows: [4, 6] }).shape).toEqual([2, 10]);
        inner.parameter('w', [6, 10]);
      },
      weightsOf({ w: [6, 10] }, 'F16'),
    );
    expect(graph.initializers).toEqual([
      {
        name: 'w[4:6]',
        dataType: 'float16',
        shape: [2, 10],
        data: { kind: 'file', file: '/w.safetensors', offset: 1000 + 4 * 10 * 2, sizeBytes: 2 * 10 * 2 },
      },
      {
        name: 'w',
        dataType: 'float16',
        shape: [6, 10],
        data: { kind: 'file', file: '/w.safetensors', offset: 1000, sizeBytes: 6 * 10 * 2 },
      },
    ]);
  });

  it('can be seen in another shape of as many elements, the checkpoint keeping its own', () => {
    const graph = build(
      (inner) => {
        expect(inner.parameter('w', [4, 2, 3, 1, 1], { as: [4, 2, 3, 1] }).shape).toEqual([4, 2, 3, 1]);
        expect(() => inner.parameter('w', [4, 2, 3, 1, 1], { as: [4, 2, 2, 1] })).toThrow(GraphError);
      },
      weightsOf({ w: [4, 2, 3, 1, 1] }),
    );
    expect(graph.initializers[0]?.shape).toEqual([4, 2, 3, 1]);
    expect(graph.expected.get('w')).toEqual([4, 2, 3, 1, 1]);
  });

  it('cannot be asked for in two shapes', () => {
    build((inner) => {
      inner.unusedParameter('w', [2, 3]);
      expect(() => inner.parameter('w', [3, 2])).toThrow(GraphError);
    });
  });

  it('that the graph does not need are expected and not taken', () => {
    const graph = build((inner) => inner.scope('attn2', () => inner.unusedParameter('to_q.weight', [8, 8])));
    expect(graph.initializers).toEqual([]);
    expect([...graph.expected.keys()]).toEqual(['attn2.to_q.weight']);
  });

  it('that are missing are noted, not thrown', () => {
    const graph = build((inner) => inner.parameter('w', [2]));
    expect(graph.expected.get('w')).toEqual([2]);
  });
});

describe('constants', () => {
  it('that are equal are one', () => {
    const graph = build((inner) => {
      const one = inner.constant(Float32Array.of(1, 2), [2]);
      expect(inner.constant(Float32Array.of(1, 2), [2])).toEqual(one);
      expect(inner.constant(Float32Array.of(1, 2), [1, 2]).name).not.toBe(one.name);
      expect(inner.constant(Float32Array.of(1, 3), [2]).name).not.toBe(one.name);
      const list = inner.integers([2, 3]);
      expect(inner.integers([2, 3])).toEqual(list);
      expect(list).toMatchObject({ dataType: 'int64', shape: [2], integers: [2, 3] });
    });
    expect(graph.initializers).toHaveLength(4);
  });
});

describe('precision', () => {
  it('is float32 at the boundaries and the target’s inside', () => {
    const graph = build(
      (inner) => {
        const x = inner.input('x', [2]);
        expect(x.dataType).toBe('float16');
        const y = add(inner, x, inner.constant(Float32Array.of(1, 2), [2]));
        expect(y.dataType).toBe('float16');
        inner.output('y', y);
      },
      weightsOf({}),
      half,
    );
    expect([...graph.inputs, ...graph.outputs].map(({ dataType }) => dataType)).toEqual(Array(4).fill('float32'));
    expect(opTypes(graph).slice(0, 4)).toEqual(['Cast', 'Cast', 'Add', 'Cast']);
  });

  it('is that of the weights where it is the target’s, and needs one cast where it is not', () => {
    const use = (inner: GraphBuilder) => {
      expect(inner.parameter('w', [2]).dataType).toBe(inner.target.precision);
      expect(inner.parameter('w', [2]).dataType).toBe(inner.target.precision);
    };
    const casts = (dtype: 'F32' | 'F16', target: GraphTarget) => {
      const graph = build(use, weightsOf({ w: [2] }, dtype), target);
      return graph.nodes.filter((node) => node.opType === 'Cast' && node.inputs[0] === 'w').length;
    };
    expect([casts('F32', cpu), casts('F16', cpu), casts('F16', half), casts('F32', half)]).toEqual([0, 1, 0, 1]);
  });

  it('of an input, a constant or an output already right needs no cast', () => {
    const graph = build((inner) => inner.output('y', add(inner, inner.input('x', [1]), inner.input('z', [1]))));
    expect(opTypes(graph)).toEqual(['Add', 'Identity', 'Identity']);
  });
});

it('a graph without an output is refused', () => {
  expect(() => buildGraph('test', { weights: new Map(), target: cpu }, () => {})).toThrow(GraphError);
});

describe('inputs that are left out', () => {
  it('are empty between others, and not named at the end, where OpenVINO reads no empty ones', () => {
    const graph = build((inner) => {
      const [x, matrix] = [inner.input('x', [2, 3]), inner.input('matrix', [3, 4])];
      inner.op('Gemm', [x, matrix, undefined]);
      const picture = inner.input('picture', [1, 2, 3, 3]);
      inner.op('Resize', [picture, undefined, undefined, inner.integers([1, 2, 6, 6])]);
    });
    const given = graph.nodes.filter(({ opType }) => opType !== 'Identity').map(({ inputs }) => inputs);
    expect(given).toEqual([
      ['x', 'matrix'],
      ['picture', '', '', expect.stringContaining('integers')],
    ]);
  });
});
