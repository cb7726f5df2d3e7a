import sharp from 'sharp';
import { EncodeError } from '../errors.ts';
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
