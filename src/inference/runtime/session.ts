import { setImmediate as nextTurn } from 'node:timers/promises';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { InferenceError } from '../../errors.ts';

/** A provider that a session really runs on. */
export type ConcreteProvider = 'cpu' | 'cuda' | 'webgpu';

/** What a session is made from; `CompiledGraph` has this shape. */
export interface SessionModel {
  name: string;
  /** ONNX `ModelProto` bytes. */
  model: Uint8Array;
  /** Where the model's external data lies; undefined where it has none. */
  weightsFolder: string | undefined;
  outputs: readonly { name: string; shape: readonly number[] }[];
  inputs: readonly { name: string; shape: readonly number[] }[];
}

/** How sessions are made. */
export interface SessionOptions {
  provider: ConcreteProvider;
  /** Threads of the CPU provider; default: one per core. */
  threads?: number | undefined;
}

/** A network in memory. All tensors are float32, row-major, in the shapes that the model declares. */
export interface NetworkSession {
  /** @throws InferenceError the run failed, or an input is missing or of the wrong size */
  run(inputs: Readonly<Record<string, Float32Array>>): Promise<Record<string, Float32Array>>;
  /** Gives the memory back; the session cannot be run after. */
  release(): Promise<void>;
}

/**
 * Loads a network. It blocks the event loop while ONNX Runtime works, as do runs.
 * @throws InferenceError the provider or the model refuses
 */
export async function openSession(model: SessionModel, { provider, threads }: SessionOptions): Promise<NetworkSession> {
  const session = await InferenceSession.create(model.model, {
    executionProviders: [provider],
    graphOptimizationLevel: 'all',
    // The arena would keep its peak for as long as the session lives.
    enableCpuMemArena: false,
    logSeverityLevel: 3,
    ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
    extra: { session: sessionEntries(model, provider) },
  }).catch((cause: unknown) => {
    throw new InferenceError('session-create', `${model.name} could not be loaded on ${provider}.`, { cause });
  });

  return {
    async run(inputs) {
      const feeds: Record<string, Tensor> = {};
      for (const { name, shape } of model.inputs) {
        const data = inputs[name];
        if (data === undefined) throw new InferenceError('session-input', `${model.name} lacks its input ${name}.`);
        feeds[name] = new Tensor('float32', data, shape);
      }
      const results = await session.run(feeds).catch((cause: unknown) => {
        throw new InferenceError('session-run', `${model.name} failed on ${provider}.`, { cause });
      });
      // Messages (a cancel, say) that came while the run blocked are taken before the next.
      await nextTurn();
      return Object.fromEntries(model.outputs.map(({ name }) => [name, floats(results[name])]));
    },
    release: () => session.release(),
  };
}

function sessionEntries(model: SessionModel, provider: ConcreteProvider): Record<string, string> {
  const entries: Record<string, string> = { 'intra_op.allow_spinning': '0' };
  if (model.weightsFolder !== undefined) entries.model_external_initializers_file_folder_path = model.weightsFolder;
  // Weights live as long as the session: outside the arena they do not fragment it.
  if (provider === 'cuda') entries.use_device_allocator_for_initializers = '1';
  return entries;
}

function floats(tensor: InferenceSession.OnnxValueMapType[string] | undefined): Float32Array {
  if (!(tensor?.data instanceof Float32Array)) {
    throw new InferenceError('session-output', 'An output is missing or not float32.');
  }
  return tensor.data;
}
