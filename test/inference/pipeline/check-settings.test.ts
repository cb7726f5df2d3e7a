import { describe, expect, it } from 'vitest';
import { UserError } from '../../../src/errors.ts';
import { checkSettings } from '../../../src/inference/pipeline/model-info.ts';
import type { ImageToVideoSettings, ModelInfo } from '../../../src/inference/pipeline/types.ts';

const settings: ImageToVideoSettings = {
  width: 1024,
  height: 576,
  numFrames: 25,
  numInferenceSteps: 25,
  minGuidanceScale: 1,
  maxGuidanceScale: 3,
  fps: 7,
  motionBucketId: 127,
  noiseAugStrength: 0.02,
  decodeChunkSize: 8,
  seed: 7,
  sampler: 'euler',
  schedule: 'karras',
};
const { seed: _, ...defaults } = settings;
const info: ModelInfo = {
  name: 'test',
  defaults,
  limits: { sizeStep: 8, minSize: 64, maxSize: 2048, maxFrames: 25, maxSteps: 1000 },
};

/** The setting as people name it, its field, and its range; `step` is 1 for whole numbers. */
const ranges: [string, keyof ImageToVideoSettings, number, number, number?][] = [
  ['width', 'width', 64, 2048, 8],
  ['height', 'height', 64, 2048, 8],
  ['frames', 'numFrames', 1, 1000, 1],
  ['steps', 'numInferenceSteps', 1, 1000, 1],
  ['guidance-min', 'minGuidanceScale', 0, 100],
  ['guidance-max', 'maxGuidanceScale', 0, 100],
  ['fps', 'fps', 1, 120, 1],
  ['motion', 'motionBucketId', 0, Number.MAX_SAFE_INTEGER, 1],
  ['noise', 'noiseAugStrength', 0, 10],
  ['decode-chunk', 'decodeChunkSize', 1, 1000, 1],
  ['seed', 'seed', 0, 4_294_967_295, 1],
];

describe.each(ranges)('%s', (setting, field, from, to, step) => {
  it('takes the ends of its range', () => {
    expect(() => checkSettings({ ...settings, [field]: from }, info)).not.toThrow();
    expect(() => checkSettings({ ...settings, [field]: to }, info)).not.toThrow();
  });

  const outside = [from - (step ?? 0.001), to + (step ?? 0.001), -1e9, Number.NaN, Number.POSITIVE_INFINITY];
  it.each(step === undefined ? outside : [...outside, from + step / 2])('refuses %d, saying what it takes', (value) => {
    const check = () => checkSettings({ ...settings, [field]: value }, info);
    expect(check).toThrow(UserError);
    expect(check).toThrow(
      expect.objectContaining({
        code: 'settings-invalid',
        details: { setting, value, from, to, multipleOf: step ?? 0 },
        message: expect.stringMatching(new RegExp(`^${setting} must be .* from ${from} to ${to}, not `)),
      }),
    );
  });
});

describe('settings that may be left out', () => {
  it.each([
    { guidanceInterval: [0, 100_000] },
    { guidanceInterval: [5, 5] },
    { deepCacheInterval: 1 },
    { deepCacheInterval: 100 },
  ] as const)('takes %j', (more) => {
    expect(() => checkSettings({ ...settings, ...more }, info)).not.toThrow();
  });

  it.each([
    [{ guidanceInterval: [-1, 5] }, 'guidance-interval must be a number from 0 to 100000, not -1.'],
    [{ guidanceInterval: [5, 4] }, 'guidance-interval must be a number from 5 to 100000, not 4.'],
    [{ deepCacheInterval: 0 }, 'deep-cache-interval must be a whole number from 1 to 100, not 0.'],
    [{ deepCacheInterval: 1.5 }, 'deep-cache-interval must be a whole number from 1 to 100, not 1.5.'],
  ] as const)('refuses %j', (more, message) => {
    expect(() => checkSettings({ ...settings, ...more }, info)).toThrow(message);
  });
});

it.each([
  ['sampler', 'ddim', 'euler, euler-ancestral-discrete, euler-ancestral, animate-lcm'],
  ['schedule', 'linear', 'karras, ays, model'],
] as const)('%s is one of the known names', (setting, value, names) => {
  // A name that came as text, from a command line or a message.
  const wrong = { ...settings, [setting]: value as never };
  expect(() => checkSettings(wrong, info)).toThrow(UserError);
  expect(() => checkSettings(wrong, info)).toThrow(
    expect.objectContaining({ code: 'settings-invalid-name', details: { setting, value, names } }),
  );
});
