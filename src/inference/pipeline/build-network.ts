import { GraphError } from '../../errors.ts';
import { checkWeights } from '../graph/check-weights.ts';
import { addOutput, extractSubgraph } from '../graph/cut-graph.ts';
import {
  type BuiltGraph,
  buildGraph,
  type GraphBuilder,
  type GraphSource,
  type GraphTarget,
  type Precision,
} from '../graph/graph-builder.ts';
import { clipVisionModelWithProjection } from '../models/clip-vision-model-with-projection.ts';
import { buildUnetGraphs, deepFeatures, type UnetSizes } from '../models/unet-spatio-temporal-condition-model.ts';
import { type VaeConfig, vaeScaleFactor } from '../models/vae-config.ts';
import { vaeEncoder } from '../models/vae-encoder.ts';
import { vaeTemporalDecoder } from '../models/vae-temporal-decoder.ts';
import type { ConcreteProvider } from '../runtime/session.ts';
import type { ModelConfigs } from './load-model.ts';
import { readLoraUpdates } from './loras.ts';
import { type CheckpointName, openCheckpoint } from './open-checkpoint.ts';
import type { CudaGraph, GuidanceBatch, ImageToVideoSettings } from './types.ts';

/**
 * One of the pipeline's networks, in the shape it is to run in. Sizes of the VAE's encoder are pixels, others latents.
 * A UNet step may give what its inner blocks made as the output `deep_features`, or take that as an input in their place.
 */
export type NetworkRequest =
  | { network: 'image-encoder' }
  | { network: 'vae-encoder'; width: number; height: number }
  | { network: 'vae-decoder'; frames: number; width: number; height: number; precision?: Precision }
  | ({ network: 'unet-conditioning' } & UnetSizes)
  | ({ network: 'unet-step'; deepFeatures?: 'give' | 'take' } & UnetSizes);

/** The checkpoint of each network. */
const checkpoints = {
  'image-encoder': 'image_encoder',
  'vae-encoder': 'vae',
  'vae-decoder': 'vae',
  'unet-conditioning': 'unet',
  'unet-step': 'unet',
} as const satisfies Record<NetworkRequest['network'], CheckpointName>;

/** Every graph over one checkpoint, by the network that it is of. */
export type CheckpointGraphs = Partial<Record<NetworkRequest['network'], BuiltGraph>>;

/**
 * Builds a network's graph and compares its whole checkpoint with the config.
 * @throws SafetensorsError | WeightsMismatchError the checkpoint is missing, broken, or of another model
 */
export async function buildNetwork(
  configs: ModelConfigs,
  request: NetworkRequest,
  target: GraphTarget,
): Promise<BuiltGraph> {
  if (request.network === 'vae-encoder' || request.network === 'vae-decoder') {
    return buildVaeNetwork(configs, request, target);
  }
  return pickNetwork(configs, request, await buildCheckpoint(configs, request, target));
}

/** What the two halves of a VAE ask of its checkpoint, which its config alone decides. */
const vaeExpectations = new WeakMap<VaeConfig, Partial<Record<VaeRequest['network'], BuiltGraph['expected']>>>();

type VaeRequest = Extract<NetworkRequest, { network: 'vae-encoder' | 'vae-decoder' }>;

/** Builds one half of the VAE; the other one is built only where it is not known yet what that asks of the checkpoint. */
async function buildVaeNetwork(configs: ModelConfigs, request: VaeRequest, target: GraphTarget): Promise<BuiltGraph> {
  const { where, weights } = await openCheckpoint(configs, 'vae');
  const other = request.network === 'vae-encoder' ? 'vae-decoder' : 'vae-encoder';
  const known = vaeExpectations.get(configs.vae)?.[other];
  const graphs = checkpointGraphs(configs, request, { weights, target }, known && request.network);
  const expected = known ?? graphs[other]!.expected;
  const graph = pickNetwork(configs, request, graphs);
  vaeExpectations.set(configs.vae, { [request.network]: graph.expected, [other]: expected });
  checkWeights(where, weights, [graph, { expected }]);
  return graph;
}

/** All graphs over the checkpoint of a network, compared with it; see {@link buildNetwork}. */
export async function buildCheckpoint(
  configs: ModelConfigs,
  request: NetworkRequest,
  target: GraphTarget,
): Promise<CheckpointGraphs> {
  const name = checkpoints[request.network];
  const { where, weights } = await openCheckpoint(configs, name);
  const updates = name === 'unet' ? await readLoraUpdates(configs.loras ?? []) : undefined;
  const graphs = checkpointGraphs(configs, request, { weights, target, updates });
  checkWeights(where, weights, Object.values(graphs));
  return graphs;
}

/**
 * The files that hold a model's weights and its LoRAs, in a fixed order.
 * @throws SafetensorsError a checkpoint is missing or broken
 */
export async function listWeightFiles(configs: ModelConfigs): Promise<string[]> {
  const files = new Set((configs.loras ?? []).flatMap(({ changes }) => [...changes.values()].map(({ up }) => up.file)));
  for (const name of new Set(Object.values(checkpoints))) {
    const { weights } = await openCheckpoint(configs, name);
    for (const { file } of weights.values()) files.add(file);
  }
  return [...files].sort();
}

