import { partitionGraph } from '../graph/cut-graph.ts';
import type { Precision } from '../graph/graph-builder.ts';
import { peakActivationBytes, weightBytes } from '../graph/peak-memory.ts';
import { unetPart } from '../models/unet-spatio-temporal-condition-model.ts';
import type { ConcreteProvider } from '../runtime/session.ts';
import {
  buildNetwork,
  clipRequests,
  defaultPrecision,
  modelTarget,
  type NetworkRequest,
  networkTarget,
} from './build-network.ts';
import type { ModelConfigs } from './load-model.ts';
import type { ImageToVideoSettings, MemoryMode, PipelineStage } from './types.ts';

/** Bytes that are needed at the worst moment, roughly; the process itself comes on top. */
interface MemoryEstimate {
  weightBytes: number;
  activationBytes: number;
}

/** The stages of a clip that cost memory, by mode. */
export type MemoryEstimates = Record<Exclude<PipelineStage, 'prepare'>, Record<MemoryMode, MemoryEstimate>>;

const valueBytes: Readonly<Record<Precision, number>> = { float32: 4, float16: 2 };

/**
 * What each stage of a clip costs in each memory mode, computed from the graphs without loading a weight: the weights
 * that are there at once, in the precision that the provider works in, and the largest sum of live activations.
 * @throws SafetensorsError | WeightsMismatchError a checkpoint is missing, broken, or of another model
 */
export async function estimateMemory(
  configs: ModelConfigs,
  settings: Omit<ImageToVideoSettings, 'seed'>,
  provider: ConcreteProvider,
): Promise<MemoryEstimates> {
  const largest = { 'encode-image': nothing, denoise: nothing, decode: nothing };
  let residentBytes = 0;
  let largestPartBytes = 0;
  for (const request of clipRequests(configs, settings)) {
    const target = networkTarget(request, configs, modelTarget({ provider, precision: defaultPrecision(provider) }));
    const bytesPerValue = valueBytes[target.precision];
    const graph = await buildNetwork(configs, request, target);
    const cost = { weightBytes: weightBytes(graph, bytesPerValue), activationBytes: peakActivationBytes(graph) };
    const stage = stageOf[request.network];
    largest[stage] = larger(largest[stage], cost);
    residentBytes += cost.weightBytes;
    if (request.network !== 'unet-step') continue;
    const parts = partitionGraph(graph, unetPart).map((part) => weightBytes(part, bytesPerValue));
    largestPartBytes = Math.max(...parts);
  }
  const inModes = (cost: MemoryEstimate, sequentialBytes = cost.weightBytes) => ({
    resident: { ...cost, weightBytes: residentBytes },
    'model-offload': cost,
    'sequential-offload': { ...cost, weightBytes: sequentialBytes },
  });
  return {
    'encode-image': inModes(largest['encode-image']),
    // Values wait between the parts of the UNet as they wait inside the whole.
    denoise: inModes(largest.denoise, largestPartBytes),
    decode: inModes(largest.decode),
  };
}

const nothing: MemoryEstimate = { weightBytes: 0, activationBytes: 0 };

const stageOf = {
  'image-encoder': 'encode-image',
  'vae-encoder': 'encode-image',
  'unet-conditioning': 'denoise',
  'unet-step': 'denoise',
  'vae-decoder': 'decode',
} as const satisfies Record<NetworkRequest['network'], keyof MemoryEstimates>;

function larger(a: MemoryEstimate, b: MemoryEstimate): MemoryEstimate {
  return a.weightBytes + a.activationBytes > b.weightBytes + b.activationBytes ? a : b;
}
