import { partitionGraph } from '../graph/cut-graph.ts';
import type { BuiltGraph, GraphTarget, Precision } from '../graph/graph-builder.ts';
import { largestElementCount, peakActivationBytes, weightBytes } from '../graph/peak-memory.ts';
import { unetPart } from '../models/unet-spatio-temporal-condition-model.ts';
import {
  buildCheckpoint,
  buildNetwork,
  cachesDeepFeatures,
  clipRequests,
  defaultPrecision,
  modelTarget,
  type NetworkRequest,
  networkTarget,
  pickNetwork,
  type TargetOptions,
} from './build-network.ts';
import type { ModelConfigs } from './load-model.ts';
import type { GuidanceBatch, ImageToVideoSettings, MemoryMode, PipelineStage } from './types.ts';

/** Bytes that are needed at the worst moment, roughly; the process itself comes on top. */
export interface MemoryEstimate {
  weightBytes: number;
  activationBytes: number;
}

/** The stages of a clip that cost memory, by mode. */
export type MemoryEstimates = Record<Exclude<PipelineStage, 'prepare'>, Record<MemoryMode, MemoryEstimate>>;

/** How the networks are run; what is left out is as the pipeline takes it. */
export interface EstimateOptions extends Omit<TargetOptions, 'precision'> {
  precision?: Precision | undefined;
  guidanceBatch?: GuidanceBatch | undefined;
}

/** What one network costs. */
export interface NetworkCost extends MemoryEstimate {
  request: NetworkRequest;
  stage: keyof MemoryEstimates;
  /** Of the UNet's step: its parts, of which `sequential-offload` has one in memory at a time. */
  parts?: readonly MemoryEstimate[];
  /** The most elements that one value has. */
  largestElements: number;
}

const valueBytes: Readonly<Record<Precision, number>> = { float32: 4, float16: 2 };

/** What networks cost that were asked for before, by model: a graph of Stable Video Diffusion's size takes a tenth of a second. */
const knownCosts = new WeakMap<ModelConfigs, Map<string, NetworkCost>>();

/**
 * What a network costs, computed from its graph without loading a weight: the weights in the precision that it works in,
 * and the largest sum of live activations.
 * @throws SafetensorsError | WeightsMismatchError its checkpoint is missing, broken, or of another model
 */
export async function estimateNetwork(
  configs: ModelConfigs,
  request: NetworkRequest,
  options: EstimateOptions,
): Promise<NetworkCost> {
  const target = targetOf(configs, request, options);
  const known = knownCosts.get(configs) ?? new Map<string, NetworkCost>();
  knownCosts.set(configs, known);
  const key = JSON.stringify([request, target]);
  const before = known.get(key);
  if (before !== undefined) return before;
  if (isUnet(request) && request.deepFeatures === undefined) {
    // Its graphs are built together: most of the work.
    for (const [network, graph] of Object.entries(await buildCheckpoint(configs, request, target))) {
      const each = { ...request, network } as NetworkRequest;
      known.set(JSON.stringify([each, target]), costOfNetwork(each, graph, target.precision));
    }
  } else known.set(key, costOfNetwork(request, await buildNetwork(configs, request, target), target.precision));
  return known.get(key)!;
}

function targetOf(
  configs: ModelConfigs,
  request: NetworkRequest,
  { precision, ...options }: EstimateOptions,
): GraphTarget {
  const base = modelTarget({ ...options, precision: precision ?? defaultPrecision(options.provider) });
  return networkTarget(request, configs, base);
}

function costOfNetwork(request: NetworkRequest, graph: BuiltGraph, precision: Precision): NetworkCost {
  const costOf = (each: BuiltGraph) => ({
    weightBytes: weightBytes(each, valueBytes[precision]),
    activationBytes: peakActivationBytes(each),
  });
  return {
    request,
    stage: stageOf[request.network],
    ...costOf(graph),
    ...(isStep(request) && { parts: partitionGraph(graph, unetPart).map(costOf) }),
    largestElements: largestElementCount(graph),
  };
}

