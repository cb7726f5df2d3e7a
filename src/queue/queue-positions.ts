import type { Estimate } from '../storage/estimate-store.ts';
import type { ModelCapabilities } from '../storage/job.ts';
import { type EstimatedJob, totalSeconds } from './estimates.ts';
import type { QueuePosition } from './job-listener.ts';

/** What the places of waiting jobs follow from. */
export interface PositionsInput {
  /** In the order in which they will run. */
  waiting: readonly EstimatedJob[];
  /** When each running job is expected to end (ms since 1970); undefined entries are unknown. */
  runningEndsAtMs: readonly (number | undefined)[];
  concurrency: number;
  nowMs: number;
  estimateOf: (job: EstimatedJob) => Estimate | undefined;
  model: ModelCapabilities;
}

/** The place of every waiting job, in order: each takes the renderer that is free first. */
export function positionsOf({
  waiting,
  runningEndsAtMs,
  concurrency,
  nowMs,
  estimateOf,
  model,
}: PositionsInput): QueuePosition[] {
  // One entry per renderer: when it is free. An unknown end makes all that follows it unknown (NaN spreads).
  const freeAt = runningEndsAtMs.map((endsAtMs) => (endsAtMs === undefined ? Number.NaN : Math.max(endsAtMs, nowMs)));
  while (freeAt.length < concurrency) freeAt.push(nowMs);
  return waiting.map((job, index) => {
    const startsAtMs = freeAt.some(Number.isNaN) ? Number.NaN : Math.min(...freeAt);
    const estimate = estimateOf(job);
    const steps = job.settings.numInferenceSteps ?? model.defaults.numInferenceSteps;
    // Kept frames in another form: nothing is rendered.
    const seconds = job.parent?.use === 'reencode' ? estimate?.secondsAfter : estimate && totalSeconds(estimate, steps);
    const endsAtMs = seconds === undefined ? Number.NaN : startsAtMs + seconds * 1000;
    const first = Number.isNaN(startsAtMs) ? freeAt.findIndex(Number.isNaN) : freeAt.indexOf(startsAtMs);
    freeAt[first] = endsAtMs;
    return { position: index + 1, waiting: waiting.length, startsAtMs: known(startsAtMs), endsAtMs: known(endsAtMs) };
  });
}

function known(timeMs: number): number | undefined {
  return Number.isNaN(timeMs) ? undefined : timeMs;
}
