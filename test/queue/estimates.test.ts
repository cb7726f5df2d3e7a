import { describe, expect, it } from 'vitest';
import { createEstimates, type Estimates, type EstimatesOptions } from '../../src/queue/estimates.ts';
import { type EstimatedJob, expectedTimes, renderSeconds } from '../../src/queue/render-work.ts';
import { openDatabase } from '../../src/storage/database.ts';
import { createEstimateStore, type Estimate } from '../../src/storage/estimate-store.ts';
import type { Database } from '../../src/storage/sqlite.ts';
import { tinyModel } from '../support/jobs.ts';
import { makeClip } from '../support/scripted-renderer.ts';
import { tempFolder } from '../support/temp-folder.ts';

/** Estimates as a start of the bot makes them. */
async function estimatesIn(database: Database, options: Partial<Pick<EstimatesOptions, 'model' | 'provider'>> = {}) {
  const store = createEstimateStore(database);
  return createEstimates({ store, known: await store.all(), model: tinyModel, provider: 'cpu', ...options });
}

const spec = { picture: Buffer.alloc(0), settings: {}, fit: 'crop' as const };
/** Two steps of 10 s, 2 s before them and 6 s after. */
const clip = makeClip(spec);

describe('createEstimates', () => {
  it('knows nothing until a job was measured, then what was measured', async () => {
    const estimates = await estimatesIn(openDatabase(tempFolder()));
    expect(estimates.of({ settings: {} })).toBeUndefined();
    await estimates.learn({ settings: {} }, clip);
    expect(estimates.of({ settings: {} })).toEqual({ secondsBefore: 2, secondsPerStep: 10, secondsAfter: 6 });
  });

  it('follows new measurements gradually', async () => {
    const estimates = await estimatesIn(openDatabase(tempFolder()));
    await estimates.learn({ settings: {} }, clip);
    await estimates.learn(
      { settings: {} },
      makeClip(spec, { secondsPerStage: { ...clip.secondsPerStage, denoise: 40 } }),
    );
    expect(estimates.of({ settings: {} })!.secondsPerStep).toBeCloseTo(14);
  });

  it('knows of each worker how quick it is, and of one that has made no such clip what clips take on average', async () => {
    const estimates = await estimatesIn(openDatabase(tempFolder()));
    const slow = makeClip(spec, { secondsPerStage: { ...clip.secondsPerStage, denoise: 60 } });
    for (let round = 0; round < 3; round++) {
      await estimates.learn({ settings: {} }, clip, 'quick');
      await estimates.learn({ settings: {} }, slow, 'slow');
    }
    expect(estimates.of({ settings: {} }, 'quick')!.secondsPerStep).toBeCloseTo(10);
    expect(estimates.of({ settings: {} }, 'slow')!.secondsPerStep).toBeCloseTo(30);
    const average = estimates.of({ settings: {} })!;
    expect(average.secondsPerStep).toBeGreaterThan(12);
    expect(average.secondsPerStep).toBeLessThan(28);
    expect(estimates.of({ settings: {} }, 'new')).toEqual(average);
    // Of a kind that only the other one has made.
    await estimates.learn({ settings: { width: 128 } }, clip, 'quick');
    expect(estimates.of({ settings: { width: 128 } }, 'slow')!.secondsPerStep).toBe(10);
  });

  it('knows at the next start how quick each worker is, whatever it is called', async () => {
    const database = openDatabase(tempFolder());
    const before = await estimatesIn(database);
    const slow = makeClip(spec, { secondsPerStage: { ...clip.secondsPerStage, denoise: 60 } });
    await before.learn({ settings: {} }, clip, 'gpu-1 0');
    await before.learn({ settings: {} }, slow, 'worker ["b"] ×2');
    const after = await estimatesIn(database);
    expect(after.of({ settings: {} }, 'gpu-1 0')!.secondsPerStep).toBe(10);
    expect(after.of({ settings: {} }, 'worker ["b"] ×2')!.secondsPerStep).toBe(30);
    expect(after.of({ settings: {} })).toEqual(before.of({ settings: {} }));
    expect(after.of({ settings: {} }, 'gpu-2 0')).toEqual(before.of({ settings: {} }));
  });

  it('keeps a thousand workers, and of more those that made a clip last, over a restart too', async () => {
    const slow = makeClip(spec, { secondsPerStage: { ...clip.secondsPerStage, denoise: 60 } });
    // In the order in which it is stored, as the table is read.
    const kept = new Map<string, Estimate>();
    const store: EstimatesOptions['store'] = {
      async set(learned, forgotten = []) {
        for (const key of [...forgotten, ...learned.keys()]) kept.delete(key);
        for (const [key, estimate] of learned) kept.set(key, estimate);
      },
    };
    const start = () => createEstimates({ store, known: new Map(kept), model: tinyModel, provider: 'cpu' });
    const learn = ({ learn: note }: Estimates, worker: string, made = slow) => note({ settings: {} }, made, worker);
    const before = start();
    for (const worker of ['one', 'two', 'three']) await learn(before, worker, clip);
    for (let index = 3; index < 1_000; index++) await learn(before, `worker-${index}`);
    await learn(before, 'one', clip);
    await learn(before, 'new');
    const after = start();
    await learn(after, 'newer');
    const knownOf = (worker: string) => Math.round(after.of({ settings: {} }, worker)!.secondsPerStep);
    const average = Math.round(after.of({ settings: {} })!.secondsPerStep);
    expect(['one', 'two', 'three', 'newer'].map(knownOf)).toEqual([10, average, average, 30]);
    // What holds of all of them, and a thousand.
    expect(kept.size).toBe(1_001);
  });

  it('learns of a smooth clip what one without frames in between takes', async () => {
    const estimates = await estimatesIn(openDatabase(tempFolder()));
    const form = { ...clip.form, smooth: true };
    await estimates.learn(
      { settings: {} },
      makeClip(spec, { form, secondsPerStage: { ...clip.secondsPerStage, 'encode-video': 4 } }),
    );
    expect(estimates.of({ settings: {} })!.secondsAfter).toBe(6);
  });

  it('keeps sizes, recipes, models and providers apart, but not steps, seeds or motion', async () => {
    const database = openDatabase(tempFolder());
    const estimates = await estimatesIn(database);
    await estimates.learn({ settings: {} }, clip);
    expect(estimates.of({ settings: { numInferenceSteps: 50, seed: 9, motionBucketId: 1 } })).toBeDefined();
    expect(estimates.of({ settings: { width: 128 } })).toBeUndefined();
    expect(estimates.of({ settings: { numFrames: 2 } })).toBeUndefined();
    expect(estimates.of({ settings: { maxGuidanceScale: 1 } })).toBeUndefined();
    expect(estimates.of({ settings: { deepCacheInterval: 2 } })).toBeUndefined();
    expect(estimates.of({ settings: { guidanceInterval: [0.2, 0.8] } })).toBeUndefined();
    expect((await estimatesIn(database, { provider: 'cuda' })).of({ settings: {} })).toBeUndefined();
    expect(
      (await estimatesIn(database, { model: { ...tinyModel, name: 'other' } })).of({ settings: {} }),
    ).toBeUndefined();
  });

  it('counts the time of a style, which is drawn before the first step, in clips of that style alone', async () => {
    const database = openDatabase(tempFolder());
    const estimates = await estimatesIn(database);
    const styled = { settings: {}, form: { style: 'ink' } };
    await estimates.learn({ settings: {} }, clip);
    // What is known until one was measured.
    expect(estimates.of(styled)!.secondsBefore).toBe(2);
    await estimates.learn(styled, makeClip(spec, { secondsPerStage: { ...clip.secondsPerStage, prepare: 31 } }), 'one');
    expect(estimates.of({ settings: {} })!.secondsBefore).toBe(2);
    expect(estimates.of({ settings: {} }, 'one')!.secondsBefore).toBe(2);
    const again = await estimatesIn(database);
    for (const known of [estimates, again]) {
      expect(known.of(styled)!.secondsBefore).toBe(32);
      expect(known.of({ ...styled, parent: { id: '', use: 'extend' } })!.secondsBefore).toBe(2);
      expect(known.of({ settings: {}, form: { style: 'wax' } })!.secondsBefore).toBe(2);
    }
    expect(renderSeconds(styled, estimates.of(styled)!, tinyModel)).toBeGreaterThan(32);
  });

  it('knows of a clip that ends with a given picture, before one was measured, that a step takes twice as long', async () => {
    const estimates = await estimatesIn(openDatabase(tempFolder()));
    await estimates.learn({ settings: {} }, clip);
    const between = [
      { settings: {}, hasEndPicture: true as const },
      { settings: {}, form: { loop: 'seamless' as const } },
      { settings: {}, form: { loop: 'seamless' as const }, parent: { id: '00000000', use: 'extend' as const } },
    ];
    for (const job of between) expect(estimates.of(job)).toMatchObject({ secondsPerStep: 20, secondsAfter: 6 });
    // Its kept frames in another form are not rendered.
    expect(estimates.of({ ...between[0]!, parent: { id: '00000000', use: 'reencode' } })).toMatchObject({
      secondsPerStep: 10,
    });
  });

  it('keeps apart what was measured with and without a last picture, and both over a restart', async () => {
    const folder = tempFolder();
    const estimates = await estimatesIn(openDatabase(folder));
    const between = { settings: {}, hasEndPicture: true as const };
    await estimates.learn(between, makeClip(spec, { secondsPerStage: { ...clip.secondsPerStage, denoise: 60 } }));
    // Four calls of the UNet a step instead of two, or without guidance of one.
    expect(estimates.of({ settings: {} })).toMatchObject({ secondsPerStep: 15 });
    await estimates.learn({ settings: {} }, clip);
    const restarted = await estimatesIn(openDatabase(folder));
    expect(restarted.of(between)).toMatchObject({ secondsPerStep: 30 });
    expect(restarted.of({ settings: {} })).toMatchObject({ secondsPerStep: 10 });
  });

  it('knows that a clip without guidance takes four times as long with a last picture', async () => {
    const estimates = await estimatesIn(openDatabase(tempFolder()));
    const settings = { maxGuidanceScale: 1 };
    await estimates.learn({ settings }, clip);
    expect(estimates.of({ settings, hasEndPicture: true })).toMatchObject({ secondsPerStep: 40 });
    const times = expectedTimes({ estimates, model: tinyModel });
    expect(times.seamless({ settings })).toBe(88);
    expect(times.seamless({ settings: { width: 128 } })).toBeUndefined();
  });

  it('knows what enlarging takes once one was measured, whatever the clip', async () => {
    const estimates = await estimatesIn(openDatabase(tempFolder()));
    const form = { upscale: '2' } as const;
    expect(estimates.upscaleSeconds({ settings: {} })).toBe(0);
    expect(estimates.upscaleSeconds({ settings: {}, form })).toBeUndefined();
    // Kept frames: nothing was rendered, and yet this was measured.
    const settings = { ...clip.settings, width: 512, height: 512, numFrames: 10 };
    const secondsPerStage = { ...clip.secondsPerStage, denoise: 0, upscale: 20 };
    await estimates.learn({ settings: {} }, makeClip({ ...spec, form }, { settings, secondsPerStage }));
    expect(estimates.of({ settings: {} })).toBeUndefined();
    const larger = { width: 512, height: 512 };
    expect(estimates.upscaleSeconds({ settings: { ...larger, numFrames: 10 }, form })).toBeCloseTo(20);
    expect(estimates.upscaleSeconds({ settings: { ...larger, numFrames: 5 }, form })).toBeCloseTo(10);
    // Twice in a row: the second time four times as many pixels.
    expect(estimates.upscaleSeconds({ settings: { ...larger, numFrames: 5 }, form: { upscale: '4' } })).toBeCloseTo(50);
  });

  it('remembers over a restart', async () => {
    const folder = tempFolder();
    await (await estimatesIn(openDatabase(folder))).learn({ settings: {} }, clip);
    expect((await estimatesIn(openDatabase(folder))).of({ settings: {} })).toBeDefined();
  });
});

