import { encodeModel } from '../../src/inference/onnx/encode-model.ts';
import { openSession } from '../../src/inference/runtime/session.ts';

const side = 2048;
const attempts = 40;

/** What this machine reaches in a product of two 2048×2048 matrices of float32, in 10⁹ operations per second. */
export async function matrixPeak(threads: number): Promise<number> {
  const shape = [side, side];
  const values = new Float32Array(side * side).fill(0.5);
  const model = encodeModel({
    name: 'product',
    nodes: [{ name: 'product', opType: 'MatMul', domain: '', inputs: ['a', 'b'], outputs: ['c'], attributes: {} }],
    // A constant, as weights are: ONNX Runtime brings it into its own order once.
    initializers: [
      { name: 'b', dataType: 'float32', shape, data: { kind: 'raw', bytes: new Uint8Array(values.buffer) } },
    ],
    inputs: [{ name: 'a', dataType: 'float32', shape }],
    outputs: [{ name: 'c', dataType: 'float32', shape }],
  });
  const io = { inputs: [{ name: 'a', shape }], outputs: [{ name: 'c', shape }] };
  const session = await openSession(
    { name: 'product', model, weightsFolder: undefined, ...io },
    { provider: 'cpu', threads },
  );
  let bestSeconds = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < attempts; attempt++) {
    const startedMs = performance.now();
    await session.run({ a: values });
    bestSeconds = Math.min(bestSeconds, (performance.now() - startedMs) / 1000);
  }
  await session.release();
  return (2 * side ** 3) / bestSeconds / 1e9;
}
