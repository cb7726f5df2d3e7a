import { z } from 'zod';
import { type Declarations, shapeOf } from './declaration.ts';
import { heldWholeNumber, oneOf } from './kinds.ts';

/** Execution providers a person may ask for; `auto` tries cuda, then cpu, and says which it took. */
const providerNames = ['auto', 'cuda', 'webgpu', 'cpu'] as const;

/** What is kept in memory: every network, one network at a time, or one block of the UNet at a time. */
const memoryModes = ['resident', 'model-offload', 'sequential-offload'] as const;

/** How the CPU provider keeps weights: copied into the order that is quickest, or left in the file and mapped. */
const cpuMemories = ['prepacked', 'mmap'] as const;

/** The two branches of guidance in one call of the UNet, or one after the other in half the memory. */
const guidanceBatches = ['batched', 'split'] as const;

/** CUDA's own operators on pictures that lie channels last, or the CPU's graph as it is. */
const cudaGraphs = ['channels-last', 'plain'] as const;

/** What networks may compute in. */
const precisions = ['float16', 'float32'] as const;

/**
 * How a model is run on this machine. Nothing of it changes what a clip shows, but for rounding. The environment's
 * variables are described in `src/config/variables.ts`; those without an option of `kinora animate` are for operators.
 */
export const executionSettings = {
  provider: {
    type: oneOf(providerNames),
    default: 'auto',
    variable: { name: 'PROVIDER' },
    option: { name: 'provider', value: 'NAME', help: `${providerNames.join(', ')} (PROVIDER, else auto)` },
  },
  /** Threads of the CPU provider; left out: one per core. */
  threads: {
    type: heldWholeNumber({ from: 1, to: 512 }),
    isOptional: true,
    variable: { name: 'THREADS', unset: 0 },
  },
  /** Left out: float16 on a GPU, float32 on the CPU. */
  precision: {
    type: oneOf(precisions),
    isOptional: true,
    variable: { name: 'PRECISION', unset: 'auto' },
    option: {
      name: 'precision',
      value: 'NAME',
      help: `${precisions.join(', ')} (PRECISION, else what suits the provider)`,
    },
  },
  memoryMode: {
    type: oneOf(memoryModes),
    default: 'model-offload',
    variable: { name: 'MEMORY_MODE' },
    option: {
      name: 'memory-mode',
      value: 'NAME',
      help: `what is kept in memory: ${memoryModes.join(', ')} (MEMORY_MODE, else model-offload)`,
    },
  },
  cpuMemory: {
    type: oneOf(cpuMemories),
    default: 'prepacked',
    variable: { name: 'CPU_MEMORY' },
    option: {
      name: 'memory',
      value: 'NAME',
      help: `weights on the CPU: ${cpuMemories.join(', ')} (CPU_MEMORY, else prepacked)`,
    },
  },
  guidanceBatch: {
    type: oneOf(guidanceBatches),
    default: 'batched',
    variable: { name: 'GUIDANCE_BATCH' },
    option: {
      name: 'guidance-batch',
      value: 'NAME',
      help: `the two branches of guidance: ${guidanceBatches.join(', ')} (GUIDANCE_BATCH, else batched)`,
    },
  },
  /** The form of the graphs on CUDA; {@link cudaGraphs}. */
  cudaGraph: {
    type: oneOf(cudaGraphs),
    default: 'channels-last',
    variable: { name: 'CUDA_GRAPH' },
    option: {
      name: 'cuda-graph',
      value: 'NAME',
      help: `the form of the graphs on CUDA: ${cudaGraphs.join(', ')} (CUDA_GRAPH, else channels-last)`,
    },
  },
  /** Tokens that a feed-forward of the UNet takes at a time; left out: all of them, on a CPU as many as suit its caches. */
  feedForwardChunk: {
    type: heldWholeNumber({ from: 1, to: 10_000_000 }),
    isOptional: true,
    variable: { name: 'FEED_FORWARD_CHUNK', unset: 0 },
  },
} as const satisfies Declarations;

/** The shape of what a render process is started with: what is left out is for the pipeline to choose. */
export const executionSchema = z.strictObject(shapeOf(executionSettings)).partial().required({ provider: true });

/** How a model is run on this machine; {@link executionSettings} says what each is. */
export type ExecutionOptions = z.output<typeof executionSchema>;

export type ProviderName = ExecutionOptions['provider'];
export type MemoryMode = NonNullable<ExecutionOptions['memoryMode']>;
export type CudaGraph = NonNullable<ExecutionOptions['cudaGraph']>;
export type GuidanceBatch = NonNullable<ExecutionOptions['guidanceBatch']>;
