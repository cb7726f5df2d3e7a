import type { Estimate } from '../storage/estimate-store.ts';
import type { ModelCapabilities } from '../storage/job.ts';
import { type EstimatedJob, type Estimates, totalSeconds } from './estimates.ts';
import type { QueuePosition } from './job-listener.ts';
import type { LaneOverview } from './types.ts';

/** What the places of waiting jobs follow from. */
export interface PositionsInput {
  /** In the order in which they will run. */
  waiting: readonly EstimatedJob[];
  /** When each running job is expected to end (ms since 1970); undefined entries are unknown. */
  runningEndsAtMs: readonly (number | undefined)[];
  concurrency: number;
  nowMs: number;
  estimateOf: (job: EstimatedJob) => Estimate | undefined;
  /** What its enlargement takes; undefined: nobody knows. */
  upscaleSecondsOf: (job: EstimatedJob) => number | undefined;
  model: ModelCapabilities;
}

/** What the places in a lane follow from besides its jobs. */
export interface LanePositions extends Pick<PositionsInput, 'model' | 'nowMs'> {
  lane: Pick<LaneOverview, 'workers'>;
  runningEndsAtMs: PositionsInput['runningEndsAtMs'];
  estimates: Pick<Estimates, 'of' | 'upscaleSeconds'>;
  isHostPaused: boolean;
}

/** {@link positionsOf} for jobs that wait in a lane, or would. */
export function positionsInLane(
  waiting: readonly EstimatedJob[],
  { lane, runningEndsAtMs, estimates, isHostPaused, model, nowMs }: LanePositions,
): QueuePosition[] {
  const places = positionsOf({
    waiting,
    concurrency: Math.max(1, lane.workers),
    model,
    runningEndsAtMs,
    nowMs,
    estimateOf: estimates.of,
    upscaleSecondsOf: estimates.upscaleSeconds,
  });
  return isHostPaused ? places.map((place) => ({ ...place, isHostPaused: true })) : places;
}

/** The place of every waiting job, in order: each takes the renderer that is free first. */
export function positionsOf({
  waiting,
  runningEndsAtMs,
  concurrency,
  nowMs,
  estimateOf,
  upscaleSecondsOf,
  model,
}: PositionsInput): QueuePosition[] {
  // When each renderer is free, soonest first. An unknown end makes all that follows it unknown.
  const freeAt = runningEndsAtMs.map((endsAtMs) => Math.max(endsAtMs ?? nowMs, nowMs));
  while (freeAt.length < concurrency) freeAt.push(nowMs);
  freeAt.sort((a, b) => a - b);
  let isKnown = !runningEndsAtMs.includes(undefined);
  return waiting.map((job, index) => {
    const place = { position: index + 1, waiting: waiting.length };
    if (!isKnown) return { ...place, startsAtMs: undefined, endsAtMs: undefined };
    const startsAtMs = freeAt.shift()!;
    const estimate = estimateOf(job);
    const steps = job.settings.numInferenceSteps ?? model.defaults.numInferenceSteps;
    // Kept frames in another form: nothing is rendered.
    const plain = job.parent?.use === 'reencode' ? estimate?.secondsAfter : estimate && totalSeconds(estimate, steps);
    const upscaleSeconds = upscaleSecondsOf(job);
    const seconds = plain === undefined || upscaleSeconds === undefined ? undefined : plain + upscaleSeconds;
    isKnown = seconds !== undefined;
    if (seconds === undefined) return { ...place, startsAtMs, endsAtMs: undefined };
    const endsAtMs = startsAtMs + seconds * 1000;
    freeAt.splice(firstAfter(freeAt, endsAtMs), 0, endsAtMs);
    return { ...place, startsAtMs, endsAtMs };
  });
}

/** Where `value` belongs among ascending `values`. */
function firstAfter(values: readonly number[], value: number): number {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}
