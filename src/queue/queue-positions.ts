import type { Estimate } from '../storage/estimate-store.ts';
import type { ModelCapabilities } from '../storage/job.ts';
import type { QueuePosition } from './job-listener.ts';
import { type EstimatedJob, renderSeconds } from './render-work.ts';

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
    const plain = estimate && renderSeconds(job, estimate, model);
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
