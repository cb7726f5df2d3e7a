import { AppError } from '../../errors.ts';
import { formatBytes } from '../../util/format-bytes.ts';
import { vaeScaleFactor } from '../models/vae-config.ts';
import { cachesDeepFeatures, clipRequests } from './build-network.ts';
import {
  type EstimateOptions,
  estimateNetwork,
  estimateSteps,
  type MemoryEstimate,
  type NetworkCost,
} from './estimate-memory.ts';
import type { ModelConfigs } from './load-model.ts';
import type { ExecutionOptions, GuidanceBatch, ImageToVideoSettings, MemoryMode } from './types.ts';

/** How a model is run on a card of a certain size. */
export interface CardPlan {
  memoryMode: MemoryMode;
  guidanceBatch: GuidanceBatch;
  /** Undefined: all tokens at once. */
  feedForwardChunk: number | undefined;
  /** Bytes of the card that a clip takes, as far as they are reckoned: the largest of its stages. */
  neededBytes: number;
  /** Whether they are there. */
  fits: boolean;
}

/** What the operator chose: the rest is chosen here. */
type ChosenExecution = Pick<ExecutionOptions, 'memoryMode' | 'guidanceBatch' | 'feedForwardChunk'>;

/** What of a card is left to others: CUDA's context, the workspaces of cuDNN and cuBLAS. */
const reservedBytes = 750e6;

/**
 * How much more than the activations ONNX Runtime's arena takes of the card. It asks for pieces of powers of two and gives
 * none back, so that what is free lies scattered: seen with the provider at 25 frames of 1024×576
 * (bench/cuda-placement.ts), 1.06 to 1.12 for the UNet, with the kernels that lie there turned, and 1.4 to 2.2 for the VAE,
 * whose pictures grow from level to level. The rest, 1 GB of the UNet's, is for workspaces of cuDNN.
 */
const arenaFactors = { 'encode-image': 2.4, denoise: 1.25, decode: 2.2 } as const;

/** CUDA's kernels count the elements of a value in signed 32-bit numbers. */
const maxElements = 2 ** 31 - 1;

/** Tokens that a feed-forward takes at a time where memory is short: a tenth less memory, for a tenth of a percent of time. */
const shortFeedForwardChunk = 50_000;

/** Bytes of a card that a network, or a part of one, takes. */
const onCard = ({ weightBytes, activationBytes }: MemoryEstimate, stage: NetworkCost['stage']) =>
  weightBytes + arenaFactors[stage] * activationBytes;

/** A way to run the UNet. */
type Way = Pick<CardPlan, 'guidanceBatch' | 'feedForwardChunk'>;

/** The ways that the operator left open, quickest first. */
function waysOf({ guidanceBatch, feedForwardChunk }: ChosenExecution): Way[] {
  const guidance: GuidanceBatch[] = guidanceBatch === undefined ? ['batched', 'split'] : [guidanceBatch];
  const whole = guidance.map((each) => ({ guidanceBatch: each, feedForwardChunk }));
  if (feedForwardChunk !== undefined) return whole;
  return [...whole, { guidanceBatch: guidance.at(-1)!, feedForwardChunk: shortFeedForwardChunk }];
}

/**
 * Plans for a clip on cards of any size: the quickest way of those that the operator left open for which there is
 * memory, else the one that takes the least.
 * @throws SafetensorsError | WeightsMismatchError a checkpoint is missing, broken, or of another model; when it plans
 */
export function cardPlanner(
  configs: ModelConfigs,
  settings: Omit<ImageToVideoSettings, 'seed'>,
  { target, chosen }: Pick<PlanOptions, 'target' | 'chosen'>,
): (cardBytes: number) => Promise<CardPlan> {
  const steps = new Map<string, Promise<NetworkCost>>();
  const requestsOf = (way: Way) => clipRequests(configs, settings, way.guidanceBatch);

  function stepCost(way: Way): Promise<NetworkCost> {
    const key = JSON.stringify(way);
    const cost = steps.get(key) ?? estimateSteps(configs, settings, { ...target, ...way });
    steps.set(key, cost);
    return cost;
  }

  /** All networks stay, each with an arena of its own. */
  async function residentBytes(way: Way, decodeChunkSize: number): Promise<number> {
    const { needs } = await decodeCosts(configs, settings, target);
    let bytes = onCard(await stepCost(way), 'denoise') + needs(decodeChunkSize);
    for (const request of requestsOf(way)) {
      if (request.network === 'unet-step' || request.network === 'vae-decoder') continue;
      const cost = await estimateNetwork(configs, request, { ...target, ...way });
      bytes += onCard(cost, cost.stage);
    }
    return bytes;
  }

  return async (cardBytes) => {
    const budget = cardBytes - reservedBytes;
    const modes: MemoryMode[] =
      chosen.memoryMode === undefined ? ['model-offload', 'sequential-offload'] : [chosen.memoryMode];
    let least: CardPlan | undefined;
    for (const memoryMode of modes) {
      for (const way of waysOf(chosen)) {
        const cost = await stepCost(way);
        const whole = onCard(cost, 'denoise');
        const inParts = Math.max(...(cost.parts ?? []).map((part) => onCard(part, 'denoise')));
        const neededBytes = reservedBytes + (memoryMode === 'sequential-offload' ? inParts : whole);
        const fits = neededBytes <= cardBytes && cost.largestElements <= maxElements;
        const plan = { ...way, memoryMode, neededBytes, fits };
        if (least === undefined || neededBytes < least.neededBytes) least = plan;
        if (!fits) continue;
        if (chosen.memoryMode !== undefined || memoryMode !== 'model-offload') return plan;
        const most = await decodeLimit(configs, settings, { target, cardBytes });
        const resident = await residentBytes(way, Math.min(most, settings.decodeChunkSize));
        return resident <= budget ? { ...plan, memoryMode: 'resident', neededBytes: reservedBytes + resident } : plan;
      }
    }
    return least!;
  };
}

