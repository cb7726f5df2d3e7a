import sharp from 'sharp';
import { EncodeError } from '../errors.ts';
import { maxPreviewBytes } from '../util/preview-limit.ts';
import type { RgbFrames, Size } from '../util/rgb.ts';
import { writeXmp } from './clip-metadata.ts';
import { configureSharp } from './configure-sharp.ts';
import { type EncodedClip, type EncodeVideoOptions, fitClip } from './encode.ts';

const levels = [90, 80, 70, 60, 50, 40, 30, 20].map((quality) => ({ quality }));

/** The format's largest side. */
const maxSide = 16_383;

/**
 * Turns frames into an endless animated WebP. Title and settings are in its XMP packet. Needs no ffmpeg; an abort is
 * noticed between attempts, not within one.
 * @throws EncodeError as `encodeVideo`
 * @throws JobCancelledError the signal was aborted
 */
export async function encodeWebp(
  clip: RgbFrames,
  options: Omit<EncodeVideoOptions, 'ffmpegPath'>,
): Promise<EncodedClip<{ quality: number }>> {
  configureSharp();
  const xmp = writeXmp(options.metadata);
  return fitClip(clip, options, {
    levels,
    levelsPerHalving: 3,
    roundSide: (pixels) => Math.min(maxSide, Math.max(1, Math.round(pixels))),
    encode: async ({ quality }, size) => {
      try {
        const pages = await stackFrames(clip, size);
        const count = clip.frames.length;
        const raw = { width: size.width, height: size.height * count, channels: 3, pageHeight: size.height } as const;
        return await sharp(pages, { raw, limitInputPixels: false })
          .withXmp(xmp)
          .webp({ quality, loop: 0, delay: delaysMs(count, options.fps) })
          .toBuffer();
      } catch (cause) {
        const reason = cause instanceof Error ? cause.message : String(cause);
        throw new EncodeError('encode-failed', `The WebP could not be written: ${reason}`, { cause });
      }
    },
  });
}

/** Small and soft pictures: quality costs few bytes. */
const previewQualities = [75, 55, 35, 15, 1];

/**
 * A small endless animation of frames as they are, under 150 KB, without metadata. The first try is under way when this
 * returns, in a thread of its own: whoever blocks the event loop afterwards does not hold it up.
 * @returns undefined where no quality is small enough
 * @throws Error libvips cannot write it
 */
export async function encodePreview(clip: RgbFrames, fps: number): Promise<Uint8Array | undefined> {
  configureSharp();
  const { width, height, frames } = clip;
  const count = frames.length;
  const raw = { width, height: height * count, channels: 3, pageHeight: height } as const;
  const pages = Buffer.concat(frames);
  for (let at = 0; at < previewQualities.length; ) {
    const quality = previewQualities[at]!;
    const bytes = await sharp(pages, { raw, limitInputPixels: false })
      .webp({ quality, effort: 2, loop: 0, delay: delaysMs(count, fps) })
      .toBuffer();
    if (bytes.byteLength < maxPreviewBytes) return bytes;
    at += bytes.byteLength > 2 * maxPreviewBytes ? 2 : 1;
  }
  return undefined;
}

/** All frames at `size`, one below the other, as libvips holds animations. */
async function stackFrames({ width, height, frames }: RgbFrames, size: Size): Promise<Uint8Array> {
  if (size.width === width && size.height === height) {
    return Buffer.concat(frames);
  }
  const scaled: Uint8Array[] = [];
  for (const frame of frames) {
    const picture = sharp(frame, { raw: { width, height, channels: 3 } });
    scaled.push(
      await picture
        .resize({ ...size, fit: 'fill', kernel: 'lanczos3' })
        .raw()
        .toBuffer(),
    );
  }
  return Buffer.concat(scaled);
}

/** Whole milliseconds whose errors do not add up. */
function delaysMs(count: number, fps: number): number[] {
  const start = (frame: number): number => Math.round((frame * 1000) / fps);
  return Array.from({ length: count }, (_, frame) => start(frame + 1) - start(frame));
}
