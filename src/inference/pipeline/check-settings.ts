import { UserError } from '../../errors.ts';
import { checkSampler, samplerNames, scheduleNames } from '../schedulers/scheduler.ts';
import type { ImageToVideoSettings, ModelInfo } from './types.ts';

const maxFrames = 1000;

/** More noise than any model was trained on. */
const maxSigma = 100_000;

/**
 * Holds settings against what any Stable Video Diffusion model and the samplers can do.
 * @throws UserError `settings-invalid` or `settings-invalid-name`, naming the setting, what it may be and the value;
 * what `checkSampler` refuses
 */
export function checkSettings(settings: ImageToVideoSettings, { limits }: ModelInfo): void {
  const size = { from: limits.minSize, to: limits.maxSize, multipleOf: limits.sizeStep };
  const whole = { multipleOf: 1 };
  check('width', settings.width, size);
  check('height', settings.height, size);
  check('frames', settings.numFrames, { from: 1, to: maxFrames, ...whole });
  check('steps', settings.numInferenceSteps, { from: 1, to: limits.maxSteps, ...whole });
  check('guidance-min', settings.minGuidanceScale, { from: 0, to: 100 });
  check('guidance-max', settings.maxGuidanceScale, { from: 0, to: 100 });
  check('fps', settings.fps, { from: 1, to: 120, ...whole });
  // Trained were 1 to 255; diffusers takes any.
  check('motion', settings.motionBucketId, { from: 0, to: Number.MAX_SAFE_INTEGER, ...whole });
  check('noise', settings.noiseAugStrength, { from: 0, to: 10 });
  check('decode-chunk', settings.decodeChunkSize, { from: 1, to: maxFrames, ...whole });
  check('seed', settings.seed, { from: 0, to: 2 ** 32 - 1, ...whole });
  checkName('sampler', settings.sampler, samplerNames);
  checkName('schedule', settings.schedule, scheduleNames);
  if (settings.guidanceInterval !== undefined) {
    const [low, high] = settings.guidanceInterval;
    check('guidance-interval', low, { from: 0, to: maxSigma });
    check('guidance-interval', high, { from: low, to: maxSigma });
  }
  if (settings.stepCache !== undefined) check('step-cache', settings.stepCache, { from: 1, to: 100, ...whole });
  checkSampler(settings);
}

interface Range {
  from: number;
  to: number;
  multipleOf?: number;
}

function check(setting: string, value: number, { from, to, multipleOf }: Range): void {
  const fits = value >= from && value <= to && (multipleOf === undefined || value % multipleOf === 0);
  if (fits) return;
  const kind =
    multipleOf === undefined ? 'a number' : multipleOf === 1 ? 'a whole number' : `a multiple of ${multipleOf}`;
  throw new UserError('settings-invalid', `${setting} must be ${kind} from ${from} to ${to}, not ${value}.`, {
    details: { setting, value, from, to, multipleOf: multipleOf ?? 0 },
  });
}

function checkName(setting: string, value: string, names: readonly string[]): void {
  if (names.includes(value)) return;
  throw new UserError('settings-invalid-name', `${setting} must be one of ${names.join(', ')}, not ${value}.`, {
    details: { setting, value, names: names.join(', ') },
  });
}
