import { type RenderStage, renderStages } from '../settings/clip.ts';
import { expectUpscale } from '../settings/upscale.ts';
import type { Estimate } from '../storage/estimate-store.ts';
import { isRenderedBetween, type Job, type ModelCapabilities } from '../storage/job.ts';
import type { RenderProgress } from '../worker/types.ts';
import { callsPerStep, smoothFactor } from './estimates.ts';
import { workOf } from './render-work.ts';

/** How far a job is, over all its stages. */
interface JobShare {
  /** Of the whole job, from 0 to below 1; never less than it was. */
  share: number;
  /** When the clip will be ready, in milliseconds since 1970; undefined while nothing says so. */
  endsAtMs: number | undefined;
}

/** A shift of a running job's end that is worth telling those who wait, in milliseconds. */
export const noticeableShiftMs = 10_000;

/** Follows one job. */
export interface ProgressTracker {
  at(progress: RenderProgress, nowMs: number): JobShare;
  /** As it was told last. */
  endsAtMs(): number | undefined;
}

/** What {@link createProgressTracker} knows of the job. */
export interface ProgressTrackerOptions {
  job: Pick<Job, 'state' | 'settings' | 'form' | 'hasEndPicture' | 'parent'>;
  model: Pick<ModelCapabilities, 'defaults'>;
  /** Measured with earlier jobs of the kind; undefined for the first. */
  estimate: Estimate | undefined;
  /** What enlarging by a network takes, where that was asked for and has been measured. */
  upscaleSeconds?: number | undefined;
}

type Weights = Record<RenderStage, number>;

/**
 * What the stages take where nothing was measured, in denoising steps with guidance. Of SVD XT such a step is 6.4 TFLOP a frame,
 * decoding 6.9, without guidance a step is half of that. Loading and the encoder's share are of clips on one GPU, roughly.
 * Enlarging a frame takes 0.6 TFLOP for each time that as many pixels go through the network as a frame has.
 */
const defaultWeights = { prepare: 2, 'encode-image': 0.3, decode: 1.1, upscale: 0.1, 'encode-video': 0.4 };

/** The bar is full when the clip is there, and not before. */
const mostShare = 0.99;

/** Of what a new estimate of the end is off, so much is followed at once: half of it, and the rest with the next steps. */
const followed = 0.5;

/** An end that is off by less, of the time left or in milliseconds, stays as it was said. */
const unnoticed = { share: 0.05, ms: 2_000 };

