import type { WorkerFacts } from './protocol.ts';

/**
 * What a worker must have in common with the bot, so that its clips are those that the bot promises. Of styles it may have
 * some or none: it gets the jobs that it can make.
 */
export type WorkerNeeds = Pick<WorkerFacts, 'model' | 'fingerprint' | 'frames' | 'safety' | 'styles' | 'kinora'>;

/** Why a worker is given no job, in English, for the operator; undefined where it is. */
export function whyUnfit(facts: WorkerNeeds, needs: WorkerNeeds): string | undefined {
  if (facts.frames !== needs.frames) {
    return `Kinora ${facts.kinora} makes other frames than the bot's Kinora ${needs.kinora}: install the same version`;
  }
  if (facts.fingerprint !== needs.fingerprint) {
    return `its model or LoRAs (${facts.model}) are not those of the bot (${needs.model}): copy MODEL_DIR and LORAS from the bot`;
  }
  if (facts.safety !== needs.safety) {
    return 'NSFW_MODEL_DIR and NSFW_THRESHOLD_PERCENT must be as the bot has them';
  }
  return undefined;
}
