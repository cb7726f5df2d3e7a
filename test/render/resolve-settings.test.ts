import { describe, expect, it } from 'vitest';
import type { ImageToVideoSettings } from '../../src/inference/pipeline/types.ts';
import { resolveSettings } from '../../src/render/resolve-settings.ts';
import { fakeInfo } from './fixtures/fake-tools.ts';

const drawSeed = () => 42;

describe('resolveSettings', () => {
  it("overlays the model's defaults with what was asked for", () => {
    const settings = resolveSettings(fakeInfo, { fps: 12, sampler: 'euler-ancestral' }, drawSeed);
    expect(settings).toEqual({ ...fakeInfo.defaults, fps: 12, sampler: 'euler-ancestral', seed: 42 });
    expect(resolveSettings(fakeInfo, { seed: 0 }, drawSeed).seed).toBe(0);
  });

  it('lets defaults give way to what was asked for', () => {
    expect(resolveSettings(fakeInfo, { numFrames: 2 }, drawSeed).decodeChunkSize).toBe(2);
    expect(resolveSettings(fakeInfo, { minGuidanceScale: 5 }, drawSeed).maxGuidanceScale).toBe(5);
    expect(resolveSettings(fakeInfo, { maxGuidanceScale: 0.5 }, drawSeed).minGuidanceScale).toBe(0.5);
  });

  it.each<[Partial<ImageToVideoSettings>, Record<string, unknown>]>([
    [{ width: 1024 }, { setting: 'width', min: 16, max: 512 }],
    [{ height: 8 }, { setting: 'height', min: 16, max: 512 }],
    [{ numFrames: 26 }, { setting: 'numFrames', min: 1, max: 25 }],
    [{ numInferenceSteps: 0 }, { setting: 'numInferenceSteps', min: 1, max: 100 }],
    [{ fps: 7.5 }, { setting: 'fps', value: 7.5 }],
    [{ motionBucketId: 256 }, { setting: 'motionBucketId' }],
    [{ noiseAugStrength: Number.NaN }, { setting: 'noiseAugStrength' }],
    [{ seed: 2 ** 32 }, { setting: 'seed', max: 2 ** 32 - 1 }],
    [{ seed: -1 }, { setting: 'seed' }],
  ])('refuses %o with the limits', (wish, details) => {
    const resolve = () => resolveSettings(fakeInfo, wish, drawSeed);
    expect(resolve).toThrow(expect.objectContaining({ code: 'setting-out-of-range' }));
    expect(resolve).toThrow(expect.objectContaining({ details: expect.objectContaining(details) }));
  });

  it("refuses sizes between the model's steps", () => {
    expect(() => resolveSettings(fakeInfo, { width: 100 }, drawSeed)).toThrow(
      expect.objectContaining({ code: 'setting-size-step', details: { setting: 'width', step: 8, value: 100 } }),
    );
  });
});
