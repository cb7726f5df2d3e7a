import { checkSettings } from '../inference/pipeline/check-settings.ts';
import type { ImageToVideoSettings, ModelInfo } from '../inference/pipeline/types.ts';

/**
 * The model's defaults, overlaid with what was asked for; a seed left out is taken from `drawSeed`.
 * Defaults give way to a requested that they contradict: a chunk larger than the frames asked for, a highest guidance
 * below the lowest that was asked for, and the other way round.
 * @throws UserError a setting is outside what the model can do
 */
export function resolveSettings(
  info: ModelInfo,
  requested: Partial<ImageToVideoSettings>,
  drawSeed: () => number,
): ImageToVideoSettings {
  const settings = { ...info.defaults, ...requested, seed: requested.seed ?? drawSeed() };
  if (requested.decodeChunkSize === undefined) {
    // diffusers decodes all frames together, also where more are asked for than the model was trained for.
    const isAll = info.defaults.decodeChunkSize >= info.defaults.numFrames;
    settings.decodeChunkSize = isAll ? settings.numFrames : Math.min(settings.decodeChunkSize, settings.numFrames);
  }
  if (requested.maxGuidanceScale === undefined) {
    settings.maxGuidanceScale = Math.max(settings.maxGuidanceScale, settings.minGuidanceScale);
  }
  if (requested.minGuidanceScale === undefined) {
    settings.minGuidanceScale = Math.min(settings.minGuidanceScale, settings.maxGuidanceScale);
  }
  checkSettings(settings, info);
  return settings;
}
