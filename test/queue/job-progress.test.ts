import { describe, expect, it } from 'vitest';
import { createEstimates } from '../../src/queue/estimates.ts';
import { createProgressTracker } from '../../src/queue/job-progress.ts';
import type { ClipForm } from '../../src/settings/clip-form.ts';
import type { Estimate } from '../../src/storage/estimate-store.ts';
import type { Job } from '../../src/storage/job.ts';
import type { RenderProgress } from '../../src/worker/types.ts';
import { tinyModel } from '../support/jobs.ts';
import { makeClip } from '../support/scripted-renderer.ts';

/** What a render really takes, in seconds. */
interface Course {
  prepare: number;
  encodeImage: number;
  firstStep: number;
  step: number;
  /** Each of four chunks. */
  chunk: number;
  encodeVideo: number;
  steps: number;
  /** Steps that an earlier process has done. */
  from?: number;
}

/** Loads a model for 20 s; its first step takes three times as long. */
const firstClip: Course = {
  prepare: 20,
  encodeImage: 1,
  firstStep: 9,
  step: 3,
  chunk: 1,
  encodeVideo: 2,
  steps: 25,
};
/** The model is there. */
const nextClip: Course = { ...firstClip, prepare: 1, firstStep: 3 };
const measured: Estimate = { secondsBefore: 4, secondsPerStep: 3, secondsAfter: 6 };

/** The news that a render of this course tells, with the second in which it does. */
function newsOf(course: Course): { at: number; progress: RenderProgress }[] {
  const news: { at: number; progress: RenderProgress }[] = [];
  let at = 0;
  const tell = (stage: RenderProgress['stage'], [step, steps]: [number, number], secondsPerStep?: number) => {
    news.push({ at, progress: { stage, step, steps, secondsPerStep } });
  };
  const { from = 0, steps } = course;
  tell('prepare', [0, 1]);
  at += course.prepare;
  tell('encode-image', [0, 1]);
  if (from === 0) at += course.encodeImage;
  // The pipeline counts what an earlier run did among the seconds of the stage.
  let seconds = from * course.step;
  tell('denoise', [from, steps], from === 0 ? undefined : course.step);
  for (let step = from + 1; step <= steps; step++) {
    const took = step === from + 1 ? course.firstStep : course.step;
    at += took;
    seconds += took;
    tell('denoise', [step, steps], seconds / step);
  }
  tell('decode', [0, 4]);
  for (let chunk = 1; chunk <= 4; chunk++) {
    at += course.chunk;
    tell('decode', [chunk, 4], course.chunk);
  }
  tell('encode-video', [0, 1]);
  at += course.encodeVideo;
  tell('encode-video', [1, 1], course.encodeVideo);
  return news;
}

function follow(
  course: Course,
  {
    estimate,
    ...job
  }: { estimate?: Estimate; form?: Partial<ClipForm>; settings?: Job['settings']; hasEndPicture?: true } = {},
) {
  const tracker = createProgressTracker({
    job: {
      ...job,
      state: course.from === undefined ? 'queued' : 'interrupted',
      settings: { numInferenceSteps: course.steps, ...job.settings },
    },
    model: tinyModel,
    estimate,
  });
  const news = newsOf(course);
  const totalMs = news.at(-1)!.at * 1000;
  const shown = news.map(({ at, progress }) => ({ ...progress, atMs: at * 1000, ...tracker.at(progress, at * 1000) }));
  return { shown, totalMs };
}

const cases: [string, Course, Parameters<typeof follow>[1]][] = [
  ['a first clip', firstClip, {}],
  ['a first clip without guidance', firstClip, { settings: { maxGuidanceScale: 1 } }],
  ['a first clip of two steps', { ...firstClip, steps: 2 }, {}],
  ['a second clip, its model loaded', nextClip, { estimate: measured }],
  ['a second clip, its model loaded anew', firstClip, { estimate: { ...measured, secondsBefore: 21 } }],
  ['a clip on a machine that became twice as slow', { ...nextClip, step: 6, firstStep: 6 }, { estimate: measured }],
  [
    'a smooth clip',
    { ...nextClip, encodeVideo: 8 },
    { estimate: measured, form: { smooth: true, loop: 'none', format: 'mp4' } },
  ],
  ['a looping clip', { ...nextClip, encodeVideo: 3 }, { estimate: measured, form: { loop: 'ping-pong' } }],
  // Fifty halves, of half a step's seconds each.
  [
    'a first clip with a last picture',
    { ...firstClip, steps: 50 },
    { settings: { numInferenceSteps: 25 }, hasEndPicture: true },
  ],
  [
    'a second seamless loop',
    { ...nextClip, steps: 50 },
    { settings: { numInferenceSteps: 25 }, form: { loop: 'seamless' }, estimate: { ...measured, secondsPerStep: 6 } },
  ],
  ['a clip that goes on from a checkpoint', { ...firstClip, from: 15 }, { estimate: measured }],
  ['a first clip that goes on from a checkpoint', { ...firstClip, from: 15 }, {}],
];

