import { presetNames, presets } from '../inference/pipeline/presets.ts';
import type { ModelInfo } from '../inference/pipeline/types.ts';
import type { ModelFacts } from '../jobs/job.ts';

/** A model as people in Discord may use it: with every recipe's settings, which follow from the model. */
export function modelFacts(info: ModelInfo): ModelFacts {
  return { ...info, presets: Object.fromEntries(presetNames.map((name) => [name, presets[name].settings(info)])) };
}
