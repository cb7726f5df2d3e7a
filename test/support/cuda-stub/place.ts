import { closeSync, existsSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { compileGraph } from '../../../src/inference/graph/compile-graph.ts';
import type { BuiltGraph, Precision } from '../../../src/inference/graph/graph-builder.ts';
import { peakActivationBytes, weightBytes } from '../../../src/inference/graph/peak-memory.ts';
import { encodeModel } from '../../../src/inference/onnx/encode-model.ts';
import {
  buildNetwork,
  clipRequests,
  modelTarget,
  type NetworkRequest,
  networkTarget,
} from '../../../src/inference/pipeline/build-network.ts';
import { readModelConfigs } from '../../../src/inference/pipeline/load-model.ts';
import { modelInfo } from '../../../src/inference/pipeline/model-info.ts';
import type { CudaGraph, GuidanceBatch, ImageToVideoSettings } from '../../../src/inference/pipeline/types.ts';
import { openSession } from '../../../src/inference/runtime/session.ts';

// The program that makes sessions on the CUDA provider, and maybe runs them, one line of JSON for each. It is given a file
// with its orders.

/** What is to be made. */
export interface PlaceOrder {
  modelDir: string;
  /** What differs from the model's own clip. */
  settings: Partial<ImageToVideoSettings>;
  precisions: Precision[];
  cudaGraphs: CudaGraph[];
  guidanceBatch?: GuidanceBatch;
  /** Left out: every network. */
  networks?: NetworkRequest['network'][];
  /** Run each network twice. */
  isRun?: boolean;
}

/** What became of one network. */
export interface Placed {
  model: string;
  network: NetworkRequest['network'];
  precision: Precision;
  cudaGraph: CudaGraph;
  /** Operators that Kinora wrote. */
  nodes: number;
  /** Of making the session; of the second run. */
  seconds: number;
  runSeconds?: number;
  /** Bytes of the card in use once the session is made, and at most until it was run once, and twice; with CUDA_STUB_JOURNAL alone. */
  loadedBytes?: number | undefined;
  /** Bytes of the card that were given back while the session was made: weights of which the provider made its own. */
  replacedBytes?: number;
  firstRunBytes?: number;
  peakBytes?: number;
  /** Bytes of the kernels of convolutions, on the card. */
  kernelBytes: number;
  /** What Kinora reckons: weights on the card, and activations at once. */
  weightBytes: number;
  activationBytes: number;
  /** Why there is no session that is wholly on CUDA, or why it does not run. */
  error?: string;
}

async function place(order: PlaceOrder): Promise<void> {
  const configs = await readModelConfigs(order.modelDir);
  const settings = { ...modelInfo(configs).defaults, ...order.settings };
  const requests = clipRequests(configs, settings, order.guidanceBatch);
  for (const precision of order.precisions) {
    for (const cudaGraph of order.cudaGraphs) {
      for (const request of requests) {
        if (order.networks !== undefined && !order.networks.includes(request.network)) continue;
        const target = networkTarget(request, configs, modelTarget({ provider: 'cuda', precision, cudaGraph }));
        const graph = await buildNetwork(configs, request, target);
        const made = { model: configs.name, network: request.network, precision, cudaGraph };
        const valueBytes = target.precision === 'float16' ? 2 : 4;
        const reckoned = {
          kernelBytes: weightBytes(kernelsOf(graph), valueBytes),
          weightBytes: weightBytes(graph, valueBytes),
          activationBytes: peakActivationBytes(graph),
        };
        const seen = await attempt(() => tryGraph(compileGraph(graph), order));
        tell({ ...made, nodes: graph.nodes.length, ...reckoned, ...seen });
      }
    }
  }
}

/** The graph with no weights but the kernels of convolutions. */
function kernelsOf(graph: BuiltGraph): BuiltGraph {
  const names = new Set(graph.nodes.flatMap(({ opType, inputs }) => (opType === 'Conv' ? (inputs[1] ?? []) : [])));
  return { ...graph, initializers: graph.initializers.filter(({ name }) => names.has(name)) };
}

async function tryGraph(model: ReturnType<typeof compileGraph>, { isRun }: PlaceOrder) {
  const before = journal().length;
  const start = performance.now();
  // Where a node would be left to the CPU, there is no session.
  const session = await openSession(model, { provider: 'cuda', wholly: true });
  try {
    const seconds = (performance.now() - start) / 1000;
    const steps = journal().slice(before);
    const loadedBytes = steps.at(-1);
    const replacedBytes = steps.reduce((sum, bytes, at) => sum + Math.max(0, (steps[at - 1] ?? 0) - bytes), 0);
    if (isRun !== true) return { seconds, loadedBytes, replacedBytes };
    const inputs = Object.fromEntries(
      model.inputs.map(({ name, shape }) => [
        name,
        new Float32Array(shape.reduce((product, axis) => product * axis, 1)),
      ]),
    );
    /** The most of the card that was in use since the session was begun. */
    const most = () => journal().reduce((high, bytes, at) => (at < before ? high : Math.max(high, bytes)), 0);
    await session.run(inputs);
    const firstRunBytes = most();
    const warm = performance.now();
    await session.run(inputs);
    const runSeconds = (performance.now() - warm) / 1000;
    return { seconds, runSeconds, loadedBytes, replacedBytes, firstRunBytes, peakBytes: most() };
  } finally {
    await session.release();
  }
}

const inUse: number[] = [];
let journalBytes = 0;

/** Bytes of the card that were in use, after each piece that was taken or given back. */
function journal(): readonly number[] {
  const path = process.env.CUDA_STUB_JOURNAL;
  if (path === undefined || !existsSync(path)) return inUse;
  const file = openSync(path, 'r');
  const added = Buffer.alloc(fstatSync(file).size - journalBytes);
  readSync(file, added, 0, added.length, journalBytes);
  closeSync(file);
  journalBytes += added.length;
  for (const [, bytes] of added.toString('latin1').matchAll(/ (\d+)\n/g)) inUse.push(Number(bytes));
  return inUse;
}

async function attempt<Result extends { seconds: number }>(act: () => Promise<Result>) {
  try {
    return await act();
  } catch (error) {
    const parts: string[] = [];
    for (let at: unknown = error; at instanceof Error; at = at.cause) parts.push(at.message);
    return { seconds: 0, error: parts.join(' ') };
  }
}

function tell(placed: Placed): void {
  process.stdout.write(`${JSON.stringify(placed)}\n`);
}

/** That a node which CUDA has no kernel for is refused, and not left to the CPU, is tried as well. */
async function placeOnCpuAlone() {
  const [shape, node] = [[4], { name: 'unique', domain: '', attributes: {} }];
  const model = encodeModel({
    name: 'refused',
    nodes: [{ ...node, opType: 'Unique', inputs: ['x'], outputs: ['y'] }],
    initializers: [],
    inputs: [{ name: 'x', dataType: 'float32', shape }],
    outputs: [{ name: 'y', dataType: 'float32', shape }],
  });
  const network = { name: 'refused', model, weightsFolder: undefined, inputs: [], outputs: [] };
  return attempt(async () => {
    await (await openSession(network, { provider: 'cuda', wholly: true })).release();
    return { seconds: 0 };
  });
}

const orders = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as PlaceOrder[];
for (const order of orders) await place(order);
process.stdout.write(`${JSON.stringify({ model: 'refused', ...(await placeOnCpuAlone()) })}\n`);
