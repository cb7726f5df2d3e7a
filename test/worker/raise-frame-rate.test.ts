import { expect, it } from 'vitest';
import { InferenceError, JobCancelledError } from '../../src/errors.ts';
import type { FrameInterpolator } from '../../src/inference/pipeline/interpolate-frames.ts';
import { raiseFrameRate } from '../../src/worker/raise-frame-rate.ts';

const clip = { width: 4, height: 2, frames: Array.from({ length: 8 }, () => new Uint8Array(24)) };

/** An interpolator that notes what it was asked for. */
function noting(overrides: Partial<FrameInterpolator> = {}) {
  const rates: number[] = [];
  const interpolator: FrameInterpolator = {
    maxPixels: 100,
    async interpolate(given, { toFps }) {
      rates.push(toFps);
      return { ...given, frames: [...given.frames, ...given.frames] };
    },
    ...overrides,
  };
  return { interpolator, rates };
}

const options = { fps: 7, form: { smooth: true }, signal: undefined, log: () => {} } as const;

it.each([
  [{ smooth: true }, 7, 24],
  [{ smooth: false, interpolate: 2 }, 7, 14],
  [{ smooth: false, interpolate: 4 }, 7, 28],
  [{ smooth: true, interpolate: 4 }, 25, 60],
  [{ smooth: false, interpolate: 30 }, 7, 30],
] as const)('asks RIFE for the rate of %o at %i fps: %i', async (form, fps, expected) => {
  const { interpolator, rates } = noting();
  const raised = await raiseFrameRate(clip, { ...options, form, fps, interpolator });
  expect(rates).toEqual([expected]);
  expect(raised).toMatchObject({ fps: expected, interpolator: 'rife' });
  expect(raised.clip.frames).toHaveLength(16);
  expect(raised).not.toHaveProperty('toFps');
});

it('leaves a clip alone that asks for nothing, or is as fast already', async () => {
  const { interpolator, rates } = noting();
  for (const [form, fps] of [
    [{ smooth: false }, 7],
    [{ smooth: true }, 24],
    [{ smooth: false, interpolate: 12 }, 30],
    [{ smooth: false, interpolate: 60 }, 120],
  ] as const) {
    expect(await raiseFrameRate(clip, { ...options, form, fps, interpolator })).toEqual({ clip, fps });
  }
  expect(rates).toEqual([]);
});

const failing = noting({ interpolate: () => Promise.reject(new InferenceError('session-create', 'no memory')) });

it.each([
  ['RIFE is not there', undefined, 0],
  ['the frames are too large for it', noting({ maxPixels: 7 }).interpolator, 1],
  ['it fails', failing.interpolator, 1],
] as const)('takes ffmpeg’s filter and says so where %s', async (_, interpolator, notes) => {
  const logged: string[] = [];
  const log = (message: string) => void logged.push(message);
  const raised = await raiseFrameRate(clip, { ...options, interpolator, log });
  expect(raised).toEqual({ clip, fps: 7, toFps: 24, interpolator: 'minterpolate' });
  expect(logged).toHaveLength(notes);
});

it('stays cancelled instead of going on with ffmpeg', async () => {
  const { interpolator } = noting({ interpolate: () => Promise.reject(new JobCancelledError()) });
  await expect(raiseFrameRate(clip, { ...options, interpolator })).rejects.toBeInstanceOf(JobCancelledError);
});

it('does not fill memory with frames: of a long clip fewer are computed', async () => {
  const frame = new Uint8Array(1024 * 576 * 3);
  const long = { width: 1024, height: 576, frames: Array.from({ length: 400 }, () => frame) };
  const { interpolator, rates } = noting({ maxPixels: 1e6 });
  const { fps } = await raiseFrameRate(long, { ...options, interpolator });
  expect(rates).toEqual([15]);
  expect(fps).toBe(15);
});
