import { join } from 'node:path';
import { writeCheckpoint } from '../../test/support/checkpoint.ts';
import { runSide, type SideResult } from '../side/run-side.ts';
import type { ClipTask } from '../side/tasks.ts';
import { compareFiles, type Difference } from './compare.ts';
import { type BenchOptions, saveFigures, tell } from './section.ts';

export interface ClipFigures {
  diffusers: SideResult;
  kinora: SideResult;
  /** Of latents, and of frames before they are rounded to 8 bits. */
  latents: Difference;
  frames: Difference;
}

/** The clip: 14 frames of 256×256 in two steps with guidance, decoded in chunks of four. */
const clip = { frames: 14, size: 256, steps: 2, decodeChunk: 4, seed: 7 } as const;

/**
 * A whole full-size clip on diffusers, and on Kinora with mapped weights and one block of the UNet at a time: how exact,
 * how long, how much memory.
 */
export async function measureClip({ modelDir, workDir, threads }: BenchOptions): Promise<void> {
  const inputs = writePicture(join(workDir, 'inputs'), clip.size);
  const task = (side: string, more: Partial<ClipTask> = {}): ClipTask => ({
    ...clip,
    network: 'pipeline',
    modelDir,
    inputs,
    threads,
    ...more,
    outputs: join(workDir, 'outputs', `clip-${side}.safetensors`),
  });
  const execution = { cpuMemory: 'mmap', memoryMode: 'sequential-offload' } as const;
  const ours = task('kinora', { execution });
  const kinora = await runSide('kinora', ours);
  tell(`clip, kinora: ${kinora.seconds[0]?.toFixed(1)} s, ${gigabytes(kinora.peakAnonymousBytes)} GB anonymous`);
  const theirs = task('diffusers');
  const diffusers = await runSide('diffusers', theirs);
  tell(`clip, diffusers: ${diffusers.seconds[0]?.toFixed(1)} s, ${gigabytes(diffusers.peakRssBytes)} GB resident`);
  const compare = (tensor: string) => compareFiles(theirs.outputs ?? '', ours.outputs ?? '', tensor);
  const figures: ClipFigures = { diffusers, kinora, latents: await compare('latents'), frames: await compare('out') };
  saveFigures(workDir, 'clip', figures);
}

/** A drawing in every grey, as numbers 0…255, [h, w, 3]. */
export function writePicture(folder: string, size: number): string {
  const path = join(folder, `picture-${size}.safetensors`);
  const values = new Float32Array(size * size * 3);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      values.set([(x * 255) / (size - 1), (y * 255) / (size - 1), (x ^ y) % 256].map(Math.floor), (y * size + x) * 3);
    }
  }
  writeCheckpoint(path, { picture: { dtype: 'F32', shape: [size, size, 3], values } });
  return path;
}

function gigabytes(bytes: number): string {
  return (bytes / 1e9).toFixed(2);
}
