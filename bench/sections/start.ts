import { join } from 'node:path';
import { cases, writeInputs } from '../side/cases.ts';
import { runSide, type SideName } from '../side/run-side.ts';
import { type BenchOptions, saveFigures, tell } from './section.ts';

/** Seconds from a process's start until the UNet could take its first step, of every round. */
export interface StartFigures {
  'kinora-mmap': number[];
  diffusers: number[];
}

/** How soon the full-size UNet is ready in mapped mode, and with diffusers' `from_pretrained`; files are cached. */
export async function measureStart({ modelDir, workDir, threads, rounds }: BenchOptions): Promise<void> {
  const inputs = writeInputs(join(workDir, 'inputs'), 'unet-1');
  const task = { ...cases['unet-1'], case: 'unet-1', modelDir, inputs, threads, runs: 0, mapped: true };
  const figures: StartFigures = { 'kinora-mmap': [], diffusers: [] };
  const ready = async (side: SideName) => (await runSide(side, task)).readySeconds;
  for (let round = 0; round < rounds; round++) {
    figures['kinora-mmap'].push(await ready('kinora'));
    figures.diffusers.push(await ready('diffusers'));
    tell(`start: ${figures['kinora-mmap'].at(-1)?.toFixed(2)} s, diffusers ${figures.diffusers.at(-1)?.toFixed(2)} s`);
  }
  saveFigures(workDir, 'start', figures);
}
