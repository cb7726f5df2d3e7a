import type { Estimate } from '../storage/estimate-store.ts';
import type { ModelCapabilities } from '../storage/job.ts';
import type { Estimates } from './estimates.ts';
import type { QueuePosition } from './job-listener.ts';
import { type EstimatedJob, renderSeconds } from './render-work.ts';
import type { LaneOverview } from './types.ts';

/** What the places of waiting jobs follow from. */
export interface PositionsInput {
  /** In the order in which they will run. */
  waiting: readonly EstimatedJob[];
  /** When each running job is expected to end (ms since 1970); undefined entries are unknown. */
  runningEndsAtMs: readonly (number | undefined)[];
  /** Who does each of them, in the same order; default: nobody knows. */
  runningAt?: readonly (string | undefined)[];
  /** Who has nothing to do. */
  idle?: readonly string[];
  concurrency: number;
  nowMs: number;
  estimateOf: (job: EstimatedJob, worker?: string) => Estimate | undefined;
  /** What its enlargement takes; undefined: nobody knows. */
  upscaleSecondsOf: (job: EstimatedJob) => number | undefined;
  model: ModelCapabilities;
}

/** What the places in a lane follow from besides its jobs. */
export interface LanePositions extends Pick<PositionsInput, 'model' | 'nowMs'> {
  lane: Pick<LaneOverview, 'workers' | 'runningAt' | 'idle'>;
  runningEndsAtMs: PositionsInput['runningEndsAtMs'];
  estimates: Pick<Estimates, 'of' | 'upscaleSeconds'>;
  isHostPaused: boolean;
  /** Nobody can make it who is there. */
  isStranded: (job: EstimatedJob) => boolean;
}

/** {@link positionsOf} for jobs that wait in a lane, or would. */
export function positionsInLane(
  waiting: readonly EstimatedJob[],
  { lane, runningEndsAtMs, estimates, isHostPaused, isStranded, model, nowMs }: LanePositions,
): QueuePosition[] {
  const going = waiting.filter((job) => !isStranded(job));
  const found = positionsOf({
    ...lane,
    waiting: going,
    concurrency: Math.max(1, lane.workers),
    model,
    runningEndsAtMs,
    nowMs,
    estimateOf: estimates.of,
    upscaleSecondsOf: estimates.upscaleSeconds,
  });
  const waits = { waiting: waiting.length, startsAtMs: undefined, endsAtMs: undefined, isHostPaused: true } as const;
  let [next, position] = [0, going.length];
  const places = waiting.map((job): QueuePosition => {
    // Behind all that can be made.
    if (isStranded(job)) return { ...waits, position: ++position };
    return { ...found[next++]!, waiting: waiting.length };
  });
  return isHostPaused ? places.map((place) => ({ ...place, isHostPaused: true })) : places;
}

/** The place of every waiting job, in order: each takes the renderer that is free first. */
export function positionsOf({
  waiting,
  runningEndsAtMs,
  runningAt = [],
  idle = [],
  concurrency,
  nowMs,
  estimateOf,
  upscaleSecondsOf,
  model,
}: PositionsInput): QueuePosition[] {
  // When each renderer is free, soonest first. An unknown end makes all that follows it unknown.
  const free = runningEndsAtMs.map((endsAtMs, index): Slot => {
    return { atMs: Math.max(endsAtMs ?? nowMs, nowMs), worker: runningAt[index] };
  });
  for (let next = 0; free.length < concurrency; next++) free.push({ atMs: nowMs, worker: idle[next] });
  free.sort((a, b) => a.atMs - b.atMs);
  let isKnown = !runningEndsAtMs.includes(undefined);
  return waiting.map((job, index) => {
    const place = { position: index + 1, waiting: waiting.length };
    if (!isKnown) return { ...place, startsAtMs: undefined, endsAtMs: undefined };
    const { atMs: startsAtMs, worker } = free.shift()!;
    const estimate = estimateOf(job, worker);
    const plain = estimate && renderSeconds(job, estimate, model);
    const upscaleSeconds = upscaleSecondsOf(job);
    const seconds = plain === undefined || upscaleSeconds === undefined ? undefined : plain + upscaleSeconds;
    isKnown = seconds !== undefined;
    if (seconds === undefined) return { ...place, startsAtMs, endsAtMs: undefined };
    const endsAtMs = startsAtMs + seconds * 1000;
    free.splice(firstAfter(free, endsAtMs), 0, { atMs: endsAtMs, worker });
    return { ...place, startsAtMs, endsAtMs };
  });
}

/** A renderer: when it is free, and which one it is, where that is known. */
interface Slot {
  atMs: number;
  worker: string | undefined;
}

/** Where `value` belongs among slots in the order of their times. */
function firstAfter(slots: readonly Slot[], value: number): number {
  let [low, high] = [0, slots.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (slots[middle]!.atMs <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}
