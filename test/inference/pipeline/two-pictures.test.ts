import { describe, expect, inject, it } from 'vitest';
import { JobCancelledError } from '../../../src/errors.ts';
import { halfStep, reversed } from '../../../src/inference/pipeline/bidirectional-sampling.ts';
import { type Checkpoint, readCheckpoint } from '../../../src/inference/pipeline/checkpoint.ts';
import { type OpenImageToVideoOptions, openImageToVideo } from '../../../src/inference/pipeline/image-to-video.ts';
import type { ImageToVideoResult, ImageToVideoSettings } from '../../../src/inference/pipeline/types.ts';
import type { RgbPicture } from '../../../src/util/rgb.ts';
import { type Golden, goldenPath, openGolden } from '../../support/golden.ts';

const golden = await openGolden('two-pictures');
const cases = Object.keys(golden.manifest.cases ?? {});

interface RecordedCase extends ImageToVideoSettings {
  model: string;
  end: string;
}

function readCase(name: string) {
  const recorded = golden.manifest.cases?.[name] as unknown as RecordedCase;
  const { model, end: _, ...settings } = recorded;
  const pictureOf = (tensor: string): RgbPicture => {
    const { width, height } = settings;
    return { width, height, data: bytesOf(golden, `${name}/${tensor}`) };
  };
  return { modelDir: goldenPath(`models/${model}`), settings, start: pictureOf('start'), end: pictureOf('end') };
}

function bytesOf(file: Golden, name: string): Uint8Array {
  return file.tensor(name).data as Uint8Array;
}

interface RunOptions extends Partial<OpenImageToVideoOptions> {
  changes?: Partial<ImageToVideoSettings>;
  resume?: Checkpoint;
  checkpoints?: Uint8Array[];
  signal?: AbortSignal;
  onStep?: (step: number) => void;
}

async function generate(name: string, options: RunOptions = {}): Promise<ImageToVideoResult> {
  const { changes, resume, checkpoints, signal, onStep, ...how } = options;
  const { modelDir, settings, start, end } = readCase(name);
  const pipeline = await openImageToVideo({ modelDir, provider: 'cpu', threads: 1, ...how });
  const hand = async (bytes: Uint8Array) => void checkpoints?.push(bytes);
  const run = pipeline.generate(
    start,
    { ...settings, ...changes },
    {
      endPicture: end,
      resume,
      ...(signal && { signal }),
      ...(checkpoints && { checkpoints: { everySeconds: 0, hand } }),
    },
  );
  try {
    for (;;) {
      const next = await run.next();
      if (next.done) return next.value;
      if (next.value.stage === 'denoise') onStep?.(next.value.step);
    }
  } finally {
    await pipeline.release();
  }
}

/** The share of values that are more than one grey level off. */
function shareOff(frames: readonly Uint8Array[], expected: Uint8Array): number {
  const actual = Buffer.concat(frames);
  expect(actual.length).toBe(expected.length);
  return expected.filter((value, at) => Math.abs(value - actual[at]!) > 1).length / expected.length;
}

describe("a clip from one picture to another, against diffusers' modules", () => {
  it.each(cases)('%s: frames within one grey level for 99.9 % of values', { timeout: 60_000 }, async (name) => {
    const { frames, settings } = await generate(name);
    expect(settings).toEqual(readCase(name).settings);
    const expected = bytesOf(golden, `${name}/frames`);
    expect(shareOff(frames, expected)).toBeLessThanOrEqual(0.001);
    expect(expected.filter((value) => value === 0 || value === 255).length / expected.length).toBeLessThan(0.1);
  });

  it('depends on both pictures, and on which is the first', () => {
    const name = 'guidance';
    expect(Buffer.compare(bytesOf(golden, `${name}/start`), bytesOf(golden, `${name}/end`))).not.toBe(0);
    expect(golden.floats(`${name}/clean/start`).data).not.toEqual(golden.floats(`${name}/clean/end`).data);
  });

  it('begins with the latents of the first picture, exactly', () => {
    for (const name of cases) {
      const { data, shape } = golden.floats(`${name}/latents/${readCase(name).settings.numInferenceSteps - 1}`);
      const perFrame = data.length / shape[1]!;
      expect(data.subarray(0, perFrame)).toEqual(golden.floats(`${name}/clean/start`).data);
    }
  });
});

