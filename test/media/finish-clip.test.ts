import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { EncodeError, JobCancelledError } from '../../src/errors.ts';
import { findFfmpeg } from '../../src/media/ffmpeg-path.ts';
import { type FinishClipOptions, finishClip } from '../../src/media/finish-clip.ts';
import { clipFormats } from '../../src/settings/clip-form.ts';
import { ffprobe } from '../support/ffprobe.ts';
import { decodeVideo, noisyClip, panningClip, psnr } from './clips.ts';

const metadata = { title: 'Kinora', settings: { seed: 7 } };
let options: Omit<FinishClipOptions, 'format'>;

beforeAll(async () => {
  options = { ffmpegPath: await findFfmpeg({}), fps: 7, metadata, loop: 'none' };
});

describe.each(clipFormats)('%s', (format) => {
  it('shows the frames', async () => {
    const clip = panningClip(96, 64, { count: 6, step: 5 });
    const finished = await finishClip(clip, { ...options, format });
    expect(finished).toMatchObject({ format, width: 96, height: 64, fps: 7, frames: 6 });
    expect(finished.reduced).toBeUndefined();
    const decoded =
      format === 'mp4'
        ? (await decodeVideo(finished.bytes, { ...options, width: 96, height: 64 })).frames
        : await decodePages(finished.bytes);
    expect(decoded).toHaveLength(6);
    for (const [index, frame] of clip.frames.entries()) {
      expect(psnr(decoded[index]!, frame), `frame ${index}`).toBeGreaterThan(28);
    }
  });

  it('fits a byte limit, by quality and then by size, or not where it may lose nothing', async () => {
    const clip = noisyClip(192, 144, 3);
    const free = await finishClip(clip, { ...options, format });
    const [nearly, hardly] = [Math.floor(free.bytes.length * 0.8), 20_000];
    // Whole or not at all.
    const whole = { ...options, format, mayReduce: false };
    expect((await finishClip(clip, { ...whole, maxBytes: free.bytes.length })).bytes).toHaveLength(free.bytes.length);
    await expect(finishClip(clip, { ...whole, maxBytes: nearly })).rejects.toMatchObject({
      code: 'encode-too-large',
      scope: 'job',
    });
    const coarse = await finishClip(clip, { ...options, format, maxBytes: nearly });
    expect(coarse.bytes.length).toBeLessThanOrEqual(nearly);
    expect(coarse.reduced).toMatchObject({ width: 192, height: 144 });
    const small = await finishClip(clip, { ...options, format, maxBytes: hardly });
    expect(small.bytes.length).toBeLessThanOrEqual(hardly);
    expect(small.reduced!.width).toBeLessThan(192);
    expect(small.width / small.height).toBeCloseTo(192 / 144, 1);
  });

  it('says when nothing fits, and stops when told to', async () => {
    const clip = panningClip(64, 64, { count: 2 });
    await expect(finishClip(clip, { ...options, format, maxBytes: 100 })).rejects.toMatchObject({
      code: 'encode-too-large',
    });
    const aborted = finishClip(clip, { ...options, format, signal: AbortSignal.abort() });
    await expect(aborted).rejects.toBeInstanceOf(JobCancelledError);
    await expect(finishClip({ ...clip, frames: [] }, { ...options, format })).rejects.toBeInstanceOf(EncodeError);
  });

  it('is the same for the same frames', async () => {
    const clip = panningClip(48, 32, { count: 3 });
    const [first, second] = [
      await finishClip(clip, { ...options, format }),
      await finishClip(clip, { ...options, format }),
    ];
    expect(Buffer.compare(first.bytes, second.bytes)).toBe(0);
  });

  it('is smoothed, looped and enlarged', async () => {
    const clip = panningClip(64, 48, { count: 4 });
    const scaleTo = { width: 128, height: 96 };
    const finished = await finishClip(clip, { ...options, format, toFps: 24, loop: 'ping-pong', scaleTo });
    // 4 frames at 7 are 11 at 24, and 20 there and back.
    expect(finished).toMatchObject({ fps: 24, frames: 20, width: 128, height: 96 });
    const { stream } = format === 'webp' ? { stream: undefined } : await ffprobe(finished.bytes);
    const pages = format === 'webp' ? (await sharp(finished.bytes).metadata()).pages : undefined;
    expect(Number(stream?.nb_read_frames ?? pages)).toBe(20);
  });
});

describe('animations', () => {
  it.each(['gif', 'webp'] as const)('%s repeats for ever at the right speed', async (format) => {
    const finished = await finishClip(panningClip(32, 32, { count: 14 }), { ...options, format });
    const { loop, delay = [], pages } = await sharp(finished.bytes).metadata();
    expect({ loop, pages }).toEqual({ loop: 0, pages: 14 });
    // Two seconds in all; the last delay is the one that a GIF writer has to guess.
    const total = delay.slice(0, 13).reduce((sum, value) => sum + value, 0);
    expect(Math.abs(total - (13 * 1000) / 7)).toBeLessThanOrEqual(10);
  });
});

/** Frames of an animation, RGB. */
async function decodePages(bytes: Uint8Array): Promise<Uint8Array[]> {
  const { pages = 1 } = await sharp(bytes).metadata();
  return Promise.all(
    Array.from({ length: pages }, (_, page) =>
      sharp(bytes, { page }).toColourspace('srgb').removeAlpha().raw().toBuffer(),
    ),
  );
}
