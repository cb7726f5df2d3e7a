import { beforeAll, describe, expect, it } from 'vitest';
import { EncodeError } from '../../src/errors.ts';
import type { EncodeVideoOptions } from '../../src/media/encode.ts';
import { encodeVideo } from '../../src/media/encode.ts';
import { findFfmpeg } from '../../src/media/ffmpeg-path.ts';
import { ffprobe } from '../support/ffprobe.ts';
import { decodeVideo, flatClip, noisyClip, panningClip, psnr } from './clips.ts';

const metadata = {
  title: 'Kinora ☃ "seed" 7; x=y',
  settings: { seed: 4_294_967_295, sampler: 'euler', noise: 0.02, note: 'one two\nthree\\ 🎬' },
};
let options: EncodeVideoOptions;

beforeAll(async () => {
  options = { ffmpegPath: await findFfmpeg({}), fps: 7, metadata };
});

/** Names of an MP4's outermost boxes, in order. */
function boxNames(bytes: Uint8Array): string[] {
  const view = Buffer.from(bytes);
  const names: string[] = [];
  for (let position = 0; position < view.length; position += view.readUInt32BE(position)) {
    names.push(view.toString('latin1', position + 4, position + 8));
  }
  return names;
}

describe('the file', () => {
  it('is H.264 yuv420p with BT.709 tags, index first, and the right size, speed and length', async () => {
    const clip = panningClip(96, 64, { count: 14 });
    const video = await encodeVideo(clip, options);
    expect(video).toMatchObject({ width: 96, height: 64, fps: 7, frames: 14 });
    expect(video.reduced).toBeUndefined();
    const { stream, streamCount, formatName } = await ffprobe(video.bytes);
    expect(stream).toMatchObject({
      codec_name: 'h264',
      profile: 'High',
      pix_fmt: 'yuv420p',
      width: 96,
      height: 64,
      sample_aspect_ratio: '1:1',
      avg_frame_rate: '7/1',
      nb_read_frames: '14',
      color_range: 'tv',
      color_space: 'bt709',
      color_transfer: 'bt709',
      color_primaries: 'bt709',
    });
    expect(Number(stream.duration)).toBeCloseTo(2, 3);
    expect(streamCount).toBe(1);
    expect(formatName).toContain('mp4');
    const names = boxNames(video.bytes);
    expect(names[0]).toBe('ftyp');
    expect(names.indexOf('moov')).toBeGreaterThan(0);
    expect(names.indexOf('moov')).toBeLessThan(names.indexOf('mdat'));
  });

  it('carries title and settings, odd signs included', async () => {
    const { bytes } = await encodeVideo(panningClip(32, 32, { count: 2 }), options);
    const { tags } = await ffprobe(bytes);
    expect(tags.title).toBe(metadata.title);
    expect(JSON.parse(tags.comment ?? '')).toEqual({ kinora: 1, ...metadata.settings });
  });

  it('shows the frames in their order', async () => {
    const clip = panningClip(96, 64, { count: 8, step: 5 });
    const { bytes } = await encodeVideo(clip, options);
    const decoded = await decodeVideo(bytes, { ...options, width: 96, height: 64 });
    expect(decoded.frames).toHaveLength(8);
    for (const [index, frame] of clip.frames.entries()) {
      expect(psnr(decoded.frames[index]!, frame), `frame ${index}`).toBeGreaterThan(38);
    }
    expect(psnr(decoded.frames[3]!, clip.frames[4]!)).toBeLessThan(30);
  });

  it.each([[[255, 0, 0]], [[0, 255, 0]], [[0, 0, 255]], [[255, 255, 255]], [[0, 0, 0]], [[200, 100, 50]]])(
    'keeps the colour %j for players that trust the tags',
    async (colour) => {
      const clip = flatClip(32, 32, { count: 2, colour });
      const { bytes } = await encodeVideo(clip, options);
      const decoded = await decodeVideo(bytes, { ...options, width: 32, height: 32 });
      for (const channel of [0, 1, 2]) {
        expect(Math.abs(decoded.frames[0]![channel]! - colour[channel]!)).toBeLessThanOrEqual(4);
      }
    },
  );

  it('is the same for the same frames', async () => {
    const clip = panningClip(64, 64, { count: 4 });
    const [first, second] = [await encodeVideo(clip, options), await encodeVideo(clip, options)];
    expect(Buffer.compare(first.bytes, second.bytes)).toBe(0);
  });

  it('makes odd sizes even and scales small clips up when asked', async () => {
    const odd = await encodeVideo(panningClip(33, 47, { count: 2 }), options);
    expect((await ffprobe(odd.bytes)).stream).toMatchObject({ width: 34, height: 48, sample_aspect_ratio: '1:1' });
    const scaleTo = { width: 257, height: 128 };
    const scaled = await encodeVideo(panningClip(32, 16, { count: 2 }), { ...options, scaleTo });
    expect(scaled).toMatchObject({ width: 258, height: 128 });
    expect((await ffprobe(scaled.bytes)).stream).toMatchObject({ width: 258, height: 128, pix_fmt: 'yuv420p' });
  });

  it('takes one frame, and as many as 120', async () => {
    for (const count of [1, 120]) {
      const { bytes } = await encodeVideo(panningClip(32, 32, { count }), options);
      expect((await ffprobe(bytes)).stream.nb_read_frames).toBe(`${count}`);
    }
  });
});

describe('the byte limit', () => {
  it('lowers quality first, only as far as needed', async () => {
    const clip = noisyClip(128, 96, 6);
    const { bytes } = await encodeVideo(clip, options);
    const maxBytes = Math.floor(bytes.length * 0.6);
    const video = await encodeVideo(clip, { ...options, maxBytes });
    expect(video.bytes.length).toBeLessThanOrEqual(maxBytes);
    expect(video.bytes.length).toBeGreaterThan(maxBytes * 0.6);
    expect(video.reduced).toMatchObject({ width: 128, height: 96 });
    expect(video.reduced!.crf).toBeGreaterThan(17);
    expect(video.reduced!.crf).toBeLessThan(34);
    expect((await ffprobe(video.bytes)).stream.nb_read_frames).toBe('6');
  });

  it('then lowers the size, and keeps the proportions', async () => {
    const clip = noisyClip(256, 192, 4);
    const maxBytes = 12_000;
    const video = await encodeVideo(clip, { ...options, maxBytes });
    expect(video.bytes.length).toBeLessThanOrEqual(maxBytes);
    expect(video.reduced).toMatchObject({ crf: 34, width: video.width, height: video.height });
    expect(video.width).toBeLessThan(256);
    expect(video.width / video.height).toBeCloseTo(256 / 192, 1);
    expect((await ffprobe(video.bytes)).stream).toMatchObject({ width: video.width, height: video.height });
  });

  it('says so when nothing fits', async () => {
    const error = await encodeVideo(noisyClip(96, 96, 2), { ...options, maxBytes: 500 }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(EncodeError);
    expect(error).toMatchObject({ code: 'encode-too-large', details: { maxBytes: 500 } });
  });

  it('changes nothing where nothing is needed', async () => {
    const clip = panningClip(64, 64, { count: 3 });
    const free = await encodeVideo(clip, options);
    const limited = await encodeVideo(clip, { ...options, maxBytes: free.bytes.length });
    expect(limited.reduced).toBeUndefined();
    expect(Buffer.compare(free.bytes, limited.bytes)).toBe(0);
  });
});
