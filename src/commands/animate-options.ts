import { randomInt } from 'node:crypto';
import type { ChatInputCommandInteraction } from 'discord.js';
import { UserError } from '../errors.ts';
import type { JobSettings, ModelFacts } from '../jobs/job.ts';

/** Seeds are those of `torch.manual_seed` that fit 32 bits. */
const seedCount = 2 ** 32;

/** The whole numbers that `/animate` takes, and their ranges. */
export function animateRanges(model: ModelFacts) {
  return {
    motion: { min: 1, max: 255 },
    seed: { min: 0, max: seedCount - 1 },
    steps: { min: 1, max: model.limits.maxSteps },
    fps: { min: 1, max: 30 },
  } as const satisfies Record<string, { min: number; max: number }>;
}

/**
 * The settings that a person typed; a seed left out is drawn here, so that a repeated job gives the same clip.
 *
 * @throws UserError `option-range`: Discord checks ranges too, but by the declaration it knew when the person typed
 */
export function readAnimateOptions(
  options: Pick<ChatInputCommandInteraction['options'], 'getInteger'>,
  model: ModelFacts,
): JobSettings {
  const ranges = animateRanges(model);
  const read = (option: keyof typeof ranges): number | undefined => {
    const value = options.getInteger(option);
    if (value === null) return undefined;
    const { min, max } = ranges[option];
    if (Number.isInteger(value) && value >= min && value <= max) return value;
    throw new UserError('option-range', `${option} must be from ${min} to ${max}.`, { details: { option, min, max } });
  };
  const [motion, steps, fps] = [read('motion'), read('steps'), read('fps')];
  return {
    seed: read('seed') ?? randomInt(seedCount),
    ...(motion !== undefined && { motionBucketId: motion }),
    ...(steps !== undefined && { numInferenceSteps: steps }),
    ...(fps !== undefined && { fps }),
  };
}
