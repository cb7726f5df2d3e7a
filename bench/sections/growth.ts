import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { compileGraph } from '../../src/inference/graph/compile-graph.ts';
import { buildNetwork } from '../../src/inference/pipeline/build-network.ts';
import { readModelConfigs } from '../../src/inference/pipeline/load-model.ts';
import { openSession } from '../../src/inference/runtime/session.ts';
import { networkRequest } from '../side/network-requests.ts';
import { randomInputs } from '../side/random-inputs.ts';
import { runSide } from '../side/run-side.ts';
import { writePicture } from './clip.ts';
import { type BenchOptions, saveFigures, tell } from './section.ts';

export interface GrowthPoint {
  /** The value that grows: frames, pixels of a side, or steps. */
  at: number;
  seconds: number;
}

export interface GrowthFigures {
  /** UNet calls of `frames` at 128×128. */
  frames: GrowthPoint[];
  /** UNet calls of 4 frames at `size`×`size`. */
  sizes: GrowthPoint[];
  /** Clips of 4 frames at 128×128 until decoding. */
  steps: GrowthPoint[];
}

const frameCounts = [4, 8, 14, 20, 25];
const sizes = [128, 192, 256, 384, 512];
const stepCounts = [1, 2, 4];

/** A call that takes longer is not repeated. */
const repeatBelowSeconds = 4;

/** How the cost of the full-size UNet grows; weights are mapped, so that loading does not count. */
export async function measureGrowth(options: BenchOptions): Promise<void> {
  const figures: GrowthFigures = { frames: [], sizes: [], steps: [] };
  const keep = (kind: keyof GrowthFigures, point: GrowthPoint) => {
    figures[kind].push(point);
    tell(`growth, ${kind} ${point.at}: ${point.seconds.toFixed(2)} s`);
    saveFigures(options.workDir, 'growth', figures);
  };
  for (const at of frameCounts) keep('frames', { at, seconds: await unetSeconds(options, { frames: at, size: 128 }) });
  for (const at of sizes) keep('sizes', { at, seconds: await unetSeconds(options, { frames: 4, size: at }) });
  for (const at of stepCounts) keep('steps', { at, seconds: await clipSeconds(options, at) });
}

/** The quicker of two calls; a long one happens once. */
async function unetSeconds(
  { modelDir, threads }: BenchOptions,
  shape: { frames: number; size: number },
): Promise<number> {
  const configs = await readModelConfigs(modelDir);
  const target = { provider: 'cpu', precision: 'float32' } as const;
  const model = compileGraph(await buildNetwork(configs, networkRequest('unet-step', shape), target));
  const session = await openSession(model, { provider: 'cpu', threads, mapped: true });
  const inputs = randomInputs(model.inputs);
  const seconds: number[] = [];
  while (seconds.length === 0 || (seconds.length === 1 && (seconds[0] ?? 0) < repeatBelowSeconds)) {
    const startedMs = performance.now();
    await session.run(inputs);
    seconds.push((performance.now() - startedMs) / 1000);
  }
  await session.release();
  return Math.min(...seconds);
}

async function clipSeconds({ modelDir, workDir, threads }: BenchOptions, steps: number): Promise<number> {
  const inputs = join(workDir, 'inputs');
  mkdirSync(inputs, { recursive: true });
  const result = await runSide('kinora', {
    network: 'pipeline',
    modelDir,
    threads,
    inputs: writePicture(inputs, 128),
    frames: 4,
    size: 128,
    steps,
    decodeChunk: 4,
    seed: 7,
    execution: { cpuMemory: 'mmap' },
  });
  return result.denoiseSeconds ?? 0;
}
