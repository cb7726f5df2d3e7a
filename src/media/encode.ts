import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EncodeError } from '../errors.ts';
import type { RgbFrames } from '../util/rgb.ts';
import { writeComment } from './clip-metadata.ts';
import { type EncodedClip, type EncodeVideoOptions, fitClip } from './fit-clip.ts';
import { runFfmpeg, withTempFolder } from './run-ffmpeg.ts';

/** An MP4 file: H.264, yuv420p, BT.709, index before data. `crf` is x264's constant rate factor; more is coarser. */
export type EncodedVideo = EncodedClip<{ crf: number }>;

/** 17 is hardly told from the original, 34 is plainly coarse but of use. */
const crfs = Array.from({ length: 18 }, (_, index) => ({ crf: 17 + index }));

/**
 * Turns frames into an MP4 that plays everywhere, Discord included. Odd sizes grow by one pixel, since yuv420p has
 * none. If the file passes `maxBytes`, quality is lowered first, then size, as little as is needed.
 * The same frames, options and ffmpeg give the same bytes.
 * @throws EncodeError `encode-failed`, `encode-timeout`, `encode-bad-frames`, or `encode-too-large` if nothing fits
 * @throws JobCancelledError the signal was aborted; ffmpeg has ended and its files are gone
 */
export async function encodeVideo(clip: RgbFrames, options: EncodeVideoOptions): Promise<EncodedVideo> {
  return withTempFolder(
    (folder) =>
      fitClip(clip, options, {
        levels: crfs,
        levelsPerHalving: 6,
        roundSide: (pixels) => Math.max(2, 2 * Math.ceil(pixels / 2)),
        encode: ({ crf }, size) => encodeOnce(clip, options, { crf, ...size, file: join(folder, 'clip.mp4') }),
      }),
    options.tempParent,
  );
}

async function encodeOnce(
  clip: RgbFrames,
  options: EncodeVideoOptions,
  { crf, width, height, file }: { crf: number; width: number; height: number; file: string },
): Promise<Uint8Array> {
  const { title, settings } = options.metadata;
  await runFfmpeg({
    ...options,
    clip,
    filters: [
      // ffmpeg's own choice would be BT.601 matrices for small pictures, whatever the tags say.
      `scale=${width}:${height}:flags=lanczos+accurate_rnd+full_chroma_int:out_color_matrix=bt709:out_range=tv`,
      'format=yuv420p',
      'setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709',
      'setsar=1', // scaling by unlike factors (odd sizes) is meant, not to be undone by players
    ],
    outputArguments: [
      ...['-c:v', 'libx264', '-preset', 'medium', '-profile:v', 'high', '-crf', `${crf}`],
      ...['-color_range', 'tv', '-color_primaries', 'bt709', '-color_trc', 'bt709', '-colorspace', 'bt709'],
      // One thread, no version stamps: the number of processors does not change the file.
      ...['-threads', '1', '-flags', '+bitexact', '-fflags', '+bitexact'],
      ...['-metadata', `title=${title}`, '-metadata', `comment=${writeComment(settings)}`],
      ...['-movflags', '+faststart', '-f', 'mp4'],
    ],
    output: file,
  });
  return readOutput(file);
}

/** @throws EncodeError `encode-failed`: ffmpeg was content and yet wrote nothing */
export async function readOutput(file: string): Promise<Uint8Array> {
  return readFile(file).catch((cause: unknown) => {
    throw new EncodeError('encode-failed', 'ffmpeg ended without an error and without a file.', { cause });
  });
}
