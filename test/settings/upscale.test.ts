import { describe, expect, it } from 'vitest';
import { expectUpscale, planUpscale } from '../../src/settings/upscale.ts';

describe('planUpscale', () => {
  it('uses no network where none was asked for, however small the frames are', () => {
    expect(planUpscale({ width: 1024, height: 576, frames: 25 })).toEqual({
      byNetwork: 1,
      factor: 1,
      pixels: 0,
    });
    expect(planUpscale({ width: 64, height: 48, frames: 4 })).toEqual({ byNetwork: 1, factor: 6, pixels: 0 });
  });

  it.each([
    ['2', 2, 1],
    ['4', 4, 5],
  ] as const)('makes SVD’s own size %s times as large', (upscale, factor, passes) => {
    const plan = planUpscale({ width: 1024, height: 576, frames: 25, upscale });
    expect(plan).toEqual({ byNetwork: factor, factor, upscale, pixels: 25 * 1024 * 576 * passes });
  });

  it('leaves to Lanczos what is no power of two', () => {
    const plan = planUpscale({ width: 96, height: 96, frames: 2, upscale: '2' });
    expect(plan).toMatchObject({ byNetwork: 4, factor: 6, upscale: '2' });
  });

  it('does half as much, or nothing, where frames would not play or not fit into memory', () => {
    const asked = { upscale: '4' } as const;
    expect(planUpscale({ width: 2048, height: 576, frames: 2, ...asked }).upscale).toBe('2');
    expect(planUpscale({ width: 1024, height: 576, frames: 100, ...asked }).upscale).toBe('2');
    const settings = { width: 1024, height: 576, numFrames: 25, fps: 7 };
    expect(expectUpscale(settings, asked).upscale).toBe('4');
    expect(expectUpscale(settings, { ...asked, smooth: true }).upscale).toBe('2');
    expect(expectUpscale(settings, { ...asked, interpolate: 2 }).upscale).toBe('2');
    expect(planUpscale({ width: 1024, height: 576, frames: 400, ...asked })).toEqual({
      byNetwork: 1,
      factor: 1,
      pixels: 0,
    });
  });

  it('never holds more than 1 GiB of enlarged frames', () => {
    for (const frames of [1, 14, 25, 60, 120, 400]) {
      for (const width of [64, 256, 512, 1024, 2048]) {
        const { byNetwork } = planUpscale({ width, height: width, frames, upscale: '4' });
        if (byNetwork > 1) expect(frames * width * width * 3 * byNetwork ** 2).toBeLessThanOrEqual(2 ** 30);
      }
    }
  });
});
