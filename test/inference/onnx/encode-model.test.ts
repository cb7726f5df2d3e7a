import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { encodeModel } from '../../../src/inference/onnx/encode-model.ts';
import {
  type AttributeValue,
  channelsLastDomain,
  type OnnxGraph,
  type OnnxNode,
} from '../../../src/inference/onnx/types.ts';
import { openSession } from '../../../src/inference/runtime/session.ts';
import { goldenPath } from '../../support/golden.ts';

function node(
  opType: string,
  inputs: string[],
  output: string,
  rest: { name?: string; domain?: string; attributes?: Record<string, AttributeValue> } = {},
): OnnxNode {
  return { name: output, opType, domain: '', inputs, outputs: [output], attributes: {}, ...rest };
}

/** The model of reference/write_onnx_golden.py. */
const small: OnnxGraph = {
  name: 'small',
  nodes: [
    node('Cast', ['block.weight'], 'weight', { name: 'block/Cast', attributes: { to: 1 } }),
    node('Gemm', ['x', 'weight', ''], 'product', { name: 'block/Gemm', attributes: { transB: 1 } }),
    node('LayerNormalization', ['product', 'scale'], 'norm', {
      name: 'Normé',
      attributes: { axis: -1, epsilon: { float: 1e-6 } },
    }),
    node('QuickGelu', ['norm'], 'act', { domain: 'com.microsoft', attributes: { alpha: { float: 1 } } }),
    node('Reshape', ['act', 'shape'], 'flat'),
    node('Transpose', ['flat'], 'turned', { attributes: { perm: [1, 0] } }),
    node('Gelu', ['turned'], 'y', { attributes: { approximate: 'tanh' } }),
  ],
  initializers: [
    {
      name: 'block.weight',
      dataType: 'float16',
      shape: [4, 200],
      data: { kind: 'external', location: 'weights.bin', offset: 5_000_000_001, sizeBytes: 1600 },
    },
    {
      name: 'scale',
      dataType: 'float32',
      shape: [4],
      data: { kind: 'raw', bytes: new Uint8Array(Float32Array.of(1, -0.5, 2, 1e-30).buffer) },
    },
    {
      name: 'shape',
      dataType: 'int64',
      shape: [2],
      data: { kind: 'raw', bytes: new Uint8Array(BigInt64Array.of(-1n, 6n).buffer) },
    },
  ],
  inputs: [{ name: 'x', dataType: 'float32', shape: [3, 200] }],
  outputs: [{ name: 'y', dataType: 'float32', shape: [6, 2] }],
};

describe('encodeModel', () => {
  it("gives the onnx package's bytes", async () => {
    const expected = await readFile(goldenPath('onnx/small.onnx'));
    expect(Buffer.from(encodeModel(small)).toString('latin1')).toBe(expected.toString('latin1'));
  });

  it("names ONNX Runtime's inner domain where a node is of it alone: other programs may refuse it", () => {
    const text = (graph: OnnxGraph) => Buffer.from(encodeModel(graph)).toString('latin1');
    expect(text(small)).not.toContain(channelsLastDomain);
    const last = node('Conv', ['x', 'block.weight'], 'y', { domain: channelsLastDomain });
    expect(text({ ...small, nodes: [last] }).split(channelsLastDomain).length - 1).toBe(2);
  });

  it('gives what ONNX Runtime loads and runs', async () => {
    const graph: OnnxGraph = {
      name: 'rotate',
      nodes: [
        node('Reshape', ['x', 'shape'], 'flat'),
        node('Transpose', ['flat'], 'turned', { attributes: { perm: [1, 0] } }),
        node('QuickGelu', ['turned'], 'act', { domain: 'com.microsoft', attributes: { alpha: { float: 0 } } }),
        node('Add', ['act', 'offset'], 'y'),
      ],
      initializers: [
        ...small.initializers.filter(({ name }) => name === 'shape'),
        {
          name: 'offset',
          dataType: 'float32',
          shape: [1],
          data: { kind: 'raw', bytes: new Uint8Array(Float32Array.of(10).buffer) },
        },
      ],
      inputs: [{ name: 'x', dataType: 'float32', shape: [12] }],
      outputs: [{ name: 'y', dataType: 'float32', shape: [6, 2] }],
    };
    const session = await openSession(
      { ...graph, model: encodeModel(graph), weightsFolder: undefined },
      { provider: 'cpu', threads: 1 },
    );
    const { y } = await session.run({ x: Float32Array.from({ length: 12 }, (_, i) => i) });
    await session.release();
    // [12] -> [2, 6] -> [6, 2]; x·sigmoid(0·x) is x/2.
    expect([...y!]).toEqual([0, 6, 1, 7, 2, 8, 3, 9, 4, 10, 5, 11].map((value) => value / 2 + 10));
  });
});