describe('the progress of a job', () => {
  it.each(cases)('is one bar from 0 to the end that never goes back: %s', (_, course, options) => {
    const { shown } = follow(course, options);
    const shares = shown.map(({ share }) => share);
    expect(shares).toEqual(shares.toSorted((a, b) => a - b));
    expect(shares[0]).toBe(0);
    expect(shares.at(-1)).toBe(0.99);
    // It moves with every step, and no stage takes it for itself.
    const steps = shown.filter(({ stage }) => stage === 'denoise').map(({ share }) => share);
    expect(new Set(steps).size).toBe(steps.length);
    const jumps = shares.map((share, index) => share - (shares[index - 1] ?? 0));
    const isResumed = 'from' in course;
    expect(Math.max(...jumps)).toBeLessThan(isResumed ? 0.7 : course.steps < 5 ? 0.45 : 0.3);
  });

  it.each(cases)('tells an end that does not jump, and is right long before it comes: %s', (_, course, options) => {
    const { shown, totalMs } = follow(course, options);
    const told = shown.filter(({ endsAtMs, stage }) => endsAtMs !== undefined && stage !== 'prepare');
    expect(told.length).toBeGreaterThan(shown.length / 2);
    const shifts = told.map(({ endsAtMs }, index) => Math.abs(endsAtMs! - (told[index - 1]?.endsAtMs ?? endsAtMs!)));
    expect(Math.max(...shifts) / totalMs).toBeLessThan(0.25);
    for (const { endsAtMs, atMs } of told) expect(endsAtMs!).toBeGreaterThanOrEqual(atMs);
    // From two thirds on.
    for (const { endsAtMs, atMs } of told) {
      if (atMs > (totalMs * 2) / 3) expect(Math.abs(endsAtMs! - totalMs) / totalMs).toBeLessThan(0.15);
    }
  });

  it('of a first clip tells an end from the first step that was measured without loading', () => {
    const { shown, totalMs } = follow(firstClip);
    const at = (step: number) => shown.find((news) => news.stage === 'denoise' && news.step === step)!;
    expect(at(0).endsAtMs).toBeUndefined();
    expect(Math.abs(at(4).endsAtMs! - totalMs) / totalMs).toBeLessThan(0.3);
  });

  it('of a first clip with a last picture gives the denoising twice the share', () => {
    const decodeStart = (hasEndPicture?: true) => {
      const job = { state: 'queued' as const, settings: {}, ...(hasEndPicture && { hasEndPicture }) };
      const tracker = createProgressTracker({ job, model: tinyModel, estimate: undefined });
      return tracker.at({ stage: 'decode', step: 0, steps: 4, secondsPerStep: undefined }, 0).share;
    };
    // In steps: 2.3 before, two, with a last picture four, and 1.5 after.
    expect(decodeStart()).toBeCloseTo(4.3 / 5.8);
    expect(decodeStart(true)).toBeCloseTo(6.3 / 7.8);
  });

  it('of a clip in another form than before is that of its encoding alone', () => {
    const tracker = createProgressTracker({
      job: { state: 'queued', settings: {}, parent: { id: '00000000', use: 'reencode' } },
      model: tinyModel,
      estimate: undefined,
    });
    const at = (stage: RenderProgress['stage'], step: number) =>
      tracker.at({ stage, step, steps: 1, secondsPerStep: undefined }, 0).share;
    expect([at('prepare', 0), at('encode-video', 0), at('encode-video', 1)]).toEqual([0, expect.any(Number), 0.99]);
  });

  it('does not go back when the render broke and is tried once more', () => {
    const tracker = createProgressTracker({
      job: { state: 'queued', settings: {} },
      model: tinyModel,
      estimate: undefined,
    });
    const at = (stage: RenderProgress['stage'], step: number) =>
      tracker.at({ stage, step, steps: 2, secondsPerStep: 1 }, 0).share;
    const before = at('decode', 1);
    expect([at('prepare', 0), at('denoise', 1)]).toEqual([before, before]);
    expect(at('decode', 2)).toBeGreaterThan(before);
  });

  it('uses what the clip before it took', async () => {
    const estimates = createEstimates({ store: { set: async () => {} }, model: tinyModel, provider: 'cpu' });
    const spec = { picture: Buffer.alloc(0), settings: {}, fit: 'crop' as const };
    await estimates.learn({ settings: {} }, makeClip(spec));
    const estimate = estimates.of({ settings: {} })!;
    const tracker = createProgressTracker({ job: { state: 'queued', settings: {} }, model: tinyModel, estimate });
    // 2 s before, two steps of 10 s, 6 s after.
    const { share, endsAtMs } = tracker.at({ stage: 'denoise', step: 1, steps: 2, secondsPerStep: 10 }, 0);
    expect(share).toBeCloseTo(12 / 28);
    expect(endsAtMs).toBeCloseTo(16_000);
  });
});
