import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { Size } from '../../util/rgb.ts';

/** Values [1, 3, height, width]. */
export interface Planes extends Size {
  values: Float32Array;
}

/** A network from a file of its own that makes a picture of a picture. */
export interface ImageNetwork {
  /** Pixels that it takes; undefined: any number. */
  fixed: { width: number | undefined; height: number | undefined };
  /** @throws Error it failed, or gave something that is no picture */
  run(picture: Planes): Promise<Planes>;
  release(): Promise<void>;
}

/**
 * Loads an .onnx file with one input and one output, both float32 [1, 3, height, width]. Runs on the CPU: such networks
 * run once a clip, on its picture, and the GPU's memory is the video model's.
 *
 * @throws Error the bytes are no such network; the message says in what
 */
export async function openImageNetwork(bytes: Uint8Array, threads?: number): Promise<ImageNetwork> {
  const session = await InferenceSession.create(bytes, {
    executionProviders: ['cpu'],
    enableCpuMemArena: false,
    logSeverityLevel: 3,
    ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
    extra: { session: { 'intra_op.allow_spinning': '0' } },
  });
  try {
    const [input, output] = [theOnly(session.inputMetadata, 'input'), theOnly(session.outputMetadata, 'output')];
    const [, , height, width] = input.shape;
    const known = (side: number | string | undefined) => (typeof side === 'number' && side > 0 ? side : undefined);
    return {
      fixed: { width: known(width), height: known(height) },
      async run(picture) {
        const tensor = new Tensor('float32', picture.values, [1, 3, picture.height, picture.width]);
        const { [output.name]: made } = await session.run({ [input.name]: tensor });
        const [batch, channels, down = 0, across = 0] = made?.dims ?? [];
        if (!(made?.data instanceof Float32Array) || made.dims.length !== 4 || batch !== 1 || channels !== 3) {
          throw new Error(`its output is ${made?.type} [${made?.dims.join(', ')}], not float32 [1, 3, height, width]`);
        }
        return { width: across, height: down, values: made.data };
      },
      release: () => session.release(),
    };
  } catch (error) {
    await session.release();
    throw error;
  }
}

function theOnly(
  values: readonly InferenceSession.ValueMetadata[],
  what: 'input' | 'output',
): InferenceSession.TensorValueMetadata {
  const [first, ...more] = values;
  if (first === undefined || more.length > 0) throw new Error(`it has ${values.length} ${what}s, not one`);
  if (!first.isTensor || first.type !== 'float32') {
    throw new Error(`its ${what} is ${first.isTensor ? first.type : 'no tensor'}, not float32`);
  }
  const [batch, channels] = first.shape;
  // A shape of length 0 is one that is not declared.
  const isPicture =
    first.shape.length === 0 ||
    (first.shape.length === 4 && (typeof channels !== 'number' || channels === 3 || channels < 1));
  if (!isPicture || (typeof batch === 'number' && batch > 1)) {
    throw new Error(`its ${what} is [${first.shape.join(', ')}], not [1, 3, height, width]`);
  }
  return first;
}