/** The graph that is asked for, in the form that is asked for. */
export function pickNetwork(configs: ModelConfigs, request: NetworkRequest, graphs: CheckpointGraphs): BuiltGraph {
  const wanted = graphs[request.network];
  if (wanted === undefined) throw new GraphError('graph-not-built', `${request.network} was not built.`);
  if (request.network !== 'unet-step' || request.deepFeatures === undefined) return wanted;
  const features = deepFeatures(wanted, configs.unet);
  return request.deepFeatures === 'give' ? addOutput(wanted, features) : extractSubgraph(wanted, features);
}

/**
 * All graphs over the checkpoint of the one asked for: only together do they account for every tensor.
 * @param alone the only half of a VAE to build
 */
function checkpointGraphs(
  configs: ModelConfigs,
  request: NetworkRequest,
  source: GraphSource,
  alone?: VaeRequest['network'],
): CheckpointGraphs {
  const scale = vaeScaleFactor(configs.vae);
  switch (request.network) {
    case 'image-encoder':
      return {
        'image-encoder': buildGraph('image-encoder', source, (graph) =>
          clipVisionModelWithProjection(graph, configs.imageEncoder),
        ),
      };
    case 'vae-encoder':
      return vaeGraphs({ frames: 1, width: request.width / scale, height: request.height / scale });
    case 'vae-decoder':
      return vaeGraphs(request);
    default: {
      const { conditioning, step } = buildUnetGraphs(configs.unet, request, source);
      return { 'unet-conditioning': conditioning, 'unet-step': step };
    }
  }

  function vaeGraphs({ frames, width, height }: { frames: number; width: number; height: number }) {
    const pixels = { width: width * scale, height: height * scale };
    const builds = {
      'vae-encoder': (graph: GraphBuilder) => vaeEncoder(graph, configs.vae, pixels),
      'vae-decoder': (graph: GraphBuilder) => vaeTemporalDecoder(graph, configs.vae, { frames, width, height }),
    };
    const names = alone === undefined ? (['vae-encoder', 'vae-decoder'] as const) : [alone];
    return Object.fromEntries(names.map((name) => [name, buildGraph(name, source, builds[name])]));
  }
}

/** The networks of one clip, in the shapes that the pipeline opens them in. */
export function clipRequests(
  { vae }: ModelConfigs,
  settings: Omit<ImageToVideoSettings, 'seed'>,
  guidanceBatch: GuidanceBatch = 'batched',
): NetworkRequest[] {
  const { width, height, numFrames, decodeChunkSize, minGuidanceScale, maxGuidanceScale } = settings;
  const scale = vaeScaleFactor(vae);
  const latents = { width: Math.ceil(width / scale), height: Math.ceil(height / scale) };
  const isGuided = Math.max(minGuidanceScale, maxGuidanceScale) > 1;
  const batch = isGuided && guidanceBatch === 'batched' ? 2 : 1;
  return [
    { network: 'image-encoder' },
    { network: 'vae-encoder', width, height },
    { network: 'unet-conditioning', batch, frames: numFrames, ...latents },
    { network: 'unet-step', batch, frames: numFrames, ...latents },
    { network: 'vae-decoder', frames: Math.min(decodeChunkSize, numFrames), ...latents },
  ];
}

/** Whether a clip's steps call the whole UNet in some and its outermost blocks alone in others. */
export function cachesDeepFeatures({
  deepCacheInterval = 1,
  numInferenceSteps,
}: Pick<ImageToVideoSettings, 'deepCacheInterval' | 'numInferenceSteps'>): boolean {
  return deepCacheInterval > 1 && numInferenceSteps > 1;
}

/** The precision that a provider works in where none is asked for: ONNX Runtime's CPU kernels know float32 only. */
export function defaultPrecision(provider: ConcreteProvider): Precision {
  return provider === 'cpu' ? 'float32' : 'float16';
}

/** What decides the form of every network. */
export interface TargetOptions {
  provider: ConcreteProvider;
  precision: Precision;
  feedForwardChunk?: number | undefined;
  /** Default `channels-last`. */
  cudaGraph?: CudaGraph | undefined;
}

/** The target of a model's networks; {@link networkTarget} says what differs in single ones. */
export function modelTarget({ cudaGraph = 'channels-last', ...target }: TargetOptions): GraphTarget {
  return { ...target, channelsLast: target.provider === 'cuda' && cudaGraph === 'channels-last' };
}

/**
 * The form and precision of a network. As in diffusers, a VAE that says `force_upcast` encodes in float32 whatever the
 * precision of the rest, and so does the UNet of a model that says `unet_force_upcast`; a decoder may be asked for in a
 * precision of its own.
 */
export function networkTarget(
  request: NetworkRequest,
  { vae, proposals }: ModelConfigs,
  base: GraphTarget,
): GraphTarget {
  const isUnet = checkpoints[request.network] === 'unet';
  const isUpcast = isUnet
    ? proposals.unet_force_upcast === true
    : request.network === 'vae-encoder' && vae.force_upcast;
  if (isUpcast) return { ...base, precision: 'float32' };
  if (request.network === 'vae-decoder') return { ...base, precision: request.precision ?? base.precision };
  return base;
}
