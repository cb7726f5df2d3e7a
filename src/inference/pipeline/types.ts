import type { RgbFrames } from '../../util/rgb.ts';
import { type SamplerName, type ScheduleName, samplerNames, scheduleNames } from '../schedulers/scheduler.ts';

export { samplerNames, scheduleNames };

/** Execution providers a person may ask for; `auto` tries cuda, then cpu, and says which it took. */
export const providerNames = ['auto', 'cuda', 'webgpu', 'cpu'] as const;
export type ProviderName = (typeof providerNames)[number];

/** What is kept in memory: every network, one network at a time, or one block of the UNet at a time. */
export const memoryModes = ['resident', 'model-offload', 'sequential-offload'] as const;
export type MemoryMode = (typeof memoryModes)[number];

/** The two branches of guidance in one call of the UNet, or one after the other in half the memory. */
export const guidanceBatches = ['batched', 'split'] as const;
export type GuidanceBatch = (typeof guidanceBatches)[number];

/** How the CPU provider keeps weights: copied into the order that is quickest, or left in the file and mapped. */
export const cpuMemories = ['prepacked', 'mmap'] as const;
type CpuMemory = (typeof cpuMemories)[number];

/** What networks may compute in. */
export const precisions = ['float16', 'float32'] as const;

/** How a model is run on this machine. Nothing of it changes what a clip shows, but for rounding. */
export interface ExecutionOptions {
  provider: ProviderName;
  /** Threads of the CPU provider; default: one per core. */
  threads?: number | undefined;
  /** Default: float16 on a GPU, float32 on the CPU. */
  precision?: (typeof precisions)[number] | undefined;
  /** Default: staged. */
  memoryMode?: MemoryMode | undefined;
  /** Default: speed. */
  cpuMemory?: CpuMemory | undefined;
  /** Default: together. */
  guidanceBatch?: GuidanceBatch | undefined;
  /** Tokens that a feed-forward of the UNet takes at a time; default: all of them. */
  feedForwardChunk?: number | undefined;
}

/** Everything that decides a clip besides the picture and the weights. Names as in diffusers' `StableVideoDiffusionPipeline.__call__`, in camelCase. */
export interface ImageToVideoSettings {
  /** Pixels, a multiple of the model's size step. */
  width: number;
  /** Pixels, a multiple of the model's size step. */
  height: number;
  numFrames: number;
  numInferenceSteps: number;
  minGuidanceScale: number;
  maxGuidanceScale: number;
  /** Frames per second, of the conditioning (the model sees fps − 1, as in diffusers) and of the file. */
  fps: number;
  /** 127 is normal, 1…255 were trained; any whole number from 0. */
  motionBucketId: number;
  noiseAugStrength: number;
  /** Frames decoded together; it changes the picture, since temporal layers see only the chunk. */
  decodeChunkSize: number;
  /** 0…2^32−1, as `torch.manual_seed`. */
  seed: number;
  sampler: SamplerName;
  schedule: ScheduleName;
  /** Guidance runs in steps whose σ is above the first and not above the second; left out: in all. */
  guidanceInterval?: readonly [number, number];
  /** The whole UNet runs in every so many steps, in between only its outermost blocks; left out or 1: in all. */
  stepCache?: number;
}

/** Ways for a clip to repeat that a model may propose; what they are is for whoever encodes. */
export const clipLoops = ['none', 'ping-pong', 'crossfade'] as const;

/** What a model folder allows and proposes, read from its configs without opening the weights. */
export interface ModelInfo {
  /** The folder's own name or the model's name; shown to people and written into clips. */
  name: string;
  /** A sentence about the model, where its makers wrote one. */
  description?: string;
  defaults: Omit<ImageToVideoSettings, 'seed'>;
  /** How its clips repeat where nobody chooses; left out: they do not. */
  loop?: (typeof clipLoops)[number];
  /** It knows one move to one side; whoever renders lays the picture so that the seed chooses among four. */
  orientsBySeed?: boolean;
  limits: {
    /** Width and height are multiples of this many pixels. */
    sizeStep: number;
    minSize: number;
    maxSize: number;
    /** The frame count the model was trained for. */
    maxFrames: number;
    maxSteps: number;
  };
}

/** Stages of a pipeline run, in order. */
export type PipelineStage = 'prepare' | 'encode-image' | 'denoise' | 'decode';

/** News from a running pipeline. `step` counts finished steps of the stage, 0…steps. */
export interface PipelineProgress {
  stage: PipelineStage;
  step: number;
  steps: number;
  /** Mean of the stage's finished steps; undefined before the first one ends. */
  secondsPerStep: number | undefined;
}

/** Larger states are not handed over: about seventeen times that of SVD XT's own clip. */
export const maxCheckpointBytes = 64 * 1024 * 1024;

/** How the state of a run is handed over, from which another run can go on. */
export interface CheckpointOptions {
  /** At most one in so many seconds. */
  everySeconds: number;
  /** Takes a state; the run waits for it. The bytes are its own. */
  hand: (bytes: Uint8Array) => Promise<void>;
}

/** What a run ends with. */
export interface ImageToVideoResult extends RgbFrames {
  settings: ImageToVideoSettings;
  /** The provider that really ran the networks. */
  provider: Exclude<ProviderName, 'auto'>;
  secondsPerStage: Record<PipelineStage, number>;
}
