import { InferenceSession, Tensor } from 'onnxruntime-node';
import { InferenceError } from '../../errors.ts';
import { cancellationPoint } from '../../util/cancellation.ts';

/** A provider that a session really runs on. */
export type ConcreteProvider = 'cpu' | 'cuda' | 'webgpu';

/** What a session is made from; `CompiledGraph` has this shape. */
export interface SessionModel {
  name: string;
  /** ONNX `ModelProto` bytes. */
  model: Uint8Array;
  /** Where the model's external data lies; undefined where it has none. */
  weightsFolder: string | undefined;
  /** Weights have to be converted when they are loaded. */
  castsWeights?: boolean;
  inputs: readonly { name: string; shape: readonly number[] }[];
  outputs: readonly { name: string; shape: readonly number[] }[];
}

/** How sessions are made. */
export interface SessionOptions {
  provider: ConcreteProvider;
  /** Threads of the CPU provider; default: one per core. */
  threads?: number | undefined;
  /** Leave weights in their file and map it, instead of copying them into the order that is quickest. CPU only. */
  mapped?: boolean;
  /**
   * Keep the memory of a run for the next one, until the session is released; else each run fetches it anew from the system
   * and gives it back, which took a tenth of the time of SVD XT's UNet. CPU only.
   */
  keepsMemory?: boolean;
  /** Refuse to load a model of which the provider would leave a node to the CPU. */
  wholly?: boolean;
  /** Where to write ONNX Runtime's profile of every run, as `<prefix>_<date>.json`, when the session is released. */
  profilePrefix?: string | undefined;
}

/** A network in memory. All tensors are float32, row-major, in the shapes that the model declares. */
export interface NetworkSession {
  /**
   * @param signal looked at before each part of a chain is loaded, and before it runs; whoever runs a network of one part looks itself
   * @throws InferenceError the run failed, or an input is missing or of the wrong size
   * @throws JobCancelledError the signal was aborted
   */
  run(inputs: Readonly<Record<string, Float32Array>>, signal?: AbortSignal): Promise<Record<string, Float32Array>>;
  /** Gives the memory back; the session cannot be run after. */
  release(): Promise<void>;
}

/**
 * Loads a network. It blocks the event loop while ONNX Runtime works, as do runs.
 * @throws InferenceError `session-create`, scope `host`: the provider or the model refuses
 */
export async function openSession(model: SessionModel, options: SessionOptions): Promise<NetworkSession> {
  const session = await loadSession(model, options);
  return {
    async run(inputs) {
      const results = await runSession(session, model, inputTensors(model, inputs));
      return Object.fromEntries(model.outputs.map((output) => [output.name, floats(results[output.name], output)]));
    },
    async release() {
      if (options.profilePrefix !== undefined) session.endProfiling();
      await session.release();
    },
  };
}

/**
 * A network as a chain of parts, of which one is in memory at a time: each is loaded for its turn in every run. Values
 * go from part to part by name.
 * @param parts as `partitionGraph` makes them, in order
 */
export function openChain(parts: readonly SessionModel[], options: SessionOptions): NetworkSession {
  const made = new Set(parts.flatMap((part) => part.outputs.map(({ name }) => name)));
  const lastUse = new Map(parts.flatMap((part, at) => part.inputs.map(({ name }) => [name, at] as const)));
  const name = parts.map((part) => part.name).join(' → ');
  const inputs = parts.flatMap((part) => part.inputs).filter((input) => !made.has(input.name));
  const outputs = parts.flatMap((part) => part.outputs).filter((output) => !lastUse.has(output.name));
  return {
    async run(values, signal) {
      const tensors: Record<string, Tensor> = inputTensors({ name, inputs }, values);
      for (const [at, part] of parts.entries()) {
        await cancellationPoint(signal);
        const session = await loadSession(part, options);
        try {
          await cancellationPoint(signal);
          Object.assign(tensors, await runSession(session, part, tensors));
        } finally {
          await session.release();
        }
        for (const [value, last] of lastUse) if (last === at) delete tensors[value];
      }
      return Object.fromEntries(outputs.map((output) => [output.name, floats(tensors[output.name], output)]));
    },
    release: async () => {},
  };
}