/**
 * What the UNet of a clip's steps costs: with a `deepCacheInterval` two sessions are there at once, the whole UNet and its
 * outermost blocks, and neither shares weights or memory with the other. In parts, one of either is there at a time.
 * @throws SafetensorsError | WeightsMismatchError its checkpoint is missing, broken, or of another model
 */
export async function estimateSteps(
  configs: ModelConfigs,
  settings: Omit<ImageToVideoSettings, 'seed'>,
  options: EstimateOptions,
): Promise<NetworkCost> {
  const request = clipRequests(configs, settings, options.guidanceBatch).find(isStep)!;
  if (!cachesDeepFeatures(settings)) return estimateNetwork(configs, request, options);
  const target = targetOf(configs, request, options);
  const graphs = await buildCheckpoint(configs, request, target);
  const costOfForm = (deepFeatures: 'give' | 'take') => {
    const form = { ...request, deepFeatures };
    return costOfNetwork(form, pickNetwork(configs, form, graphs), target.precision);
  };
  const whole = costOfForm('give');
  const outer = costOfForm('take');
  return {
    ...whole,
    weightBytes: whole.weightBytes + outer.weightBytes,
    activationBytes: whole.activationBytes + outer.activationBytes,
    parts: [...(whole.parts ?? []), ...(outer.parts ?? [])],
  };
}

const isStep = (request: NetworkRequest) => request.network === 'unet-step';

type UnetRequest = Extract<NetworkRequest, { network: 'unet-conditioning' | 'unet-step' }>;

const isUnet = (request: NetworkRequest): request is UnetRequest & { deepFeatures?: 'give' | 'take' } =>
  isStep(request) || request.network === 'unet-conditioning';

/**
 * What each stage of a clip costs in each memory mode: the weights that are there at once, and the largest sum of live
 * activations.
 * @throws SafetensorsError | WeightsMismatchError a checkpoint is missing, broken, or of another model
 */
export async function estimateMemory(
  configs: ModelConfigs,
  settings: Omit<ImageToVideoSettings, 'seed'>,
  options: EstimateOptions,
): Promise<MemoryEstimates> {
  const costs: NetworkCost[] = [];
  for (const request of clipRequests(configs, settings, options.guidanceBatch)) {
    const isCached = isStep(request) && cachesDeepFeatures(settings);
    costs.push(
      await (isCached ? estimateSteps(configs, settings, options) : estimateNetwork(configs, request, options)),
    );
  }
  const residentBytes = costs.reduce((sum, cost) => sum + cost.weightBytes, 0);
  const inModes = (stage: keyof MemoryEstimates) => {
    const largest = costs.filter((cost) => cost.stage === stage).reduce(larger);
    const { weightBytes, activationBytes, parts = [] } = largest;
    const cost = { weightBytes, activationBytes };
    // Values wait between the parts of the UNet as they wait inside the whole; on a GPU that is the machine's memory.
    const largestPart = parts.reduce<MemoryEstimate>(larger, nothing);
    const partBytes = Math.max(0, ...parts.map((part) => part.weightBytes));
    const inParts = options.provider === 'cpu' ? { activationBytes, weightBytes: partBytes } : largestPart;
    return {
      resident: { ...cost, weightBytes: residentBytes },
      'model-offload': cost,
      'sequential-offload': parts.length > 0 ? inParts : cost,
    };
  };
  return { 'encode-image': inModes('encode-image'), denoise: inModes('denoise'), decode: inModes('decode') };
}

const nothing: MemoryEstimate = { weightBytes: 0, activationBytes: 0 };

const stageOf = {
  'image-encoder': 'encode-image',
  'vae-encoder': 'encode-image',
  'unet-conditioning': 'denoise',
  'unet-step': 'denoise',
  'vae-decoder': 'decode',
} as const satisfies Record<NetworkRequest['network'], keyof MemoryEstimates>;

function larger<Cost extends MemoryEstimate>(a: Cost, b: Cost): Cost {
  return a.weightBytes + a.activationBytes > b.weightBytes + b.activationBytes ? a : b;
}
