import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { openImageToVideo } from '../../../src/inference/pipeline/image-to-video.ts';
import type {
  ImageToVideoResult,
  ImageToVideoSettings,
  PipelineProgress,
} from '../../../src/inference/pipeline/types.ts';
import type { RgbPicture } from '../../../src/util/rgb.ts';
import { goldenPath, openGolden } from '../../support/golden.ts';

const cases = readdirSync(goldenPath('pipeline'))
  .filter((file) => file.endsWith('.json'))
  .map((file) => file.replace('.json', ''));

interface Case {
  model: string;
  settings: ImageToVideoSettings;
  picture: RgbPicture;
  frames: Uint8Array;
}

async function readCase(name: string): Promise<Case> {
  const golden = await openGolden(`pipeline/${name}`);
  const recorded = golden.manifest.cases?.[name] ?? {};
  const { model, ...settings } = recorded as unknown as ImageToVideoSettings & { model: string };
  const { width, height } = settings;
  const bytes = (tensor: string) => golden.tensor(`${name}/${tensor}`).data as Uint8Array;
  return { model, settings, picture: { width, height, data: bytes('picture') }, frames: bytes('frames') };
}

async function generate({ model, settings, picture }: Case, signal?: AbortSignal) {
  const pipeline = await openImageToVideo({ modelDir: goldenPath(`models/${model}`), provider: 'cpu', threads: 2 });
  const progress: PipelineProgress[] = [];
  const run = pipeline.generate(picture, settings, signal === undefined ? {} : { signal });
  for (;;) {
    const next = await run.next();
    if (next.done) return { result: next.value satisfies ImageToVideoResult, progress };
    progress.push(next.value);
  }
}

describe('the pipeline against diffusers', () => {
  it.each(cases)('%s: frames within one grey level for 99.9 % of values', async (name) => {
    const golden = await readCase(name);
    const { result } = await generate(golden);
    const actual = Buffer.concat(result.frames);
    expect(actual.length).toBe(golden.frames.length);
    const differences = golden.frames.map((value, at) => Math.abs(value - (actual[at] ?? 0)));
    const off = differences.filter((difference) => difference > 1).length;
    expect(off / differences.length, `${off} of ${differences.length} values`).toBeLessThanOrEqual(0.001);
    // A decoder driven into black or white would agree without proving anything.
    const saturated = golden.frames.filter((value) => value === 0 || value === 255).length;
    expect(saturated / golden.frames.length).toBeLessThan(0.5);
  });
});
