import { UserError } from '../errors.ts';
import type { ImageToVideoSettings, ModelInfo } from '../inference/pipeline/types.ts';

type NumericSetting = {
  [Name in keyof ImageToVideoSettings]: ImageToVideoSettings[Name] extends number ? Name : never;
}[keyof ImageToVideoSettings];

interface Range {
  min: number;
  max: number;
  /** Fractions are allowed. */
  fraction?: true;
}

/** What every setting may be for this model; the command line and the doors may offer less, never more. */
export function settingRanges({ limits }: ModelInfo): Record<NumericSetting, Range> {
  const size = { min: limits.minSize, max: limits.maxSize };
  return {
    width: size,
    height: size,
    numFrames: { min: 1, max: limits.maxFrames },
    numInferenceSteps: { min: 1, max: limits.maxSteps },
    minGuidanceScale: { min: 0, max: 30, fraction: true },
    maxGuidanceScale: { min: 0, max: 30, fraction: true },
    fps: { min: 1, max: 60 },
    motionBucketId: { min: 1, max: 255 },
    noiseAugStrength: { min: 0, max: 10, fraction: true },
    decodeChunkSize: { min: 1, max: limits.maxFrames },
    seed: { min: 0, max: 2 ** 32 - 1 },
  };
}

/**
 * The model's defaults, overlaid with what was asked for; a seed left out is taken from `drawSeed`.
 * Values that only follow from another wish give way to it: a default chunk larger than the frames asked for, a
 * default highest guidance below the lowest that was asked for, and the other way round.
 * @throws UserError the first setting that this model does not allow; `details` name it and its limits
 */
export function resolveSettings(
  info: ModelInfo,
  wish: Partial<ImageToVideoSettings>,
  drawSeed: () => number,
): ImageToVideoSettings {
  const settings = { ...info.defaults, ...wish, seed: wish.seed ?? drawSeed() };
  if (wish.decodeChunkSize === undefined) {
    settings.decodeChunkSize = Math.min(settings.decodeChunkSize, settings.numFrames);
  }
  if (wish.maxGuidanceScale === undefined) {
    settings.maxGuidanceScale = Math.max(settings.maxGuidanceScale, settings.minGuidanceScale);
  }
  if (wish.minGuidanceScale === undefined) {
    settings.minGuidanceScale = Math.min(settings.minGuidanceScale, settings.maxGuidanceScale);
  }
  checkRanges(info, settings);
  return settings;
}

function checkRanges(info: ModelInfo, settings: ImageToVideoSettings): void {
  const ranges = settingRanges(info);
  for (const [name, range] of Object.entries(ranges) as [NumericSetting, Range][]) {
    const value = settings[name];
    if (value >= range.min && value <= range.max && (range.fraction || Number.isInteger(value))) continue;
    throw new UserError(
      'setting-out-of-range',
      `${name} must be a ${range.fraction ? '' : 'whole '}number from ${range.min} to ${range.max} for ${info.name}; it is ${value}.`,
      { details: { setting: name, min: range.min, max: range.max, value } },
    );
  }
  const { sizeStep } = info.limits;
  for (const name of ['width', 'height'] as const) {
    if (settings[name] % sizeStep === 0) continue;
    throw new UserError(
      'setting-size-step',
      `${name} must be a multiple of ${sizeStep} for ${info.name}; it is ${settings[name]}.`,
      { details: { setting: name, step: sizeStep, value: settings[name] } },
    );
  }
}
