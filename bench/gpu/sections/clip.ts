import { readFileSync, rmSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { probeModelDir } from '../../../src/cli/choose-devices.ts';
import type { ExecutionOptions } from '../../../src/settings/execution.ts';
import type { BenchContext } from '../context.ts';
import { compareFrames } from '../look-at-frames.ts';
import { ensureModel } from '../model.ts';
import { readFrames } from '../read-frames.ts';
import type { ClipRuns } from '../render-clips.ts';

const picture = fileURLToPath(new URL('../../../assets/rocket.jpg', import.meta.url));

/** How a clip is made: what a bot on a large card would set, what it does by itself, and what a card of 16 GB takes. */
const clipModes = {
  'model-offload': {},
  resident: { memoryMode: 'resident' },
  split: { guidanceBatch: 'split' },
} as const satisfies Record<string, Partial<ExecutionOptions>>;
export type ClipMode = keyof typeof clipModes;

/** What the section keeps for a mode: the first clip of a process and the one after it. */
export type ClipFigures = Omit<ClipRuns, 'file'>;

/** Whole clips from a picture's bytes to a file, as the bot makes them. */
export async function measureClip(context: BenchContext): Promise<void> {
  const { results, tools, modelDir, sizes, provider, tell } = context;
  await ensureModel(context);
  const { frames: numFrames, width, height, steps: numInferenceSteps, decodeChunk: decodeChunkSize } = sizes.clip;
  for (const [mode, execution] of Object.entries(clipModes)) {
    tell(`whole clips, ${mode}`);
    await results.measure('clip', mode, async (): Promise<ClipFigures> => {
      const { file: _, ...figures } = await tools.renderClips({
        modelDir,
        execution: { provider, ...execution },
        settings: { numFrames, width, height, numInferenceSteps, decodeChunkSize, seed: 1 },
        picture: readFileSync(picture),
        times: mode === 'split' ? 1 : 2,
      });
      return figures;
    });
  }
}

/** What the section `demo` keeps. */
export interface DemoFigures extends ClipFigures {
  /** From the frames that the CPU makes in float32, in grey levels. */
  fromCpu: { mean: number; most: number };
  /** The clip. */
  file: string;
}

/** A real picture: the demo model's clip on the provider, beside the one that the CPU makes. */
export async function measureDemo({ results, tools, workDir, sizes, provider, tell }: BenchContext): Promise<void> {
  const make = async (on: 'cpu' | 'cuda') => {
    const framesDir = join(workDir, `demo-${on}`);
    rmSync(framesDir, { recursive: true, force: true });
    await mkdir(framesDir, { recursive: true });
    const runs = await tools.renderClips({
      modelDir: probeModelDir,
      execution: { provider: on },
      settings: { ...sizes.demo, seed: 7 },
      picture: readFileSync(picture),
      times: 1,
      framesDir,
    });
    return { ...runs, pictures: await readFrames(framesDir) };
  };
  await results.measure('demo', 'demo', async (): Promise<DemoFigures> => {
    tell("the demo model's clip on the CPU");
    const reference = await make('cpu');
    tell("the demo model's clip on the provider");
    const { file: bytes, pictures, ...figures } = await make(provider);
    const file = join(workDir, 'results', `demo-${provider}.mp4`);
    await writeFile(file, bytes);
    return { ...figures, fromCpu: compareFrames(pictures, reference.pictures), file };
  });
}
