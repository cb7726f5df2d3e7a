import { UserError } from '../../errors.ts';
import type { SamplerName, ScheduleName } from '../../settings/image-to-video.ts';
import { maxAnimateLcmSteps } from './animate-lcm.ts';

/** diffusers' schedulers number their steps within 1000. */
export const maxSteps = 1000;

/** What of a clip's settings decides about the sampler. */
export interface SamplerSettings {
  sampler: SamplerName;
  schedule: ScheduleName;
  numInferenceSteps: number;
}

/** Samplers that compute their noise levels themselves and cannot take those of Align Your Steps. */
const withoutAlignYourSteps: ReadonlySet<SamplerName> = new Set(['euler-ancestral-discrete', 'animate-lcm']);

/**
 * Refuses what a sampler cannot do, whatever the model: no config is read, so it can be asked before a job is queued.
 * @throws UserError `bad-steps` or `schedule-not-for-sampler`
 */
export function checkSampler({ sampler, schedule, numInferenceSteps: steps }: SamplerSettings): void {
  const most = sampler === 'animate-lcm' ? maxAnimateLcmSteps : maxSteps;
  if (!Number.isInteger(steps) || steps < 1 || steps > most) {
    throw new UserError('bad-steps', `steps must be from 1 to ${most} with the sampler ${sampler}, not ${steps}.`, {
      details: { sampler, steps, from: 1, to: most },
    });
  }
  if (schedule === 'ays' && withoutAlignYourSteps.has(sampler)) {
    throw new UserError('schedule-not-for-sampler', `schedule cannot be ${schedule} with the sampler ${sampler}.`, {
      details: { sampler, schedule },
    });
  }
}
