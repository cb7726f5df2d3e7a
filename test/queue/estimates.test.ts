import { describe, expect, it } from 'vitest';
import { createEstimates, remainingSeconds, totalSeconds } from '../../src/queue/estimates.ts';
import { openDatabase } from '../../src/storage/database.ts';
import { tinyModel } from '../support/jobs.ts';
import { makeClip } from '../support/scripted-renderer.ts';
import { tempFolder } from '../support/temp-folder.ts';

const spec = { picture: Buffer.alloc(0), settings: {}, fit: 'crop' as const };
/** Two steps of 10 s, 2 s before them and 6 s after. */
const clip = makeClip(spec);

describe('createEstimates', () => {
  it('knows nothing until a job was measured, then what was measured', () => {
    const estimates = createEstimates(openDatabase(tempFolder()), tinyModel, 'cpu');
    expect(estimates.of({})).toBeUndefined();
    estimates.learn({}, clip);
    expect(estimates.of({})).toEqual({ secondsBefore: 2, secondsPerStep: 10, secondsAfter: 6 });
  });

  it('follows new measurements gradually', () => {
    const estimates = createEstimates(openDatabase(tempFolder()), tinyModel, 'cpu');
    estimates.learn({}, clip);
    estimates.learn({}, makeClip(spec, { secondsPerStage: { ...clip.secondsPerStage, denoise: 40 } }));
    expect(estimates.of({})!.secondsPerStep).toBeCloseTo(14);
  });

  it('keeps sizes, recipes, models and providers apart, but not steps, seeds or motion', () => {
    const database = openDatabase(tempFolder());
    const estimates = createEstimates(database, tinyModel, 'cpu');
    estimates.learn({}, clip);
    expect(estimates.of({ numInferenceSteps: 50, seed: 9, motionBucketId: 1 })).toBeDefined();
    expect(estimates.of({ width: 128 })).toBeUndefined();
    expect(estimates.of({ numFrames: 2 })).toBeUndefined();
    expect(estimates.of({ maxGuidanceScale: 1 })).toBeUndefined();
    expect(estimates.of({ deepCacheInterval: 2 })).toBeUndefined();
    expect(estimates.of({ guidanceInterval: [0.2, 0.8] })).toBeUndefined();
    expect(createEstimates(database, tinyModel, 'cuda').of({})).toBeUndefined();
    expect(createEstimates(database, { ...tinyModel, name: 'other' }, 'cpu').of({})).toBeUndefined();
  });

  it('remembers over a restart', () => {
    const folder = tempFolder();
    createEstimates(openDatabase(folder), tinyModel, 'cpu').learn({}, clip);
    expect(createEstimates(openDatabase(folder), tinyModel, 'cpu').of({})).toBeDefined();
  });
});

describe('remainingSeconds', () => {
  const estimate = { secondsBefore: 2, secondsPerStep: 10, secondsAfter: 6 };
  const at = (stage: Parameters<typeof remainingSeconds>[0]['stage'], step: number, secondsPerStep?: number) => ({
    stage,
    step,
    steps: 4,
    secondsPerStep,
  });

  it('takes the whole before the first step', () => {
    expect(remainingSeconds(at('prepare', 0), estimate, { steps: 4 })).toBe(totalSeconds(estimate, 4));
    expect(totalSeconds(estimate, 4)).toBe(48);
  });

  it('prefers what the job itself measures', () => {
    expect(remainingSeconds(at('denoise', 1, 3), estimate, { steps: 4 })).toBe(3 * 3 + 6);
    expect(remainingSeconds(at('denoise', 0), estimate, { steps: 4 })).toBe(4 * 10 + 6);
    expect(remainingSeconds(at('denoise', 1, 3), undefined, { steps: 4 })).toBe(9);
    expect(remainingSeconds(at('decode', 3, 2), estimate, { steps: 4 })).toBe(2);
    expect(remainingSeconds(at('decode', 0), estimate, { steps: 4 })).toBe(6);
  });

  it('says nothing where nothing is known', () => {
    expect(remainingSeconds(at('prepare', 0), undefined, { steps: 4 })).toBeUndefined();
    expect(remainingSeconds(at('denoise', 0), undefined, { steps: 4 })).toBeUndefined();
  });
});
