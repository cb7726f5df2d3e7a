import { afterAll, describe, expect, inject, it } from 'vitest';
import { readCheckpoint } from '../../../src/inference/pipeline/checkpoint.ts';
import { openImageToVideo } from '../../../src/inference/pipeline/image-to-video.ts';
import type { ImageToVideoSettings } from '../../../src/inference/pipeline/types.ts';
import type { RgbPicture } from '../../../src/util/rgb.ts';

const settings: ImageToVideoSettings = {
  width: 16,
  height: 8,
  numFrames: 3,
  numInferenceSteps: 6,
  minGuidanceScale: 1,
  maxGuidanceScale: 3,
  fps: 7,
  motionBucketId: 127,
  noiseAugStrength: 0.02,
  decodeChunkSize: 2,
  seed: 5,
  sampler: 'euler',
  schedule: 'karras',
};

const pictureOf = (factor: number): RgbPicture => ({
  width: 16,
  height: 8,
  data: Uint8Array.from({ length: 16 * 8 * 3 }, (_, at) => (at * factor) % 256),
});

const logged: string[] = [];
const pipeline = await openImageToVideo({
  modelDir: inject('tinyModel'),
  provider: 'cpu',
  threads: 1,
  memoryMode: 'resident',
  log: (message) => logged.push(message),
});
afterAll(() => pipeline.release());

type Options = NonNullable<Parameters<typeof pipeline.generate>[2]>;

async function runOf(changes: Partial<ImageToVideoSettings>, options: Options = {}) {
  const run = pipeline.generate(pictureOf(37), { ...settings, ...changes }, options);
  const steps: string[] = [];
  let next = await run.next();
  for (; !next.done; next = await run.next()) steps.push(`${next.value.stage} ${next.value.step}/${next.value.steps}`);
  return { ...next.value, steps };
}

const bytesOf = ({ frames }: { frames: Uint8Array[] }) => Buffer.concat(frames);

describe('a variation', { timeout: 120_000 }, () => {
  it.each<[string, Partial<ImageToVideoSettings>, number, RgbPicture?]>([
    ['with euler', {}, 3],
    ['with a sampler that draws noise', { sampler: 'euler-ancestral' }, 3],
    ['with DeepCache, at its next whole call', { deepCacheInterval: 2 }, 4],
    ['of a single step', { numInferenceSteps: 1 }, 1],
    ['between two pictures', {}, 6, pictureOf(11)],
  ])(
    '%s ends after 40 percent of its steps, and goes on to be the clip of its seed alone, bit for bit',
    async (_, changes, at, endPicture) => {
      const end = endPicture && { endPicture };
      const variation = await runOf(changes, { ...end, isVariation: true });
      expect(variation.steps.filter((step) => step.startsWith('denoise')).at(-1)).toBe(`denoise ${at}/${at}`);
      expect(variation.steps.filter((step) => step.startsWith('decode'))).toEqual([]);
      // One pixel for each place of the latents.
      expect(variation.frames).toHaveLength(3);
      expect(variation).toMatchObject({ width: 8, height: 4 });
      expect(new Set(bytesOf(variation)).size).toBeGreaterThan(20);

      const resume = readCheckpoint(variation.state!, () => {});
      expect(resume?.step).toBe(at);
      logged.length = 0;
      const picked = await runOf(changes, { ...end, resume });
      expect(logged).toEqual([expect.stringMatching(`^Going on after step ${at} of`)]);
      const alone = await runOf(changes, { ...end });
      expect(bytesOf(picked).equals(bytesOf(alone))).toBe(true);
      expect(picked.settings).toEqual(alone.settings);
    },
  );

  it('that was broken off goes on where it was, and shows the same; what is kept on the way is never its end', async () => {
    const kept: Uint8Array[] = [];
    const checkpoints = { everySeconds: 1e-9, hand: async (bytes: Uint8Array) => void kept.push(bytes.slice()) };
    const whole = await runOf({}, { isVariation: true, checkpoints });
    expect(kept.map((bytes) => readCheckpoint(bytes, () => {})?.step)).toEqual([1, 2]);
    const resumed = await runOf({}, { isVariation: true, resume: readCheckpoint(kept[1]!, () => {}) });
    expect(resumed.steps).toContain('denoise 2/3');
    expect(resumed.steps).not.toContain('denoise 1/3');
    expect(bytesOf(resumed).equals(bytesOf(whole))).toBe(true);
    const atItsEnd = await runOf({}, { isVariation: true, resume: readCheckpoint(whole.state!, () => {}) });
    expect(bytesOf(atItsEnd).equals(bytesOf(whole))).toBe(true);
  });
});
