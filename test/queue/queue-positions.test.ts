import { describe, expect, it } from 'vitest';
import { createEstimates } from '../../src/queue/estimates.ts';
import { positionsOf } from '../../src/queue/queue-positions.ts';
import type { Job } from '../../src/storage/job.ts';
import { newJob, tinyModel } from '../support/jobs.ts';
import { makeClip } from '../support/scripted-renderer.ts';

function job(steps?: number): Job {
  const { picture: _, ...request } = newJob({ settings: steps === undefined ? {} : { numInferenceSteps: steps } });
  return { ...request, id: '00000000', state: 'queued', attempts: 0, createdAtMs: 0 };
}

const estimate = { secondsBefore: 1, secondsPerStep: 2, secondsAfter: 1 };
const common = { model: tinyModel, estimateOf: () => estimate, upscaleSecondsOf: () => 0, nowMs: 0, concurrency: 1 };

describe('placesOf', () => {
  it('lines jobs up behind the running one, each by its own steps', () => {
    const places = positionsOf({ ...common, waiting: [job(), job(10)], runningEndsAtMs: [5_000] });
    expect(places).toEqual([
      { position: 1, waiting: 2, startsAtMs: 5_000, endsAtMs: 11_000 },
      { position: 2, waiting: 2, startsAtMs: 11_000, endsAtMs: 33_000 },
    ]);
  });

  it('counts a clip that ends with a given picture as long as it takes, the first and later ones', async () => {
    const estimates = createEstimates({ store: { set: async () => {} }, model: tinyModel, provider: 'cpu' });
    // Two steps of 10 s, 2 s before them and 6 s after.
    const clip = makeClip({ picture: Buffer.alloc(0), settings: {}, fit: 'crop' });
    await estimates.learn({ settings: {} }, clip);
    const waiting = [{ ...job(), hasEndPicture: true as const }, job()];
    const ends = () =>
      positionsOf({ ...common, estimateOf: estimates.of, waiting, runningEndsAtMs: [] }).map((place) => place.endsAtMs);
    expect(ends()).toEqual([48_000, 76_000]);
    const measured = { ...clip, secondsPerStage: { ...clip.secondsPerStage, denoise: 36 } };
    await estimates.learn(waiting[0]!, measured);
    expect(ends()).toEqual([44_000, 72_000]);
  });

  it('uses every renderer, the one that is free first', () => {
    const places = positionsOf({ ...common, concurrency: 2, waiting: [job(), job()], runningEndsAtMs: [5_000, 1_000] });
    expect(places.map(({ startsAtMs }) => startsAtMs)).toEqual([1_000, 5_000]);
  });

  it('knows of a quick and a slow renderer which one a job comes to, and how long it takes there', () => {
    const estimateOf = (_: unknown, worker?: string) => ({ ...estimate, secondsPerStep: worker === 'slow' ? 20 : 2 });
    const waiting = [job(), job(), job(), job()];
    const places = positionsOf({
      ...common,
      estimateOf,
      concurrency: 2,
      waiting,
      runningEndsAtMs: [1_000],
      runningAt: ['slow'],
      idle: ['quick'],
    });
    // 6 s each at the quick one, 42 s at the slow one.
    expect(places.map(({ startsAtMs, endsAtMs }) => [startsAtMs, endsAtMs])).toEqual([
      [0, 6_000],
      [1_000, 43_000],
      [6_000, 12_000],
      [12_000, 18_000],
    ]);
  });

  it('starts at once on an idle renderer, and never in the past', () => {
    expect(positionsOf({ ...common, waiting: [job()], runningEndsAtMs: [] })[0]!.startsAtMs).toBe(0);
    const late = positionsOf({ ...common, nowMs: 9_000, waiting: [job()], runningEndsAtMs: [5_000] });
    expect(late[0]!.startsAtMs).toBe(9_000);
  });

  it('promises no time that follows from an unknown one', () => {
    const unknown = { startsAtMs: undefined, endsAtMs: undefined };
    expect(positionsOf({ ...common, waiting: [job(), job()], runningEndsAtMs: [undefined] })).toEqual([
      { position: 1, waiting: 2, ...unknown },
      { position: 2, waiting: 2, ...unknown },
    ]);
    const unmeasured = positionsOf({
      ...common,
      estimateOf: () => undefined,
      waiting: [job()],
      runningEndsAtMs: [3_000],
    });
    expect(unmeasured).toEqual([{ position: 1, waiting: 1, startsAtMs: 3_000, endsAtMs: undefined }]);
  });
});
