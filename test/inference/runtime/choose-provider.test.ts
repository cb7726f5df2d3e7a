import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { InferenceSession } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { InferenceError } from '../../../src/errors.ts';
import { encodeModel } from '../../../src/inference/onnx/encode-model.ts';
import type { OnnxGraph } from '../../../src/inference/onnx/types.ts';
import { chooseProvider } from '../../../src/inference/runtime/choose-provider.ts';
import { openSession } from '../../../src/inference/runtime/session.ts';

const shape = [2];
const doubling: OnnxGraph = {
  name: 'doubling',
  nodes: [{ name: 'add', opType: 'Add', domain: '', inputs: ['x', 'x'], outputs: ['y'], attributes: {} }],
  initializers: [],
  inputs: [{ name: 'x', dataType: 'float32', shape }],
  outputs: [{ name: 'y', dataType: 'float32', shape }],
};

/** The package comes without the CUDA provider: where somebody fetched it, these tests have nothing to show. */
const packageDir = dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'));
const hasCuda = existsSync(
  join(packageDir, 'bin', 'napi-v6', process.platform, process.arch, 'libonnxruntime_providers_cuda.so'),
);

describe('a provider asked for by name', () => {
  it('is taken where it works', async () => {
    const said: string[] = [];
    expect(await chooseProvider('cpu', (message) => said.push(message))).toBe('cpu');
    expect(said).toEqual([]);
  });

  it.skipIf(hasCuda)('is refused where it does not, in words and with the cause, never exchanged', async () => {
    const refusal = await chooseProvider('cuda', () => {}).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(InferenceError);
    expect(refusal).toMatchObject({ code: 'provider-unavailable', cause: expect.any(Error) });
    expect((refusal as Error).message).toMatch(
      /^Provider cuda does not work here: [^\n]+ It needs Linux on x64[^\n]+$/,
    );
  });

  it('computes, or is refused: webgpu without a graphics card', async () => {
    const provider = await chooseProvider('webgpu', () => {}).catch((error: unknown) => error);
    if (provider instanceof Error) {
      expect(provider).toBeInstanceOf(InferenceError);
      expect(provider.message).toMatch(/^Provider webgpu does not work here: [^\n]+ It needs a graphics card[^\n]+$/);
      return;
    }
    const session = await openSession(
      { ...doubling, model: encodeModel(doubling), weightsFolder: undefined },
      { provider: 'webgpu' },
    );
    expect(await session.run({ x: Float32Array.of(1, 2) })).toEqual({ y: Float32Array.of(2, 4) });
    await session.release();
  });
});

describe('auto', () => {
  it.skipIf(hasCuda)('takes the CPU and says why it passed CUDA over', async () => {
    const said: string[] = [];
    expect(await chooseProvider('auto', (message) => said.push(message))).toBe('cpu');
    expect(said).toEqual([expect.stringMatching(/^Provider cuda does not work here: .* It is passed over\.$/)]);
  });
});

it('ONNX Runtime heeds the option that forbids handing work to the CPU', async () => {
  const forbidden = InferenceSession.create(encodeModel(doubling), {
    executionProviders: ['cpu'],
    logSeverityLevel: 4,
    extra: { session: { disable_cpu_ep_fallback: '1' } },
  });
  await expect(forbidden).rejects.toThrow(/fallback to CPU EP has been explicitly disabled/);
});
