import { executionSettings } from '../settings/execution.ts';
import { deviceList, oneOf, optionalPath, wholeNumber } from './value-schemas.ts';

const { provider, memoryMode, cpuMemory, guidanceBatch, cudaGraph } = executionSettings;

/** Variables that say how and on what the networks run. */
export const executionVariables = {
  PROVIDER: {
    description: ['What runs the networks: auto (cuda, else cpu), cuda, webgpu or cpu.'],
    schema: oneOf(provider.type.names, provider.default),
    example: 'auto',
  },
  DEVICES: {
    description: [
      'What clips are made on, one process for each and all from one queue: auto (every NVIDIA card there is, else what',
      'PROVIDER says), cards by the numbers that nvidia-smi shows (0 or 0,1), cpu, or cpu,cpu for two processes that',
      'share the cores. none: this host makes no clips, its workers do (QUEUE_URL).',
    ],
    schema: deviceList,
    example: 'auto',
  },
  CUDA_DIR: {
    description: [
      "Where kinora setup cuda puts the CUDA provider and CUDA's libraries, which render processes then find. Unset: cuda",
      "in Kinora's own folder.",
    ],
    schema: optionalPath,
    example: 'cuda',
  },
  THREADS: {
    description: [
      'Threads of each process on the CPU; 0 takes one per physical core, divided where several processes share them.',
    ],
    schema: wholeNumber({ min: 0, max: 512, fallback: 0 }),
    example: '0',
  },
  PRECISION: {
    description: [
      'What the networks compute in: float16, float32, or auto (float16 on a GPU, float32 on the CPU, whose kernels',
      'know no other).',
    ],
    schema: oneOf(['auto', ...executionSettings.precision.type.names], 'auto'),
    example: 'auto',
  },
  MEMORY_MODE: {
    description: [
      'What is kept in memory: resident (every network, the quickest), model-offload (one network at',
      'a time) or sequential-offload (the UNet block by block, the least memory). The frames are the same.',
    ],
    schema: oneOf(memoryMode.type.names, memoryMode.default),
    example: 'model-offload',
    formerValues: { staged: 'model-offload', sequential: 'sequential-offload' },
  },
  CPU_MEMORY: {
    description: [
      'Weights on the CPU: prepacked (copied into the order that is quickest) or mmap (left in their file, which the',
      'system reads in and drops as it needs to).',
    ],
    schema: oneOf(cpuMemory.type.names, cpuMemory.default),
    example: 'prepacked',
    formerValues: { speed: 'prepacked', mapped: 'mmap' },
  },
  GUIDANCE_BATCH: {
    description: ['The two branches of guidance: batched in one call, or split into two with half the memory.'],
    schema: oneOf(guidanceBatch.type.names, guidanceBatch.default),
    example: 'batched',
    formerValues: { together: 'batched', apart: 'split' },
  },
  CUDA_GRAPH: {
    description: [
      "The form of the graphs on CUDA: channels-last (CUDA's own operators), or plain (those of the CPU), should the former",
      'fail on a card: kinora doctor compares both.',
    ],
    schema: oneOf(cudaGraph.type.names, cudaGraph.default),
    example: 'channels-last',
  },
  FEED_FORWARD_CHUNK: {
    description: [
      "Tokens that the UNet's feed-forwards take at a time, to save memory; 0 leaves it to Kinora: all at once on a card,",
      'an eighth of them (at least 1024) on a CPU.',
    ],
    schema: wholeNumber({ min: 0, max: 10_000_000, fallback: 0 }),
    example: '0',
  },
} as const;
