import { describe, expect, it } from 'vitest';
import { loopFrames } from '../../src/media/finish-clip.ts';
import type { RgbFrames } from '../../src/util/rgb.ts';

/** Clips of one grey pixel a frame. */
const clip = (...values: number[]): RgbFrames => ({
  width: 1,
  height: 1,
  frames: values.map((value) => Uint8Array.of(value, value, value)),
});
const greys = ({ frames }: RgbFrames): number[] => frames.map((frame) => frame[0]!);

describe('loopFrames', () => {
  it('none changes nothing', () => {
    const original = clip(1, 2, 3);
    expect(loopFrames(original, 'none')).toBe(original);
  });

  it('ping-pong goes back without showing an end twice', () => {
    expect(greys(loopFrames(clip(1, 2, 3, 4), 'ping-pong'))).toEqual([1, 2, 3, 4, 3, 2]);
    expect(greys(loopFrames(clip(1, 2), 'ping-pong'))).toEqual([1, 2]);
    expect(greys(loopFrames(clip(1), 'ping-pong'))).toEqual([1]);
  });

  it('crossfade leads the end over into the beginning', () => {
    const looped = loopFrames(clip(0, 30, 60, 90, 120, 150, 180, 210), 'crossfade');
    // Two of eight frames melt: 180 → 0 at a third, 210 → 30 at two thirds; then comes 60, the first.
    expect(greys(looped)).toEqual([60, 90, 120, 150, 120, 90]);
  });

  it('crossfade leaves every pixel of a still picture as it is', () => {
    expect(new Set(greys(loopFrames(clip(...Array.from({ length: 25 }, () => 77)), 'crossfade')))).toEqual(
      new Set([77]),
    );
  });

  it('crossfade takes the shortest clips', () => {
    expect(greys(loopFrames(clip(10, 20), 'crossfade'))).toEqual([15]);
    expect(greys(loopFrames(clip(10, 20, 30), 'crossfade'))).toEqual([20, 20]);
    expect(greys(loopFrames(clip(10), 'crossfade'))).toEqual([10]);
  });

  it('does not touch the frames it was given', () => {
    const original = clip(0, 100, 200, 250);
    loopFrames(original, 'crossfade');
    loopFrames(original, 'ping-pong');
    expect(greys(original)).toEqual([0, 100, 200, 250]);
  });
});