/** A tracker of a job that begins. Weights are fixed then, so that the bar does not jump when more is known. */
export function createProgressTracker({
  job,
  model,
  estimate,
  upscaleSeconds,
}: ProgressTrackerOptions): ProgressTracker {
  const all = { ...model.defaults, ...job.settings };
  const { steps, stepsBefore, beginnings, hasClip } = workOf(job, model);
  // What goes on from another job's steps begins with them done.
  const plannedSteps = steps + stepsBefore;
  const calls = callsPerStep(all, isRenderedBetween(job));
  const { width, height, numFrames: frames } = all;
  const { pixels } = expectUpscale(all, job.form);
  const passes = hasClip ? pixels / (frames * width * height) : 0;
  const upscale = { passes, seconds: hasClip ? upscaleSeconds : 0 };
  const isSmooth = hasClip && job.form?.smooth === true;
  const weights = weightsOf({ beginnings, plannedSteps, hasClip, calls, isSmooth, upscale, estimate });
  const total = sum(renderStages.map((stage) => weights[stage]));
  // Broken off before: how much of it was done is known when the denoising goes on.
  const mayResume = job.state === 'interrupted' || stepsBefore > 0;
  let share = 0;
  let endsAtMs: number | undefined;
  /** The denoising so far: steps and their seconds. */
  let last: { step: number; seconds: number } | undefined;
  /** Seconds of each step that was heard of. */
  let stepSeconds: number[] = [];
  /** Mean of the steps of an earlier run, where the render goes on from a checkpoint. */
  let earlierSeconds: number | undefined;
  /** Seconds that one unit of the weights takes; 1 where they are seconds. */
  let secondsPerUnit = estimate && 1;

  function measure({ stage, step, steps, secondsPerStep }: RenderProgress): void {
    if (stage !== 'denoise') return;
    const seconds = step * (secondsPerStep ?? 0);
    if (last === undefined) earlierSeconds = step > 0 ? secondsPerStep : undefined;
    else if (step > last.step) stepSeconds.push((seconds - last.seconds) / (step - last.step));
    last = { step, seconds };
    // The first step loads the network besides; it tells nothing of the others unless there are none.
    const counted = stepSeconds.length > 1 || step === steps ? stepSeconds.slice(step === 1 ? 0 : 1) : [];
    const weightOfStep = weights.denoise / steps;
    const known = estimate ? 1 : earlierSeconds && earlierSeconds / weightOfStep;
    const all = [...counted.map((each) => each / weightOfStep), ...(known === undefined ? [] : [known])];
    if (all.length > 0) secondsPerUnit = sum(all) / all.length;
  }

  /** While frames are enlarged they tell themselves how long they take. */
  function leftSeconds(done: number, { stage, step, steps, secondsPerStep }: RenderProgress): number | undefined {
    if (stage === 'upscale' && secondsPerStep !== undefined) {
      return (steps - step) * secondsPerStep + weights['encode-video'] * (secondsPerUnit ?? 0);
    }
    return secondsPerUnit && (total - done) * secondsPerUnit;
  }

  function followEnd(seconds: number | undefined, nowMs: number): void {
    if (seconds === undefined) return;
    const leftMs = seconds * 1000;
    const targetMs = nowMs + leftMs;
    if (endsAtMs === undefined || endsAtMs < nowMs) endsAtMs = targetMs;
    const offMs = targetMs - endsAtMs;
    if (Math.abs(offMs) > Math.max(unnoticed.ms, leftMs * unnoticed.share)) endsAtMs += offMs * followed;
  }

  return {
    endsAtMs: () => endsAtMs,
    at(progress, nowMs) {
      const { stage, step, steps } = progress;
      if (stage === 'prepare') {
        // It begins, perhaps once more: what was said of an earlier try's end holds no longer.
        endsAtMs = undefined;
        last = undefined;
        stepSeconds = [];
      }
      measure(progress);
      const before = sum(renderStages.slice(0, renderStages.indexOf(stage)).map((earlier) => weights[earlier]));
      const done = before + weights[stage] * Math.min(1, step / steps);
      share = Math.max(share, Math.min(mostShare, done / total));
      if (!mayResume || (stage !== 'prepare' && stage !== 'encode-image'))
        followEnd(leftSeconds(done, progress), nowMs);
      return { share, endsAtMs };
    },
  };
}

/** In seconds where they were measured, else in steps. */
function weightsOf(options: {
  /** 0: nothing is rendered. */
  beginnings: number;
  plannedSteps: number;
  hasClip: boolean;
  calls: number;
  isSmooth: boolean;
  /** How often as many pixels as a frame has go through the network, for each frame; and what that takes, where measured. */
  upscale: { passes: number; seconds: number | undefined };
  estimate: Estimate | undefined;
}): Weights {
  const { beginnings, plannedSteps, hasClip, calls, isSmooth, upscale, estimate } = options;
  const isRendered = beginnings > 0;
  const own = { ...defaultWeights, 'encode-video': defaultWeights['encode-video'] * (isSmooth ? smoothFactor : 1) };
  const plainAfter = defaultWeights.decode + defaultWeights['encode-video'];
  const before = own.prepare + own['encode-image'];
  const [unitBefore, unitAfter] = estimate
    ? [estimate.secondsBefore / before, estimate.secondsAfter / plainAfter]
    : [1, 1];
  const stepWeight = estimate ? estimate.secondsPerStep : calls / 2;
  return {
    prepare: own.prepare * unitBefore,
    'encode-image': isRendered ? own['encode-image'] * unitBefore : 0,
    // What is done once more before each further variation is told as a part of its steps.
    denoise: plannedSteps * stepWeight + Math.max(0, beginnings - 1) * before * unitBefore,
    decode: isRendered && hasClip ? own.decode * unitAfter : 0,
    upscale: (estimate && upscale.seconds) ?? own.upscale * upscale.passes * (stepWeight * (2 / calls)),
    'encode-video': own['encode-video'] * unitAfter,
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((before, value) => before + value, 0);
}
