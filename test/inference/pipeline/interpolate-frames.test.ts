import { expect, it } from 'vitest';
import { JobCancelledError } from '../../../src/errors.ts';
import { openInterpolator } from '../../../src/inference/pipeline/interpolate-frames.ts';
import { panningClip, psnr } from '../../media/clips.ts';
import { wavePicture } from '../../support/moving-pictures.ts';

const size = { width: 96, height: 64 };
const rife = await openInterpolator('models/rife', { provider: 'cpu', threads: 2 });

/** Waves that move by so many pixels a frame. */
const moving = (count: number, step: number) => ({
  ...size,
  frames: Array.from({ length: count }, (_, index) => wavePicture(size.width, size.height, index * step)),
});

/** One colour everywhere. */
const flat = (level: number) => new Uint8Array(size.width * size.height * 3).fill(level);

it('computes the frames in between, and keeps those that are there', async () => {
  const clip = moving(3, 4);
  const seen: number[][] = [];
  const onFrame = (...news: number[]) => void seen.push(news);
  const { frames } = await rife.interpolate(clip, { fps: 7, toFps: 14, onFrame });
  expect(frames).toHaveLength(5);
  expect([frames[0], frames[2], frames[4]].map((frame, index) => frame === clip.frames[index])).toEqual([
    true,
    true,
    true,
  ]);
  for (const place of [1, 3]) {
    const expected = wavePicture(size.width, size.height, place * 2);
    const [before, after] = [clip.frames[(place - 1) / 2]!, clip.frames[(place + 1) / 2]!];
    const mean = before.map((value, at) => (value + after[at]!) / 2);
    expect(psnr(frames[place]!, expected)).toBeGreaterThan(psnr(mean, expected) + 10);
  }
  expect(seen).toEqual([
    [2, 5],
    [4, 5],
  ]);
});

it.each([
  { fps: 7, toFps: 24, count: 3, expected: 7 },
  { fps: 6, toFps: 24, count: 2, expected: 5 },
  { fps: 24, toFps: 24, count: 3, expected: 3 },
  { fps: 7, toFps: 24, count: 1, expected: 1 },
])('makes $expected frames of $count at $toFps instead of $fps per second', async ({ fps, toFps, count, expected }) => {
  const frames = Array.from({ length: count }, () => flat(90));
  const made = await rife.interpolate({ ...size, frames }, { fps, toFps });
  expect(made.frames).toHaveLength(expected);
});

it('shows the nearer frame at a hard cut instead of a blend, and says nothing of cuts in motion', async () => {
  const before = wavePicture(size.width, size.height, 0);
  const after = panningClip(size.width, size.height, { count: 1 }).frames[0]!;
  const { frames } = await rife.interpolate({ ...size, frames: [before, after] }, { fps: 6, toFps: 24 });
  expect(frames.map((frame) => (frame === before ? 'before' : frame === after ? 'after' : 'blend'))).toEqual([
    'before',
    'before',
    'before',
    'after',
    'after',
  ]);
  const { frames: moved } = await rife.interpolate(moving(2, 4), { fps: 6, toFps: 12 });
  expect(moved[1]).not.toEqual(moved[0]);
  expect(moved[1]).not.toEqual(moved[2]);
});

it.each([
  ['the same', 120, 120],
  ['a little lighter', 100, 130],
  ['black to dark', 0, 24],
])('leaves no ghosts on flat frames: %s', async (_, from, to) => {
  const { frames } = await rife.interpolate({ ...size, frames: [flat(from), flat(to)] }, { fps: 6, toFps: 18 });
  for (const frame of frames) {
    const [least, most] = frame.reduce(([low, high], level) => [Math.min(low, level), Math.max(high, level)], [
      255, 0,
    ] as [number, number]);
    expect(most - least).toBeLessThanOrEqual(1);
    expect(least).toBeGreaterThanOrEqual(from - 1);
    expect(most).toBeLessThanOrEqual(to + 1);
  }
});

it('stops between two frames when it is cancelled', async () => {
  const abort = new AbortController();
  let done = 0;
  const onFrame = () => {
    done++;
    abort.abort(new JobCancelledError());
  };
  const run = rife.interpolate(moving(4, 3), { fps: 6, toFps: 24, signal: abort.signal, onFrame });
  await expect(run).rejects.toBeInstanceOf(JobCancelledError);
  expect(done).toBe(1);
});
