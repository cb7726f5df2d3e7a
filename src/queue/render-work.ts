import { variationSteps } from '../settings/variations.ts';
import type { Estimate } from '../storage/estimate-store.ts';
import type { BetweenRequest, JobSettings, ModelCapabilities } from '../storage/job.ts';

/** What of a job says how long it takes. */
export interface EstimatedJob extends BetweenRequest {
  settings: JobSettings;
}

/** What is rendered for a job, all of it in parts of a whole clip's. */
interface RenderWork {
  /** How often everything before the first denoising step is done. */
  beginnings: number;
  steps: number;
  /** Denoising steps that were done for an earlier job. */
  stepsBefore: number;
  /** Whether a clip comes of it: frames are decoded, and made a file. */
  hasClip: boolean;
}

/** What is to be done for a job. */
export function workOf(
  { settings, form, parent }: EstimatedJob,
  { defaults }: Pick<ModelCapabilities, 'defaults'>,
): RenderWork {
  const all = { ...defaults, ...settings };
  const { variations } = form ?? {};
  const shown = variationSteps(all);
  const steps = all.numInferenceSteps;
  // Kept frames in another form: nothing is rendered.
  if (parent?.use === 'reencode') return { beginnings: 0, steps: 0, stepsBefore: 0, hasClip: true };
  if (variations !== undefined) {
    return { beginnings: variations, steps: variations * shown, stepsBefore: 0, hasClip: false };
  }
  const stepsBefore = parent?.variation === undefined ? 0 : shown;
  return { beginnings: 1, steps: steps - stepsBefore, stepsBefore, hasClip: true };
}

/** Seconds that a job takes, but for its enlargement by a network. */
export function renderSeconds(
  job: EstimatedJob,
  { secondsBefore, secondsPerStep, secondsAfter }: Estimate,
  model: Pick<ModelCapabilities, 'defaults'>,
): number {
  const { beginnings, steps, hasClip } = workOf(job, model);
  return beginnings * secondsBefore + steps * secondsPerStep + (hasClip ? secondsAfter : 0);
}

/** What people read before they decide; undefined where nothing was measured. */
export interface ExpectedTimes {
  /** Of such a job as a seamless loop. */
  seamless(job: EstimatedJob): number | undefined;
  /** Of variations until they are shown. */
  variations(job: EstimatedJob): number | undefined;
  /** Of a pick of such variations. */
  pick(job: EstimatedJob): number | undefined;
}

/** What {@link expectedTimes} works with. */
interface ExpectedTimesOptions {
  estimates: {
    of(job: EstimatedJob): Estimate | undefined;
    upscaleSeconds(job: EstimatedJob): number | undefined;
  };
  model: Pick<ModelCapabilities, 'defaults'>;
}

/** Times from what was measured. */
export function expectedTimes({ estimates, model }: ExpectedTimesOptions): ExpectedTimes {
  const secondsOf = (job: EstimatedJob) => {
    const estimate = estimates.of(job);
    return estimate && renderSeconds(job, estimate, model);
  };
  return {
    seamless: ({ settings, form }) => secondsOf({ settings, form: { ...form, loop: 'seamless' } }),
    variations: (job) => secondsOf(job),
    pick({ form: { variations: of = 1, ...form } = {}, ...job }) {
      const pick: EstimatedJob = { ...job, form, parent: { id: '', use: 'render', variation: { number: 1, of } } };
      const [seconds, upscale] = [secondsOf(pick), estimates.upscaleSeconds(pick)];
      return seconds === undefined || upscale === undefined ? undefined : seconds + upscale;
    },
  };
}
