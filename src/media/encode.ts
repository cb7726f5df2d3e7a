import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EncodeError } from '../errors.ts';
import { cancellationPoint } from '../util/cancellation.ts';
import type { RgbFrames, Size } from '../util/rgb.ts';
import { type ClipMetadata, writeComment } from './clip-metadata.ts';
import { checkClip, type FfmpegOptions, runFfmpeg, withTempFolder } from './run-ffmpeg.ts';

/** Options of every encoder. */
export interface EncodeVideoOptions extends FfmpegOptions {
  fps: number;
  metadata: ClipMetadata;
  /** The file must not be larger; no limit unless given. */
  maxBytes?: number;
  /** Whether quality and size may be lowered for that; true unless given. */
  mayReduce?: boolean;
  /** Pixels of the video, for clips too small to be looked at; the frames' own size unless given. */
  scaleTo?: Size;
  /** Where the temporary folder is made; the system's place unless given. */
  tempParent?: string;
}

/** A finished file; `Level` is the format's measure of quality. */
export interface EncodedClip<Level extends object> extends Size {
  bytes: Uint8Array;
  fps: number;
  /** Number of frames. */
  frames: number;
  /** What had to give way so that the file fits `maxBytes`; undefined where nothing did. */
  reduced?: Level & Size;
}

interface Encoder<Level> {
  /** Qualities to try, best first. */
  levels: readonly Level[];
  /** So many levels further, a file has about half the bytes. */
  levelsPerHalving: number;
  /** Brings a side to what the format allows. */
  roundSide: (pixels: number) => number;
  encode: (level: Level, size: Size) => Promise<Uint8Array>;
}

/** No clip is made smaller than this many pixels on its short side. */
const minShortSide = 64;

/**
 * Encodes a clip so that it fits `maxBytes`: lowers quality first and, once that is used up, size, each by what the
 * excess of the last attempt suggests.
 * @throws EncodeError `encode-too-large`, scope `job`, if nothing fits; whatever `encode` throws
 * @throws JobCancelledError the signal was aborted between attempts
 */
export async function fitClip<Level extends object>(
  clip: RgbFrames,
  options: Omit<EncodeVideoOptions, 'ffmpegPath'>,
  { levels, levelsPerHalving, roundSide, encode }: Encoder<Level>,
): Promise<EncodedClip<Level>> {
  const { fps, signal, maxBytes = Number.POSITIVE_INFINITY, mayReduce = true, scaleTo = clip } = options;
  checkClip(clip, fps);
  const first = { width: roundSide(scaleTo.width), height: roundSide(scaleTo.height) };
  let level = 0;
  let size: Size = first;
  for (;;) {
    await cancellationPoint(signal);
    const quality = levels[level]!;
    const bytes = await encode(quality, size);
    if (bytes.byteLength <= maxBytes) {
      const encoded = { bytes, ...size, fps, frames: clip.frames.length };
      return level === 0 && size === first ? encoded : { ...encoded, reduced: { ...quality, ...size } };
    }
    if (!mayReduce) throw tooLarge(bytes, maxBytes);
    const excess = bytes.byteLength / maxBytes;
    if (level < levels.length - 1) {
      const steps = Math.max(1, Math.round(levelsPerHalving * Math.log2(excess)));
      level = Math.min(levels.length - 1, level + steps);
      continue;
    }
    const scale = Math.min(0.9, Math.sqrt(1 / excess));
    size = { width: roundSide(size.width * scale - 1), height: roundSide(size.height * scale - 1) };
    if (Math.min(size.width, size.height) < minShortSide) {
      throw tooLarge(bytes, maxBytes);
    }
  }
}

function tooLarge({ byteLength: sizeBytes }: Uint8Array, maxBytes: number): EncodeError {
  return new EncodeError('encode-too-large', `The clip cannot be made to fit ${maxBytes} bytes.`, {
    details: { maxBytes, sizeBytes },
    scope: 'job',
  });
}

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
