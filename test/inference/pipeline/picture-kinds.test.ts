import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ImageToVideoPipeline, openImageToVideo } from '../../../src/inference/pipeline/image-to-video.ts';
import { type PresetName, withPreset } from '../../../src/inference/pipeline/presets.ts';
import type { ImageToVideoSettings } from '../../../src/inference/pipeline/types.ts';
import { fitBox, pictureForClip } from '../../../src/media/decode-picture.ts';
import type { FitName } from '../../../src/settings/clip-form.ts';
import type { FramedPicture } from '../../../src/util/rgb.ts';
import { type Golden, goldenPath, openGolden } from '../../support/golden.ts';
import { drawnPicture } from '../../support/noise-picture.ts';

/** One run of reference/picture_goldens.py. */
interface Case {
  fit: FitName;
  settings: ImageToVideoSettings;
  /** Width and height of a drawing. */
  drawn?: [number, number];
  /** A file beside the frames. */
  file?: string;
  preset?: PresetName;
}

const golden: Golden = await openGolden('pictures/frames');
const cases = Object.entries(golden.manifest.cases as unknown as Record<string, Case>).map(([name, entry]) => ({
  name,
  entry,
}));
let pipeline: ImageToVideoPipeline;

beforeAll(async () => {
  // Most cases are of one size: its networks are loaded once.
  const memoryMode = 'resident';
  pipeline = await openImageToVideo({ modelDir: goldenPath('models/tiny-a'), provider: 'cpu', threads: 1, memoryMode });
});
afterAll(() => pipeline.release());

async function pictureOf({ file, drawn, fit, settings }: Case): Promise<FramedPicture> {
  if (file !== undefined) return pictureForClip(await readFile(goldenPath(`pictures/${file}`)), { ...settings, fit });
  const picture = drawnPicture(...drawn!);
  const box = fitBox(fit, picture, settings);
  return box === undefined ? picture : { ...picture, box };
}

async function framesOf(picture: FramedPicture, settings: ImageToVideoSettings): Promise<Uint8Array> {
  const run = pipeline.generate(picture, settings);
  for (;;) {
    const next = await run.next();
    if (next.done) return Buffer.concat(next.value.frames);
  }
}

/** The share of values that are within one grey level of each other. */
function shareWithinOne(actual: Uint8Array, expected: Uint8Array): number {
  expect(actual.length).toBe(expected.length);
  return expected.filter((value, at) => Math.abs(value - actual[at]!) <= 1).length / expected.length;
}

describe("a picture of any size gives diffusers' frames", () => {
  it.each(cases)('$name: 99.9 % of values within one grey level', { timeout: 60_000 }, async ({ name, entry }) => {
    if (entry.preset !== undefined) {
      const { width, height, numFrames, decodeChunkSize, seed } = entry.settings;
      const { defaults } = withPreset(pipeline.info, entry.preset);
      expect({ ...defaults, width, height, numFrames, decodeChunkSize, seed }).toEqual(entry.settings);
    }
    const frames = await framesOf(await pictureOf(entry), entry.settings);
    const recorded = golden.tensor(name).data as Uint8Array;
    expect(shareWithinOne(frames, recorded)).toBeGreaterThanOrEqual(0.999);
  });

  it('and other pictures give other frames, so that the frames above say something', async () => {
    const entry = golden.manifest.cases?.larger as unknown as Case;
    const frames = await framesOf(drawnPicture(24, 16), entry.settings);
    expect(shareWithinOne(frames, golden.tensor('larger').data as Uint8Array)).toBeLessThan(0.6);
  });
});
