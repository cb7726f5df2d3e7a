import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { InferenceError } from '../../../src/errors.ts';
import { compileGraph } from '../../../src/inference/graph/compile-graph.ts';
import { buildGraph } from '../../../src/inference/graph/graph-builder.ts';
import { linear } from '../../../src/inference/nn/layers.ts';
import { encodeModel } from '../../../src/inference/onnx/encode-model.ts';
import { openSession, type SessionModel, type SessionOptions } from '../../../src/inference/runtime/session.ts';
import { openWeights } from '../../../src/inference/safetensors/open-weights.ts';
import { counting, writeCheckpoint } from '../../support/checkpoint.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const cpu: SessionOptions = { provider: 'cpu', threads: 1 };

/** y = 2x of two values, or another operator on x. */
function model(opType = 'Add', outputs?: SessionModel['outputs']): SessionModel {
  const inputs = opType === 'Add' ? ['x', 'x'] : ['x'];
  const graph = {
    name: 'doubling',
    nodes: [{ name: 'node', opType, domain: '', inputs, outputs: ['y'], attributes: {} }],
    initializers: [],
    inputs: [{ name: 'x', dataType: 'float32', shape: [2] }],
    outputs: [{ name: 'y', dataType: opType === 'Shape' ? 'int64' : 'float32', shape: opType === 'Shape' ? [1] : [2] }],
  } as const;
  return { ...graph, outputs: outputs ?? graph.outputs, model: encodeModel(graph), weightsFolder: undefined };
}

function refusal(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => 'accepted',
    (error: unknown) => error,
  );
}

describe('a session', () => {
  it('runs again and again, and passes over what it does not take', async () => {
    const session = await openSession(model(), cpu);
    expect(await session.run({ x: Float32Array.of(1, 2) })).toEqual({ y: Float32Array.of(2, 4) });
    expect(await session.run({ x: Float32Array.of(3, 4), z: Float32Array.of(9) })).toEqual({
      y: Float32Array.of(6, 8),
    });
    await session.release();
  });

  it('refuses a missing input and one of another size, by name', async () => {
    const session = await openSession(model(), cpu);
    for (const [inputs, message] of [
      [{}, 'doubling lacks its input x.'],
      [{ x: Float32Array.of(1, 2, 3) }, 'Input x of doubling has 3 values, not [2].'],
    ] as const) {
      const error = await refusal(session.run(inputs));
      expect(error).toBeInstanceOf(InferenceError);
      expect(error).toMatchObject({ code: 'session-input', message });
    }
    await session.release();
  });

  it('cannot be run after it was released', async () => {
    const session = await openSession(model(), cpu);
    await session.release();
    const error = await refusal(session.run({ x: Float32Array.of(1, 2) }));
    expect(error).toBeInstanceOf(InferenceError);
    expect(error).toMatchObject({ code: 'session-run', cause: expect.any(Error) });
  });

  it.each([
    ['of another shape', model('Add', [{ name: 'y', shape: [1, 2] }]), 'Output y is float32 [2], not float32 [1, 2].'],
    ['of another type', model('Shape', [{ name: 'y', shape: [1] }]), 'Output y is int64 [1], not float32 [1].'],
    ['that is not there', model('Add', [{ name: 'z', shape: [2] }]), 'Output z is missing, not float32 [2].'],
  ])('refuses an output %s', async (_, wrong, message) => {
    const session = await openSession(wrong, cpu);
    const error = await refusal(session.run({ x: Float32Array.of(1, 2) }));
    expect(error).toBeInstanceOf(InferenceError);
    expect(error).toMatchObject({ code: 'session-output', message });
    await session.release();
  });

  it('is refused for bytes that are no model, and for one that ONNX Runtime does not take', async () => {
    for (const wrong of [{ ...model(), model: Uint8Array.of(1, 2, 3) }, model('NoSuchOperator')]) {
      const error = await refusal(openSession(wrong, cpu));
      expect(error).toBeInstanceOf(InferenceError);
      expect(error).toMatchObject({
        code: 'session-create',
        message: 'doubling could not be loaded on cpu.',
        cause: expect.any(Error),
      });
    }
  });
});

it('refuses a model of which a provider would leave something to the CPU, where asked to', async () => {
  const error = await refusal(openSession(model(), { ...cpu, wholly: true }));
  expect(error).toMatchObject({ code: 'session-create', cause: expect.any(Error) });
});

describe('weights beside the model', () => {
  /** 0 to 5 in half precision. */
  const halves = Uint16Array.of(0, 0x3c00, 0x4000, 0x4200, 0x4400, 0x4500);

  const weightsOf = async (dtype: 'F32' | 'F16' = 'F32') => {
    const path = join(tempFolder(), 'model.safetensors');
    const values = dtype === 'F32' ? counting(6) : halves;
    writeCheckpoint(path, { 'fc.weight': { dtype, shape: [3, 2], values } });
    const weights = await openWeights(path, 'model');
    const target = { provider: 'cpu', precision: 'float32' } as const;
    const graph = buildGraph('layer', { weights, target }, (inner) => {
      inner.output('y', linear(inner, 'fc', inner.input('x', [1, 2]), 3, { bias: false }));
    });
    return compileGraph(graph);
  };

  it.each(['F32', 'F16'] as const)('give the same numbers copied and mapped from the file, as %s', async (dtype) => {
    const compiled = await weightsOf(dtype);
    expect(compiled.castsWeights).toBe(dtype === 'F16');
    for (const mapped of [false, true]) {
      const session = await openSession(compiled, { ...cpu, mapped });
      expect(await session.run({ x: Float32Array.of(1, 10) })).toEqual({ y: Float32Array.of(10, 32, 54) });
      await session.release();
    }
  });

  it('that are gone are an error of loading', async () => {
    const error = await refusal(openSession({ ...(await weightsOf()), weightsFolder: tempFolder() }, cpu));
    expect(error).toBeInstanceOf(InferenceError);
    expect(error).toMatchObject({ code: 'session-create' });
  });
});
