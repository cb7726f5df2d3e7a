import type { Clip } from '../queue/job-listener.ts';
import type { EstimatedJob, ExpectedTimes } from '../queue/render-work.ts';
import { variationCost, variationSeeds } from '../settings/variations.ts';
import { clipCountOf, isRenderedBetween, type Job } from '../storage/job.ts';
import { variationsKeptMs } from '../storage/variations.ts';
import { roughDuration, variationRows } from './clip-rows.ts';
import type { Messages } from './languages/messages.ts';
import type { Reply } from './message-sender.ts';

/** What so many variations cost, before anybody decides. Without `times` nobody knows how long they take. */
export function costOfVariations(job: EstimatedJob, count: number, times: ExpectedTimes | undefined) {
  const counted = { ...job, form: { ...job.form, variations: count } };
  const weight = isRenderedBetween(job) ? 2 : 1;
  const durationOf = (seconds: number | undefined) => (seconds === undefined ? undefined : roughDuration(seconds));
  return {
    count,
    clips: weight * variationCost(count, 0),
    duration: durationOf(times?.variations(counted)),
    clipsPerPick: weight * variationCost(0, 1),
    durationOfPick: durationOf(times?.pick(counted)),
    counted: clipCountOf(counted),
  };
}

/** What a waiting job of variations costs; empty for others. */
export function variationsLine(job: Job, { clip }: Messages, times: ExpectedTimes | undefined): string {
  const count = job.form?.variations;
  return count === undefined ? '' : clip.variations.cost(costOfVariations(job, count, times));
}

/** How variations are shown. */
interface VariationsViewOptions {
  messages: Messages;
  times: ExpectedTimes | undefined;
  /** When they are shown, in milliseconds since 1970. */
  nowMs: number;
}

/** Variations side by side, with a button for each. */
export function variationsView(job: Job, clip: Clip, { messages, times, nowMs }: VariationsViewOptions): Reply {
  const { variations: count = 1 } = clip.form;
  const { frames, fps, settings, bytes } = clip;
  const { caption, altText, refused } = messages.clip.variations;
  const until = `<t:${Math.floor((nowMs + variationsKeptMs) / 1000)}:R>`;
  const name = `kinora-${job.id}-variations-seed${settings.seed}.webp`;
  const description = altText({ count, seconds: frames / fps });
  const shown = caption({
    ...costOfVariations(job, count, times),
    seeds: variationSeeds(settings.seed, count).join(', '),
    until,
  });
  return {
    content: clip.refusedVariations === undefined ? shown : `${shown}\n${refused}`,
    components: variationRows(job, clip, messages),
    files: [{ name, data: bytes, contentType: 'image/webp', description }],
  };
}