/** What the decoder takes of a card, which grows with its frames. */
async function decodeCosts(
  configs: ModelConfigs,
  { width, height }: Pick<ImageToVideoSettings, 'width' | 'height'>,
  target: EstimateOptions,
) {
  const scale = vaeScaleFactor(configs.vae);
  const latents = { width: Math.ceil(width / scale), height: Math.ceil(height / scale) };
  const one = await estimateNetwork(configs, { network: 'vae-decoder', frames: 1, ...latents }, target);
  const frameBytes = arenaFactors.decode * one.activationBytes;
  return { one, frameBytes, needs: (frames: number) => one.weightBytes + frames * frameBytes };
}

/**
 * The most frames that CUDA can decode together: as many as its kernels count the elements of, and, where the card's size
 * is known, as there is memory for; at least one.
 */
export async function decodeLimit(
  configs: ModelConfigs,
  settings: Pick<ImageToVideoSettings, 'width' | 'height'>,
  { target, cardBytes }: { target: EstimateOptions; cardBytes: number | undefined },
): Promise<number> {
  const { one, frameBytes } = await decodeCosts(configs, settings, target);
  const counted = Math.floor(maxElements / one.largestElements);
  if (cardBytes === undefined) return Math.max(1, counted);
  const held = Math.floor((cardBytes - reservedBytes - one.weightBytes) / frameBytes);
  return Math.max(1, Math.min(counted, held));
}

/** Chunks as even as can be, where fewer frames can be decoded together than were asked for. */
export function evenChunk(frames: number, asked: number, most: number): number {
  const wanted = Math.min(asked, frames);
  return wanted <= most ? wanted : Math.ceil(frames / Math.ceil(frames / most));
}

/** What of the execution a card's size decides where the operator did not. */
export type PlannedExecution = Pick<CardPlan, 'memoryMode' | 'guidanceBatch' | 'feedForwardChunk'>;

/**
 * How clips of a model are run: as the operator chose, else as suits the card for each clip's size, which is told to `log`
 * for the first of a size, else as is usual. A model that cannot be read is for whoever loads it to tell of.
 */
export function executionPlanner(
  configs: ModelConfigs,
  { target, chosen: options, cardBytes, log }: PlanOptions,
): (settings: ImageToVideoSettings) => Promise<PlannedExecution> {
  const { memoryMode, guidanceBatch, feedForwardChunk } = options;
  const chosen = { memoryMode, guidanceBatch, feedForwardChunk };
  const usual = {
    memoryMode: memoryMode ?? 'model-offload',
    guidanceBatch: guidanceBatch ?? 'batched',
    feedForwardChunk,
  } as const;
  const known = new Map<string, CardPlan>();
  return async (settings) => {
    if (cardBytes === undefined) return usual;
    const { width, height, numFrames, minGuidanceScale, maxGuidanceScale } = settings;
    const isGuided = Math.max(minGuidanceScale, maxGuidanceScale) > 1;
    const key = `${width}x${height}x${numFrames} ${isGuided} ${cachesDeepFeatures(settings)}`;
    const before = known.get(key);
    if (before !== undefined) return before;
    try {
      const plan = await cardPlanner(configs, settings, { target, chosen })(cardBytes);
      known.set(key, plan);
      log(describePlan(plan, settings, cardBytes));
      return plan;
    } catch (error) {
      if (error instanceof AppError) return usual;
      throw error;
    }
  };
}

/** What {@link executionPlanner} works with. */
interface PlanOptions {
  target: Omit<EstimateOptions, 'guidanceBatch' | 'feedForwardChunk'>;
  chosen: ChosenExecution;
  /** Undefined: there is no card, or its size is not known. */
  cardBytes: number | undefined;
  log: (message: string) => void;
}

/** A line for the operator. */
export function describePlan(
  plan: CardPlan,
  { width, height, numFrames }: Pick<ImageToVideoSettings, 'width' | 'height' | 'numFrames'>,
  cardBytes: number,
): string {
  const { memoryMode, guidanceBatch, feedForwardChunk, neededBytes, fits } = plan;
  const chunk = feedForwardChunk === undefined ? '' : `, FEED_FORWARD_CHUNK=${feedForwardChunk}`;
  const way = `MEMORY_MODE=${memoryMode}, GUIDANCE_BATCH=${guidanceBatch}${chunk}`;
  const needed = `${numFrames} frames of ${width}×${height} take about ${formatBytes(neededBytes)} of the card's ${formatBytes(cardBytes)}`;
  return fits ? `${needed} with ${way}` : `${needed} even with ${way}: make smaller clips`;
}
