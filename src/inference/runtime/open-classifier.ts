import { InferenceSession, Tensor } from 'onnxruntime-node';
import { ConfigError, InferenceError } from '../../errors.ts';

/** A network from a file of its own that sorts pictures. */
export interface Classifier {
  /** Takes `pixels` [1, 3, imageSize, imageSize]; gives one number per label, before softmax. */
  run(pixels: Float32Array): Promise<Float32Array>;
}

/**
 * Loads an .onnx file with one input, a picture, and one output, a number per label. Runs on the CPU: it is small, and
 * the GPU's memory is the video model's.
 *
 * @param imageSize pixels across its input, which is square
 * @param threads of ONNX Runtime; default: one per core
 * @throws ConfigError the file cannot be read, or is no such network
 */
export async function openClassifier(
  path: string,
  { imageSize, threads }: { imageSize: number; threads?: number | undefined },
): Promise<Classifier> {
  let session: InferenceSession;
  try {
    session = await InferenceSession.create(path, {
      executionProviders: ['cpu'],
      enableCpuMemArena: false,
      logSeverityLevel: 3,
      ...(threads !== undefined && { intraOpNumThreads: threads }),
      extra: { session: { 'intra_op.allow_spinning': '0' } },
    });
  } catch (cause) {
    throw new ConfigError('classifier-unreadable', `${path} is no network that can be run.`, { cause });
  }
  const { inputNames, outputNames } = session;
  const [input, output] = [inputNames[0], outputNames[0]];
  if (input === undefined || output === undefined || inputNames.length + outputNames.length > 2) {
    throw new ConfigError('classifier-shape', `${path} must have one input and one output.`);
  }
  return {
    async run(pixels) {
      try {
        const results = await session.run({ [input]: new Tensor('float32', pixels, [1, 3, imageSize, imageSize]) });
        const data = results[output]?.data;
        if (data instanceof Float32Array) return data;
        throw new Error('The output is not float32.');
      } catch (cause) {
        throw new InferenceError('classifier-run', `${path} could not look at a picture.`, { cause });
      }
    },
  };
}