describe('a clip from one picture to another', async () => {
  // What holds for a clip of any model is held for a smaller one, with fewer steps.
  const modelDir = inject('tinyModel');
  const changes = { numInferenceSteps: 2 };
  const checkpoints: Uint8Array[] = [];
  const whole = await generate('guidance', { modelDir, changes, checkpoints });

  it.each([
    ['model-offload', 'split'],
    ['sequential-offload', 'batched'],
    ['sequential-offload', 'split'],
    ['resident', 'batched'],
  ] as const)('is the same in %s with guidance %s', async (memoryMode, guidanceBatch) => {
    const { frames } = await generate('guidance', { modelDir, changes, memoryMode, guidanceBatch });
    expect(shareOff(frames, Buffer.concat(whole.frames))).toBeLessThanOrEqual(0.001);
  });

  it('goes on from each of its checkpoints with the same frames, bit for bit', async () => {
    expect(checkpoints).toHaveLength(changes.numInferenceSteps * 2);
    for (const at of [0, 1, checkpoints.length - 1]) {
      const resume = readCheckpoint(checkpoints[at]!, () => {})!;
      expect(resume.step).toBe(at + 1);
      const steps: number[] = [];
      const { frames } = await generate('guidance', { modelDir, changes, resume, onStep: (step) => steps.push(step) });
      expect(steps[0]).toBe(at + 1);
      expect(Buffer.compare(Buffer.concat(frames), Buffer.concat(whole.frames))).toBe(0);
    }
  });

  it('passes over a checkpoint of a clip with one picture, and of another last picture', async () => {
    const lines: string[] = [];
    const pipeline = await openImageToVideo({
      modelDir,
      provider: 'cpu',
      threads: 1,
      log: (line) => lines.push(line),
    });
    const { start, settings } = readCase('guidance');
    const resume = readCheckpoint(checkpoints[2]!, () => {})!;
    for (const endPicture of [undefined, start]) {
      const run = pipeline.generate(start, { ...settings, ...changes }, { endPicture, resume });
      let first = await run.next();
      while (!first.done && first.value.stage !== 'denoise') first = await run.next();
      expect(first.value).toMatchObject({ step: 0 });
      await run.return(undefined as never);
    }
    expect(lines.filter((line) => line.includes('is of another run (other picture)'))).toHaveLength(2);
    await pipeline.release();
  });

  it('stops at a cancel between the halves of a step', async () => {
    const controller = new AbortController();
    const steps: number[] = [];
    const onStep = (step: number) => {
      steps.push(step);
      if (step === 3) controller.abort(new Error('enough'));
    };
    await expect(generate('guidance', { modelDir, changes, signal: controller.signal, onStep })).rejects.toThrow(
      JobCancelledError,
    );
    expect(steps.at(-1)).toBe(3);
  });

  it('can be had with deepCacheInterval, and then differs', async () => {
    const { frames } = await generate('guidance', { modelDir, changes: { ...changes, deepCacheInterval: 2 } });
    expect(shareOff(frames, Buffer.concat(whole.frames))).toBeGreaterThan(0);
  });

  it('refuses samplers that it is not defined for', async () => {
    await expect(generate('guidance', { changes: { sampler: 'animate-lcm' } })).rejects.toMatchObject({
      code: 'sampler-not-for-two-pictures',
    });
  });
});

describe('half a step', () => {
  const random = (length: number, seed: number) =>
    Float32Array.from({ length }, (_, at) => Math.fround(Math.sin(seed + at * 12.9898) * 2));
  const estimates = { unconditional: random(12, 1), conditional: random(12, 2) };
  const sample = random(12, 3);
  const lastFrame = random(4, 4);

  it("takes the known latents for the last frame's estimate: at σ′ = 0 that frame is them", () => {
    const out = halfStep(sample, estimates, { sigma: 3, next: 0, scales: Float32Array.of(1, 2, 3), lastFrame });
    expect(out.subarray(8)).toEqual(lastFrame);
    expect(out.subarray(0, 4)).toEqual(estimates.conditional.subarray(0, 4));
  });

  it('goes along the unconditional estimate: with guidance 1 and no noise left to take, the sample is kept', () => {
    const same = { unconditional: estimates.unconditional, conditional: estimates.unconditional };
    const half = { sigma: 3, next: 3, scales: Float32Array.of(1, 1, 1), lastFrame: same.unconditional.subarray(8) };
    const out = halfStep(sample, same, half);
    for (const [at, value] of out.entries()) expect(value).toBeCloseTo(sample[at]!, 5);
  });

  it('is the same forwards and backwards in time: the first half on a reversed clip is the second half', () => {
    // With equal pictures, so that the clip reversed in time is a possible result of the same noise reversed.
    const half = { sigma: 3, next: 1, scales: Float32Array.of(2, 2, 2), lastFrame };
    const forwards = halfStep(sample, estimates, half);
    const backwards = halfStep(reversed(reversed(sample, 3), 3), estimates, half);
    expect(backwards).toEqual(forwards);
    expect(reversed(Float32Array.of(1, 2, 3, 4, 5, 6), 3)).toEqual(Float32Array.of(5, 6, 3, 4, 1, 2));
  });
});