it('renderSeconds is what the parts come to', () => {
  const estimate = { secondsBefore: 2, secondsPerStep: 10, secondsAfter: 6 };
  const settings = { numInferenceSteps: 4 };
  expect(renderSeconds({ settings }, estimate, tinyModel)).toBe(48);
  const reencoded = { settings, parent: { id: '00000000', use: 'reencode' as const } };
  expect(renderSeconds(reencoded, estimate, tinyModel)).toBe(6);
});

describe('what is told before somebody decides on variations', () => {
  const estimate = { secondsBefore: 2, secondsPerStep: 10, secondsAfter: 6 };
  const known = { of: () => estimate, upscaleSeconds: ({ form }: EstimatedJob) => (form?.upscale ? 7 : 0) };
  const times = expectedTimes({ estimates: known, model: tinyModel });
  const settings = { numInferenceSteps: 25 };

  it('is 40 % of the steps of each, with no clip made', () => {
    const job: EstimatedJob = { settings, form: { variations: 4, upscale: '2' } };
    expect(times.variations(job)).toBe(4 * 2 + 4 * 10 * 10);
  });

  it('is the rest of the steps and the whole file for a pick, enlarged where that was asked for', () => {
    expect(times.pick({ settings, form: { variations: 4 } })).toBe(2 + 15 * 10 + 6);
    expect(times.pick({ settings, form: { variations: 4, upscale: '2' } })).toBe(2 + 15 * 10 + 6 + 7);
  });

  it('rounds steps up, to a step from which DeepCache can go on', () => {
    expect(times.variations({ settings: { numInferenceSteps: 6 }, form: { variations: 2 } })).toBe(2 * 2 + 2 * 3 * 10);
    const cached = { numInferenceSteps: 25, deepCacheInterval: 4 };
    expect(times.variations({ settings: cached, form: { variations: 2 } })).toBe(2 * 2 + 2 * 12 * 10);
  });
});
