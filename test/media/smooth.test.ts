import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { findFfmpeg } from '../../src/media/ffmpeg-path.ts';
import { smoothFrames } from '../../src/media/finish-clip.ts';
import { panningClip, psnr } from './clips.ts';
import { fakeFfmpeg } from './fake-ffmpeg.ts';

let ffmpegPath: string;

beforeAll(async () => {
  ffmpegPath = await findFfmpeg({});
});

describe('smoothFrames', () => {
  it('computes the frames between, from the first to the last', async () => {
    // What a camera of twice the speed would have seen, every other frame left out.
    const seen = panningClip(128, 96, { count: 15, step: 2 });
    const clip = { ...seen, frames: seen.frames.filter((_, index) => index % 2 === 0) };
    const smooth = await smoothFrames(clip, { ffmpegPath, fps: 7, toFps: 14 });
    expect(smooth.frames).toHaveLength(15);
    for (const [index, frame] of seen.frames.entries()) {
      const previous = seen.frames[Math.max(0, index - 1)]!;
      // Frames that were there stay; the others are nearer to the truth than any frame that was there.
      const isGiven = index % 2 === 0;
      expect(psnr(smooth.frames[index]!, frame), `frame ${index}`).toBeGreaterThan(
        isGiven ? 38 : psnr(previous, frame) + 3,
      );
    }
  });

  it.each([
    [7, 24, 8, 25],
    [6, 24, 25, 97],
    [7, 24, 2, 4],
    [10, 24, 14, 32],
  ])('from %i to %i frames per second makes of %i frames %i', async (fps, toFps, count, expected) => {
    const smooth = await smoothFrames(panningClip(64, 64, { count }), { ffmpegPath, fps, toFps });
    expect(smooth.frames).toHaveLength(expected);
    expect(smooth.frames.every((frame) => frame.length === 64 * 64 * 3)).toBe(true);
  });

  it('leaves fast clips and single frames alone', async () => {
    const clip = panningClip(64, 64, { count: 3 });
    expect(await smoothFrames(clip, { ffmpegPath, fps: 24, toFps: 24 })).toBe(clip);
    const single = panningClip(64, 64, { count: 1 });
    expect(await smoothFrames(single, { ffmpegPath, fps: 7, toFps: 24 })).toBe(single);
  });

  it('notices an ffmpeg that fails or gives too little', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'kinora-test-'));
    try {
      const clip = panningClip(64, 64, { count: 3 });
      const fails = await fakeFfmpeg(join(folder, 'fails'), {
        script: 'echo "no such filter" >&2; exit 1',
        realPath: ffmpegPath,
      });
      await expect(smoothFrames(clip, { ffmpegPath: fails, fps: 7, toFps: 24 })).rejects.toThrow('no such filter');
      const stops = await fakeFfmpeg(join(folder, 'stops'), {
        script: 'cat >/dev/null; head -c 20000 /dev/zero',
        realPath: ffmpegPath,
      });
      await expect(smoothFrames(clip, { ffmpegPath: stops, fps: 7, toFps: 24 })).rejects.toThrow(
        'ffmpeg interpolated to 1 frames instead of 7.',
      );
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
