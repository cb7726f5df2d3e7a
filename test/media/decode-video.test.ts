import { expect, it } from 'vitest';
import { EncodeError } from '../../src/errors.ts';
import { decodeVideo } from '../../src/media/decode-video.ts';
import { encodeVideo } from '../../src/media/encode.ts';
import { findFfmpeg } from '../../src/media/ffmpeg-path.ts';
import { panningClip, psnr } from './clips.ts';

const ffmpegPath = await findFfmpeg({});
const metadata = { title: 'Kinora', settings: { seed: 1 } };

it('gives back the frames that were encoded, at the size that is asked for', async () => {
  const clip = panningClip(128, 64, { count: 5 });
  const { bytes } = await encodeVideo(clip, { ffmpegPath, fps: 7, metadata });
  const back = await decodeVideo(bytes, { width: 128, height: 64, ffmpegPath });
  expect(back.frames).toHaveLength(5);
  for (const [index, frame] of back.frames.entries()) expect(psnr(frame, clip.frames[index]!)).toBeGreaterThan(37);
  const smaller = await decodeVideo(bytes, { width: 66, height: 32, ffmpegPath });
  expect(smaller).toMatchObject({ width: 66, height: 32 });
  expect(smaller.frames.map((frame) => frame.length)).toEqual(Array(5).fill(66 * 32 * 3));
});

it('says in an EncodeError that a file is broken', async () => {
  const broken = decodeVideo(Buffer.from('not a video at all'), { width: 16, height: 16, ffmpegPath });
  await expect(broken).rejects.toThrow(EncodeError);
});
