import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { InferenceError, JobCancelledError, UserError } from '../../../src/errors.ts';
import { openImageToVideo } from '../../../src/inference/pipeline/image-to-video.ts';
import type { ImageToVideoSettings, PipelineProgress } from '../../../src/inference/pipeline/types.ts';
import * as sessions from '../../../src/inference/runtime/session.ts';
import { goldenPath } from '../../support/golden.ts';

/** Which networks were loaded, run and released, in order. */
const events: string[] = [];
/** Frames that the UNet's step takes at once, of all branches. */
let unetRows: number | undefined;

beforeAll(() => {
  const { openSession } = sessions;
  vi.spyOn(sessions, 'openSession').mockImplementation(async (model, options) => {
    const session = await openSession(model, options);
    events.push(`open ${model.name}`);
    if (model.name === 'unet-step') unetRows = model.inputs.find(({ name }) => name === 'sample')?.shape[0];
    return {
      run(inputs) {
        events.push(`run ${model.name}`);
        return session.run(inputs);
      },
      async release() {
        events.push(`release ${model.name}`);
        await session.release();
      },
    };
  });
});
afterAll(() => vi.restoreAllMocks());
afterEach(() => {
  events.length = 0;
});

const settings: ImageToVideoSettings = {
  width: 32,
  height: 16,
  numFrames: 3,
  numInferenceSteps: 3,
  minGuidanceScale: 1,
  maxGuidanceScale: 1,
  fps: 7,
  motionBucketId: 127,
  noiseAugStrength: 0.02,
  decodeChunkSize: 2,
  seed: 5,
  sampler: 'euler',
  schedule: 'karras',
};
const picture = { width: 32, height: 16, data: new Uint8Array(32 * 16 * 3).fill(90) };
const pipeline = await openImageToVideo({ modelDir: goldenPath('models/tiny-a'), provider: 'cpu', threads: 1 });

const uses = (name: string, runs = 1) => [
  `open ${name}`,
  ...Array<string>(runs).fill(`run ${name}`),
  `release ${name}`,
];
const upToDenoise = [...uses('image-encoder'), ...uses('vae-encoder'), ...uses('unet-conditioning'), 'open unet-step'];

describe('a run', () => {
  it('tells each stage and step in order, and has one network in memory at a time', async () => {
    const told: PipelineProgress[] = [];
    const run = pipeline.generate(picture, settings);
    let next = await run.next();
    for (; !next.done; next = await run.next()) told.push(next.value);

    expect(told.map(({ stage, step, steps }) => `${stage} ${step}/${steps}`)).toEqual([
      ...['prepare 0/1', 'prepare 1/1'],
      ...['encode-image 0/2', 'encode-image 1/2', 'encode-image 2/2'],
      ...['denoise 0/3', 'denoise 1/3', 'denoise 2/3', 'denoise 3/3'],
      ...['decode 0/2', 'decode 1/2', 'decode 2/2'],
    ]);
    for (const { step, secondsPerStep } of told) {
      if (step === 0) expect(secondsPerStep).toBeUndefined();
      else expect(secondsPerStep).toBeGreaterThanOrEqual(0);
    }
    // Three frames in chunks of two: the last chunk is a network of its own.
    const expected = [
      ...upToDenoise.slice(0, -1),
      ...uses('unet-step', 3),
      ...uses('vae-decoder'),
      ...uses('vae-decoder'),
    ];
    expect(events).toEqual(expected);

    const { frames, secondsPerStage } = next.value;
    expect(frames.map((frame) => frame.length)).toEqual([1536, 1536, 1536]);
    expect(Object.keys(secondsPerStage)).toEqual(['prepare', 'encode-image', 'denoise', 'decode']);
    expect(Object.values(secondsPerStage).every((seconds) => seconds >= 0)).toBe(true);
  });

  it('starts nothing before it is asked to', async () => {
    const run = pipeline.generate(picture, settings);
    await run.next();
    expect(events).toEqual([]);
    await run.return(undefined as never);
    expect(events).toEqual([]);
  });
});

describe('cancelling', () => {
  /** Reads progress until `stage` has done `step` steps. */
  async function until(run: AsyncGenerator<PipelineProgress, unknown>, stage: string, step: number): Promise<void> {
    for (;;) {
      const next = await run.next();
      if (next.done) throw new Error('The run ended.');
      if (next.value.stage === stage && next.value.step === step) return;
    }
  }

  it('after a step of denoising stops before the next and frees the UNet', async () => {
    const controller = new AbortController();
    const run = pipeline.generate(picture, settings, { signal: controller.signal });
    await until(run, 'denoise', 1);
    controller.abort();
    await expect(run.next()).rejects.toBeInstanceOf(JobCancelledError);
    expect(events).toEqual([...upToDenoise, 'run unet-step', 'release unet-step']);
    expect(await run.next()).toEqual({ done: true, value: undefined });
  });

  it('between stages loads nothing more', async () => {
    const controller = new AbortController();
    const run = pipeline.generate(picture, settings, { signal: controller.signal });
    await until(run, 'encode-image', 1);
    controller.abort();
    await expect(run.next()).rejects.toBeInstanceOf(JobCancelledError);
    expect(events).toEqual(uses('image-encoder'));
  });

  it('is heard although loading and running block: a message that came meanwhile is taken first', async () => {
    const controller = new AbortController();
    const run = pipeline.generate(picture, settings, { signal: controller.signal });
    await until(run, 'prepare', 1);
    // As a message from the parent process would: when the event loop next looks.
    setImmediate(() => controller.abort());
    await until(run, 'encode-image', 0);
    await expect(run.next()).rejects.toBeInstanceOf(JobCancelledError);
    expect(events.filter((event) => event.startsWith('run'))).toEqual([]);
    const count = (kind: string) => events.filter((event) => event.startsWith(kind)).length;
    expect(count('open')).toBe(count('release'));
  });

  it('before the start does nothing at all', async () => {
    const run = pipeline.generate(picture, settings, { signal: AbortSignal.abort() });
    await expect(run.next()).rejects.toBeInstanceOf(JobCancelledError);
    expect(events).toEqual([]);
  });

  it.each([
    ['denoise', 1, [...upToDenoise, 'run unet-step', 'release unet-step']],
    ['decode', 1, [...upToDenoise.slice(0, -1), ...uses('unet-step', 3), ...uses('vae-decoder')]],
  ] as const)('by leaving the generator in %s after step %d frees what it holds', async (stage, step, expected) => {
    const run = pipeline.generate(picture, settings);
    await until(run, stage, step);
    await run.return(undefined as never);
    expect(events).toEqual(expected);
  });
});

describe('guidance', () => {
  it.each([
    ['one branch where no scale is above 1', { minGuidanceScale: 0, maxGuidanceScale: 1 }, 3],
    ['two where one is', { minGuidanceScale: 1.5, maxGuidanceScale: 1 }, 6],
  ])('asks the UNet for %s', async (_, scales, rows) => {
    const run = pipeline.generate(picture, { ...settings, ...scales, numInferenceSteps: 1 });
    for (let next = await run.next(); !next.done && next.value.stage !== 'decode'; ) next = await run.next();
    await run.return(undefined as never);
    expect(unetRows).toBe(rows);
  });
});

describe('what a run is given', () => {
  it('is checked at once', () => {
    expect(() => pipeline.generate(picture, { ...settings, fps: 0 })).toThrow(UserError);
    expect(() => pipeline.generate({ ...picture, width: 16 }, settings)).toThrow(InferenceError);
    expect(events).toEqual([]);
  });
});
