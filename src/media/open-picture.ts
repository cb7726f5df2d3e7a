import sharp, { type Sharp } from 'sharp';
import { AppError, DecodeError } from '../errors.ts';
import { checkFile, type PictureLimits, pictureError, pictureLimits } from './check-file.ts';
import { configureSharp, readsAvif } from './configure-sharp.ts';
import type { PictureFormat } from './sniff.ts';

const megapixel = 1_000_000;

/** What a picture's header says. */
export interface PictureInfo {
  format: PictureFormat;
  /** Pixels, as a person sees the picture: after the EXIF orientation is applied. */
  width: number;
  /** Pixels, after the EXIF orientation is applied. */
  height: number;
}

/** A picture whose header was read. */
export interface OpenPicture extends PictureInfo {
  /** The one decoder of this picture; nothing is decoded before its output is asked for. */
  image: Sharp;
  hasProfile: boolean;
  /** libvips' name for how the file keeps colours: `srgb`, `rgb16`, `cmyk`, `b-w`, `grey16` … */
  space: string;
  /** Bits of a channel that carry something. */
  bitsPerSample: number;
  /** Frames of an animation; 1 for still pictures. */
  pages: number;
}

/** How a picture is opened. */
export interface OpenPictureOptions {
  limits: PictureLimits;
  /** What is taken for broken: a file of which libvips' decoders report a `warning`, or only an `error`. */
  failOn: 'warning' | 'error';
  /** Of animations, which frame; default the first, 0. */
  page?: number;
  /** Takes colours as they are stored. */
  ignoreProfile?: boolean;
}

/**
 * Reads a picture's size and format from its header; no pixel is decoded.
 * Call it where decoding is allowed (the render child), not where a token is held: headers are hostile too.
 * @throws UserError with one of `pictureErrorCodes`
 * @throws DecodeError `picture-no-memory`, scope `host`
 */
export async function readPictureInfo(bytes: Uint8Array, limits: PictureLimits = pictureLimits): Promise<PictureInfo> {
  try {
    const { format, width, height } = await openPicture(bytes, { limits, failOn: 'error' });
    return { format, width, height };
  } catch (error) {
    throw describeDecoderError(error, limits);
  }
}

/**
 * Checks bytes, signature and header against the limits and prepares the decoder.
 * @throws UserError with one of `pictureErrorCodes`
 * @throws Error what sharp says of a broken header; {@link describeDecoderError} puts it into words
 */
export async function openPicture(bytes: Uint8Array, options: OpenPictureOptions): Promise<OpenPicture> {
  const { limits, failOn, page = 0, ignoreProfile = false } = options;
  const format = checkFile(bytes, limits);
  if (format === 'avif' && !readsAvif()) {
    const details = { found: 'AVIF' };
    throw pictureError('picture-unsupported', 'AVIF needs libheif 1.23.2 or newer; the one here is older.', {
      details,
    });
  }
  configureSharp();
  const image = sharp(bytes, {
    limitInputPixels: limits.maxPixels,
    limitInputChannels: 5,
    failOn,
    sequentialRead: true,
    ignoreIcc: ignoreProfile,
    // Of an AVIF the primary picture, which is not always the first.
    ...(format === 'avif' ? {} : { page, pages: 1 }),
  }).timeout({ seconds: limits.maxSeconds });
  const metadata = await image.metadata();
  const { width, height } = metadata.autoOrient;
  if (metadata.isProgressive && width * height > limits.maxInterlacedPixels) {
    const limitMegapixels = limits.maxInterlacedPixels / megapixel;
    throw pictureError(
      'picture-too-large-interlaced',
      `This picture is interlaced (progressive) and ${width}×${height} pixels large; such pictures may have ${limitMegapixels} megapixels at most. Save it without interlacing, or smaller.`,
      { details: { width, height, limitMegapixels } },
    );
  }
  const { hasProfile, space, bitsPerSample = 8, pages = 1 } = metadata;
  return { format, width, height, image, hasProfile, space, bitsPerSample, pages };
}

/**
 * How the decoders say that memory ran out: libvips ("vips_tracked: out of memory", "unable to allocate"), libjpeg
 * ("Insufficient memory"), GLib ("failed to allocate"), C++ and the system. Seen with a limit on the address space.
 */
const noMemory =
  /out of memory|insufficient memory|(unable|failed) to allocate|cannot allocate memory|bad_alloc|ENOMEM/i;

/**
 * Says whose fault it is that sharp threw: the picture's (a UserError) or, where memory ran out, the machine's.
 * Kinora's own errors pass unchanged. sharp has no codes, only texts.
 */
export function describeDecoderError(error: unknown, limits: PictureLimits = pictureLimits): AppError {
  if (error instanceof AppError) {
    return error;
  }
  const text = error instanceof Error ? error.message : String(error);
  if (noMemory.test(text)) {
    // Asked first: a header that could not be read for want of memory is called corrupt in the same breath.
    const message = 'There was not enough memory to read a picture.';
    return new DecodeError('picture-no-memory', message, { cause: error, scope: 'host' });
  }
  if (/exceeds pixel limit/.test(text)) {
    const limitMegapixels = limits.maxPixels / megapixel;
    return pictureError(
      'picture-too-many-pixels',
      `This picture has more than ${limitMegapixels} megapixels. Make it smaller and try again.`,
      { details: { limitMegapixels }, cause: error },
    );
  }
  if (/^timeout: /m.test(text)) {
    return pictureError(
      'picture-timeout',
      `This picture took longer than ${limits.maxSeconds} s to read. Save it anew, smaller, and try again.`,
      { details: { limitSeconds: limits.maxSeconds }, cause: error },
    );
  }
  return pictureError('picture-broken', 'This picture is damaged or cut off. Save it anew and try again.', {
    cause: error,
  });
}
