import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { JobCancelledError } from '../../../src/errors.ts';
import { type UpscaleOptions, upscaleFrames } from '../../../src/inference/pipeline/upscale-frames.ts';
import type { RgbFrames } from '../../../src/util/rgb.ts';

const folder = fileURLToPath(new URL('../../../models/upscale', import.meta.url));

function enlarge(clip: RgbFrames, options: Partial<UpscaleOptions> = {}): Promise<RgbFrames> {
  return upscaleFrames(clip, {
    factor: 2,
    network: 'photo',
    folder,
    session: { provider: 'cpu', threads: 2 },
    ...options,
  });
}

/** Edges, a ramp and grain. */
function textured(width: number, height: number): Uint8Array {
  let state = 1;
  return Uint8Array.from({ length: width * height * 3 }, (_, index) => {
    state = (state * 48271) % 2147483647;
    const x = Math.floor(index / 3) % width;
    const y = Math.floor(index / 3 / width);
    return Math.min(255, (x * 5) % 120) + (((x >> 3) + (y >> 3)) % 2) * 90 + (state % 40);
  });
}

const flat = (width: number, height: number, colour: readonly number[]) =>
  Uint8Array.from({ length: width * height * 3 }, (_, index) => colour[index % 3]!);

function channelMeans(data: Uint8Array): number[] {
  const sums = [0, 0, 0];
  for (const [index, value] of data.entries()) sums[index % 3]! += value;
  return sums.map((sum) => (sum * 3) / data.length);
}

describe('enlarging frames', () => {
  it.each([2, 4] as const)('by %i gives frames of so many times the sides', async (factor) => {
    const result = await enlarge({ width: 18, height: 10, frames: [textured(18, 10)] }, { factor });
    expect(result).toMatchObject({ width: 18 * factor, height: 10 * factor });
    expect(result.frames.map((frame) => frame.length)).toEqual([18 * factor * 10 * factor * 3]);
  });

  it('shows no seams: tiles give what the whole frame gives, within one grey level', async () => {
    const clip = { width: 61, height: 45, frames: [textured(61, 45)] };
    const whole = await enlarge(clip);
    const tiled = await enlarge(clip, { tile: 16 });
    const differences = whole.frames[0]!.map((value, index) => Math.abs(value - tiled.frames[0]![index]!));
    expect(Math.max(...differences)).toBeLessThanOrEqual(1);
  });

  it.each(['photo', 'drawing'])(
    'by the network for a %s leaves flat colours as they are, within half a grey level',
    async (network) => {
      const colours = [
        [255, 255, 255],
        [200, 200, 200],
        [128, 128, 128],
        [0, 0, 0],
        [0, 255, 0],
        [143, 211, 244],
        [246, 201, 160],
      ];
      for (const colour of colours) {
        const { frames } = await enlarge({ width: 12, height: 12, frames: [flat(12, 12, colour)] }, { network });
        for (const [channel, mean] of channelMeans(frames[0]!).entries()) {
          expect(Math.abs(mean - colour[channel]!), `${colour}`).toBeLessThan(0.5);
        }
      }
    },
  );

  it('keeps the mean of each colour of a picture with texture', async () => {
    const data = textured(40, 30);
    const { frames } = await enlarge({ width: 40, height: 30, frames: [data] });
    const before = channelMeans(data);
    for (const [channel, mean] of channelMeans(frames[0]!).entries())
      expect(Math.abs(mean - before[channel]!)).toBeLessThan(0.5);
  });

  it('enlarges a frame that is shown twice once, and tells of each', async () => {
    const first = textured(8, 8);
    const done: number[] = [];
    const { frames } = await enlarge(
      { width: 8, height: 8, frames: [first, flat(8, 8, [9, 9, 9]), first] },
      { onFrame: (count) => done.push(count) },
    );
    expect(frames[2]).toBe(frames[0]);
    expect(frames[1]).not.toBe(frames[0]);
    expect(done).toEqual([1, 2, 3]);
  });

  it('stops between frames where it is cancelled', async () => {
    const abort = new AbortController();
    const done: number[] = [];
    const clip = { width: 8, height: 8, frames: [1, 2, 3].map((value) => flat(8, 8, [value, 0, 0])) };
    const running = enlarge(clip, {
      signal: abort.signal,
      onFrame: (count) => {
        done.push(count);
        abort.abort(new JobCancelledError());
      },
    });
    await expect(running).rejects.toBeInstanceOf(JobCancelledError);
    expect(done).toEqual([1]);
  });

  it('says which file is missing', async () => {
    const clip = { width: 8, height: 8, frames: [textured(8, 8)] };
    await expect(enlarge(clip, { network: 'nothing' })).rejects.toThrow('nothing.safetensors');
  });
});
