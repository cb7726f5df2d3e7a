import { join } from 'node:path';
import type { ExecutionOptions } from '../../src/inference/pipeline/types.ts';
import { runSide, type SideResult } from '../side/run-side.ts';
import { writePicture } from './clip.ts';
import { compareFiles } from './compare.ts';
import { type BenchOptions, saveFigures, tell } from './section.ts';

export interface MemoryPoint {
  name: string;
  result: SideResult;
  /** The largest difference of the frames from those of the first mode, in their standard deviation. */
  maxOverStd: number;
}

/** The clip whose memory is measured: one guided step. */
export const memoryClip = { frames: 4, size: 192, steps: 1, decodeChunk: 4, seed: 7 } as const;

const modes: readonly { name: string; execution: Partial<ExecutionOptions> }[] = [
  { name: 'resident, speed, together', execution: { memoryMode: 'resident' } },
  { name: 'staged, speed, together', execution: { memoryMode: 'model-offload' } },
  { name: 'sequential, speed, together', execution: { memoryMode: 'sequential-offload' } },
  { name: 'staged, mapped, together', execution: { memoryMode: 'model-offload', cpuMemory: 'mmap' } },
  {
    name: 'staged, mapped, apart',
    execution: { memoryMode: 'model-offload', cpuMemory: 'mmap', guidanceBatch: 'split' },
  },
  {
    name: 'staged, mapped, apart, feed-forward of 256 tokens',
    execution: { memoryMode: 'model-offload', cpuMemory: 'mmap', guidanceBatch: 'split', feedForwardChunk: 256 },
  },
  {
    name: 'sequential, mapped, apart',
    execution: { memoryMode: 'sequential-offload', cpuMemory: 'mmap', guidanceBatch: 'split' },
  },
];

/** The peaks of a full-size clip in each way of keeping networks, and whether the frames stay the same. */
export async function measureMemory({ modelDir, workDir, threads }: BenchOptions): Promise<void> {
  const inputs = writePicture(join(workDir, 'inputs'), memoryClip.size);
  const points: MemoryPoint[] = [];
  for (const [at, { name, execution }] of modes.entries()) {
    const outputs = join(workDir, 'outputs', `memory-${at}.safetensors`);
    const task = { ...memoryClip, network: 'pipeline', modelDir, inputs, threads, execution, outputs } as const;
    const result = await runSide('kinora', task);
    const first = join(workDir, 'outputs', 'memory-0.safetensors');
    const { maxOverStd } = await compareFiles(first, outputs);
    points.push({ name, result, maxOverStd });
    tell(`memory, ${name}: ${(result.peakAnonymousBytes / 1e9).toFixed(2)} GB anonymous`);
    saveFigures(workDir, 'memory', points);
  }
}
