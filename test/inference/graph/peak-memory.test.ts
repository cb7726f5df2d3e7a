import { describe, expect, it } from 'vitest';
import { type BuiltGraph, buildGraph, type GraphBuilder } from '../../../src/inference/graph/graph-builder.ts';
import { add, matMul, multiply, reshape, transpose } from '../../../src/inference/graph/ops.ts';
import { peakActivationBytes, weightBytes } from '../../../src/inference/graph/peak-memory.ts';

const target = { provider: 'cpu', precision: 'float32' } as const;

function graphOf(build: (graph: GraphBuilder) => void): BuiltGraph {
  return buildGraph('test', { weights: new Map(), target }, build);
}

/** 1,000 float32 values. */
const shape = [10, 100];
const bytes = 4_000;

describe('peakActivationBytes', () => {
  it('counts an input, an output and what lies between', () => {
    const graph = graphOf((g) => g.output('y', transpose(g, g.input('x', shape), [1, 0])));
    // x, its transpose, and the output that the caller gets.
    expect(peakActivationBytes(graph)).toBe(3 * bytes);
  });

  it('lets elementwise operators write over what nobody needs any more, but never over an input', () => {
    const chain = (length: number) =>
      graphOf((g) => {
        let x = g.input('x', shape);
        for (let i = 0; i < length; i++) x = g.op('Sigmoid', [x]);
        g.output('y', x);
      });
    expect(peakActivationBytes(chain(1))).toBe(3 * bytes);
    expect(peakActivationBytes(chain(20))).toBe(3 * bytes);
  });

  it('keeps what is needed later', () => {
    const graph = graphOf((g) => {
      const x = g.input('x', shape);
      const skip = g.op('Sigmoid', [x]);
      let h = transpose(g, skip, [1, 0]);
      for (let i = 0; i < 5; i++) h = transpose(g, transpose(g, h, [1, 0]), [1, 0]);
      g.output('y', add(g, skip, transpose(g, h, [1, 0])));
    });
    // x is the caller's; the skip waits; a transpose needs its source and its target.
    expect(peakActivationBytes(graph)).toBe(4 * bytes);
  });

  it('does not hand a buffer on to a value of another shape, as ONNX Runtime does not', () => {
    const rounds = (...shapes: [number, number][]) =>
      graphOf((g) => {
        let x = g.input('x', shape);
        for (const from of [...shapes, ...shapes]) x = transpose(g, reshape(g, x, from), [1, 0]);
        g.output('y', x);
      });
    // Of one shape, two buffers take turns; of three, the third is made although another lies idle.
    expect(peakActivationBytes(rounds([10, 100], [10, 100], [10, 100]))).toBe(3 * bytes);
    expect(peakActivationBytes(rounds([10, 100], [25, 40], [50, 20]))).toBe(4 * bytes);
  });

  it('counts a view once', () => {
    const graph = graphOf((g) => {
      const flat = reshape(g, g.op('Sigmoid', [g.input('x', shape)]), [1_000]);
      g.output('y', reshape(g, flat, [1, 1_000]));
    });
    expect(peakActivationBytes(graph)).toBe(3 * bytes);
  });

  it('does not count what is folded when the session is made', () => {
    const graph = graphOf((g) => {
      const large = transpose(g, g.constant(new Float32Array(1e6), [1_000, 1_000]), [1, 0]);
      const ones = g.constant(new Float32Array(1_000).fill(1), [1, 1_000]);
      const total = matMul(g, matMul(g, ones, large), transpose(g, ones, [1, 0]));
      g.output('y', multiply(g, g.input('x', [1, 1]), total));
    });
    expect(peakActivationBytes(graph)).toBeLessThan(100);
  });
});

describe('weightBytes', () => {
  it('counts tensors of the checkpoint, not constants', () => {
    const entry = { name: 'w', dtype: 'F16', shape: [30], file: '/w.safetensors', offset: 0, sizeBytes: 60 } as const;
    const graph = buildGraph('test', { weights: new Map([['w', entry]]), target }, (g) => {
      const x = multiply(g, g.input('x', [30]), g.parameter('w', [30]));
      g.output('y', add(g, x, g.constant(new Float32Array(30), [30])));
    });
    expect(weightBytes(graph, 4)).toBe(120);
    expect(weightBytes(graph, 2)).toBe(60);
  });
});
