import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EncodeError } from '../errors.ts';
import type { RgbFrames, Size } from '../util/rgb.ts';
import { collectFrames, type FfmpegOptions, runFfmpeg, withTempFolder } from './run-ffmpeg.ts';

/** Longer videos are none of Kinora's. */
const maxFrames = 2000;

/**
 * Reads back the frames of an MP4 that `encodeVideo` wrote, scaled to `width` × `height`.
 * For files from Kinora's own store: ffmpeg is not asked to read what strangers send.
 * @throws EncodeError ffmpeg failed, or there are no frames
 * @throws JobCancelledError the signal was aborted
 */
export async function decodeVideo(
  bytes: Uint8Array,
  { width, height, ...options }: Size & FfmpegOptions,
): Promise<RgbFrames> {
  const frames: Uint8Array[] = [];
  await withTempFolder(async (folder) => {
    const file = join(folder, 'clip.mp4');
    await writeFile(file, bytes);
    await runFfmpeg({
      ...options,
      file,
      filters: [
        `scale=${width}:${height}:flags=lanczos+accurate_rnd+full_chroma_int:in_color_matrix=bt709:in_range=tv`,
      ],
      outputArguments: ['-f', 'rawvideo', '-pix_fmt', 'rgb24'],
      output: collectFrames(frames, { frameBytes: width * height * 3, count: maxFrames }),
    });
  });
  if (frames.length === 0) throw new EncodeError('decode-failed', 'The clip that was kept has no frames.');
  return { width, height, frames };
}
