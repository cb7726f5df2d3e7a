import { describe, expect, it } from 'vitest';
import type { ImageToVideoSettings } from '../../src/inference/pipeline/types.ts';
import { resolveSettings } from '../../src/worker/resolve-settings.ts';
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

  it('decodes all frames together where the model proposes that, however many are asked for', () => {
    const all = { ...fakeInfo, defaults: { ...fakeInfo.defaults, numFrames: 25, decodeChunkSize: 25 } };
    const few = { ...fakeInfo, defaults: { ...fakeInfo.defaults, numFrames: 25, decodeChunkSize: 8 } };
    expect(resolveSettings(all, { numFrames: 30 }, drawSeed).decodeChunkSize).toBe(30);
    expect(resolveSettings(all, { numFrames: 30, decodeChunkSize: 4 }, drawSeed).decodeChunkSize).toBe(4);
    expect(resolveSettings(few, { numFrames: 30 }, drawSeed).decodeChunkSize).toBe(8);
    expect(resolveSettings(few, { numFrames: 5 }, drawSeed).decodeChunkSize).toBe(5);
  });

  it.each<[Partial<ImageToVideoSettings>, string]>([
    [{ width: 100 }, 'width'],
    [{ height: 8 }, 'height'],
    [{ fps: 7.5 }, 'fps'],
    [{ seed: 2 ** 32 }, 'seed'],
    // Not the guidance of the first frame, which would have been lowered with it.
    [{ maxGuidanceScale: -1 }, 'guidance-max'],
    [{ minGuidanceScale: 101 }, 'guidance-min'],
  ])('refuses %o, naming the setting', (requested, setting) => {
    expect(() => resolveSettings(fakeInfo, requested, drawSeed)).toThrow(
      expect.objectContaining({ name: 'UserError', details: expect.objectContaining({ setting }) }),
    );
  });
});
