import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EncodeError } from '../errors.ts';
import type { RgbFrames } from '../util/rgb.ts';
import { type ClipMetadata, writeComment } from './clip-metadata.ts';
import { type FfmpegOptions, runFfmpeg } from './run-ffmpeg.ts';
import { withTempFolder } from './temp-folder.ts';

/** Options of {@link encodeVideo}. */
export interface EncodeVideoOptions extends FfmpegOptions {
  fps: number;
  metadata: ClipMetadata;
  /** The file must not be larger; no limit unless given. */
  maxBytes?: number;
  /** Pixels of the video, for clips too small to be looked at; the frames' own size unless given. */
  scaleTo?: { width: number; height: number };
  /** Where the temporary folder is made; the system's place unless given. */
  tempParent?: string;
}

/** A finished video file. */
export interface EncodedVideo {
  /** An MP4 file: H.264, yuv420p, BT.709, index before data. */
  bytes: Uint8Array;
  width: number;
  height: number;
  fps: number;
  /** Number of frames. */
  frames: number;
  /** What had to give way so that the file fits `maxBytes`; undefined where nothing did. */
  reduced?: { crf: number; width: number; height: number };
}

/** x264's constant rate factor: 17 is hardly told from the original, 34 is plainly coarse but of use. */
const bestCrf = 17;
const worstCrf = 34;

/** A file about halves with each 6 steps of crf. */
const crfPerHalving = 6;

/** No clip is made smaller than this many pixels on its short side. */
const minShortSide = 64;

interface Attempt {
  crf: number;
  width: number;
  height: number;
}

/**
 * Turns frames into an MP4 that plays everywhere, Discord included. Odd sizes grow by one pixel, since yuv420p has
 * none. If the file passes `maxBytes`, quality is lowered first, then size, as little as is needed.
 * The same frames, options and ffmpeg give the same bytes.
 * @throws EncodeError `encode-failed`, `encode-timeout`, `encode-bad-frames`, or `encode-too-large` if nothing fits
 * @throws JobCancelledError the signal was aborted; ffmpeg has ended and its files are gone
 */
export async function encodeVideo(clip: RgbFrames, options: EncodeVideoOptions): Promise<EncodedVideo> {
  const { fps, maxBytes = Number.POSITIVE_INFINITY, scaleTo = clip } = options;
  const first: Attempt = { crf: bestCrf, width: toEven(scaleTo.width), height: toEven(scaleTo.height) };
  return withTempFolder(async (folder) => {
    let attempt = first;
    for (;;) {
      const bytes = await encodeOnce(clip, { ...options, ...attempt, file: join(folder, 'clip.mp4') });
      if (bytes.byteLength <= maxBytes) {
        const { width, height } = attempt;
        const encoded = { bytes, width, height, fps, frames: clip.frames.length };
        return attempt === first ? encoded : { ...encoded, reduced: attempt };
      }
      attempt = nextAttempt(attempt, { sizeBytes: bytes.byteLength, maxBytes });
    }
  }, options.tempParent);
}

/** Lowers quality by what the excess suggests and, once that is used up, the size. */
function nextAttempt(last: Attempt, { sizeBytes, maxBytes }: { sizeBytes: number; maxBytes: number }): Attempt {
  const excess = sizeBytes / maxBytes;
  if (last.crf < worstCrf) {
    const steps = Math.max(1, Math.round(crfPerHalving * Math.log2(excess)));
    return { ...last, crf: Math.min(worstCrf, last.crf + steps) };
  }
  const scale = Math.min(0.9, Math.sqrt(1 / excess));
  const width = toEven(Math.floor(last.width * scale) - 1);
  const height = toEven(Math.floor(last.height * scale) - 1);
  if (Math.min(width, height) < minShortSide) {
    throw new EncodeError('encode-too-large', `The clip cannot be made to fit ${maxBytes} bytes.`, {
      details: { maxBytes, sizeBytes },
    });
  }
  return { crf: worstCrf, width, height };
}

function toEven(pixels: number): number {
  return Math.max(2, 2 * Math.ceil(pixels / 2));
}

async function encodeOnce(
  clip: RgbFrames,
  options: EncodeVideoOptions & Attempt & { file: string },
): Promise<Uint8Array> {
  const { width, height, crf, file, metadata } = options;
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
      ...['-metadata', `title=${metadata.title}`, '-metadata', `comment=${writeComment(metadata.settings)}`],
      ...['-movflags', '+faststart', '-f', 'mp4'],
    ],
    output: file,
  });
  return readFile(file).catch((cause: unknown) => {
    throw new EncodeError('encode-failed', 'ffmpeg ended without an error and without a file.', { cause });
  });
}