async function loadSession(model: SessionModel, options: SessionOptions): Promise<InferenceSession> {
  const { provider, threads, profilePrefix } = options;
  const mapped = provider === 'cpu' && options.mapped === true;
  return InferenceSession.create(model.model, {
    executionProviders: [provider],
    graphOptimizationLevel: mapped ? mappedLevel(model) : 'all',
    enableCpuMemArena: provider === 'cpu' && options.keepsMemory === true,
    // Planned as one block from the second run on, beside what the first has left: 0.7 to 0.9 GB more for SVD XT's UNet.
    enableMemPattern: provider !== 'cpu',
    logSeverityLevel: 3,
    ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
    ...(profilePrefix === undefined ? {} : { enableProfiling: true, profileFilePrefix: profilePrefix }),
    extra: { session: sessionEntries(model, { provider, mapped, wholly: options.wholly === true }) },
  }).catch((cause: unknown) => {
    // Memory, driver or file: whatever it is, the next clip meets it too.
    throw new InferenceError('session-create', `${model.name} could not be loaded on ${provider}.`, {
      cause,
      scope: 'host',
    });
  });
}

/**
 * How far ONNX Runtime may rewrite a graph whose weights are to stay in their file: the last level reorders the weights
 * of convolutions, which copies them. The others find nothing to gain in Kinora's graphs and take half of the time of
 * loading (a call of SVD XT's UNet took as long without them), so they run only where weights have to be converted.
 */
function mappedLevel({ castsWeights }: SessionModel): 'disabled' | 'extended' {
  return castsWeights === true ? 'extended' : 'disabled';
}

function sessionEntries(
  model: SessionModel,
  { provider, mapped, wholly }: { provider: ConcreteProvider; mapped: boolean; wholly: boolean },
): Record<string, string> {
  // Waiting threads sleep: spinning takes the cores that a bot shares with its machine.
  const entries: Record<string, string> = { 'intra_op.allow_spinning': '0' };
  if (model.weightsFolder !== undefined) entries.model_external_initializers_file_folder_path = model.weightsFolder;
  if (mapped) entries.disable_prepacking = '1';
  if (wholly) entries.disable_cpu_ep_fallback = '1';
  // Weights live as long as the session: outside the arena they do not fragment it.
  if (provider === 'cuda') entries.use_device_allocator_for_initializers = '1';
  return entries;
}

async function runSession(
  session: InferenceSession,
  model: SessionModel,
  tensors: Readonly<Record<string, Tensor>>,
): Promise<InferenceSession.OnnxValueMapType> {
  const feeds: Record<string, Tensor> = {};
  for (const { name } of model.inputs) {
    const tensor = tensors[name];
    if (tensor === undefined) throw new InferenceError('session-input', `${model.name} lacks its input ${name}.`);
    feeds[name] = tensor;
  }
  return session.run(feeds).catch((cause: unknown) => {
    // The provider opens cuDNN when it first needs it: without it every convolution is refused.
    if (cause instanceof Error && cause.message.includes('cuDNN is unavailable')) {
      const message = `${model.name} failed: cuDNN 9 (libcudnn.so.9) is missing, or cannot be loaded. \`npm run setup:cuda\` brings it.`;
      throw new InferenceError('cudnn-missing', message, { cause, scope: 'host' });
    }
    throw new InferenceError('session-run', `${model.name} failed.`, { cause });
  });
}

function inputTensors(
  { name, inputs }: Pick<SessionModel, 'name' | 'inputs'>,
  values: Readonly<Record<string, Float32Array>>,
): Record<string, Tensor> {
  const tensors = new Map<string, Tensor>();
  for (const input of inputs) {
    const data = values[input.name];
    if (data === undefined) throw new InferenceError('session-input', `${name} lacks its input ${input.name}.`);
    const size = input.shape.reduce((product, axis) => product * axis, 1);
    if (data.length !== size) {
      const sizes = `${data.length} values, not [${input.shape.join(', ')}]`;
      throw new InferenceError('session-input', `Input ${input.name} of ${name} has ${sizes}.`);
    }
    tensors.set(input.name, new Tensor('float32', data, input.shape));
  }
  return Object.fromEntries(tensors);
}

function floats(
  tensor: InferenceSession.OnnxValueMapType[string] | undefined,
  { name, shape }: SessionModel['outputs'][number],
): Float32Array {
  if (!(tensor?.data instanceof Float32Array) || tensor.dims.join() !== shape.join()) {
    const found = tensor === undefined ? 'missing' : `${tensor.type} [${tensor.dims.join(', ')}]`;
    throw new InferenceError('session-output', `Output ${name} is ${found}, not float32 [${shape.join(', ')}].`);
  }
  return tensor.data;
}
