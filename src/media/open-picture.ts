import sharp, { type Sharp } from 'sharp';
import { AppError, DecodeError } from '../errors.ts';
import { checkFile, pictureLimits } from './check-file.ts';
import { configureSharp } from './configure-sharp.ts';
import { pictureError } from './picture-errors.ts';
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

interface OpenPicture extends PictureInfo {
  /** The one decoder of this picture; nothing is decoded before its output is asked for. */
  image: Sharp;
  /** 16-bit RGB with a colour profile of its own. */
  isProfiledRgb16: boolean;
}

/**
 * Reads a picture's size and format from its header; no pixel is decoded.
 * Call it where decoding is allowed (the render child), not where a token is held: headers are hostile too.
 * @throws UserError with one of `pictureErrorCodes`
 * @throws DecodeError `picture-no-memory`, scope `host`
 */
export async function readPictureInfo(bytes: Uint8Array): Promise<PictureInfo> {
  const { format, width, height } = await openPicture(bytes);
  return { format, width, height };
}

/**
 * Checks bytes, signature and header against {@link pictureLimits} and prepares the decoder.
 * @throws UserError with one of `pictureErrorCodes`
 * @throws DecodeError `picture-no-memory`, scope `host`
 */
export async function openPicture(bytes: Uint8Array): Promise<OpenPicture> {
  const format = checkFile(bytes);
  configureSharp();
  try {
    const image = sharp(bytes, {
      limitInputPixels: pictureLimits.maxPixels,
      limitInputChannels: 5,
      failOn: 'warning',
      sequentialRead: true,
      pages: 1, // of animations the first frame
    }).timeout({ seconds: pictureLimits.maxSeconds });
    const metadata = await image.metadata();
    const { width, height } = metadata.autoOrient;
    if (metadata.isProgressive && width * height > pictureLimits.maxInterlacedPixels) {
      const limitMegapixels = pictureLimits.maxInterlacedPixels / megapixel;
      throw pictureError(
        'picture-too-large-interlaced',
        `This picture is interlaced (progressive) and ${width}×${height} pixels large; such pictures may have ${limitMegapixels} megapixels at most. Save it without interlacing, or smaller.`,
        { details: { width, height, limitMegapixels } },
      );
    }
    const isProfiledRgb16 = metadata.hasProfile && metadata.space === 'rgb16';
    return { format, width, height, image, isProfiledRgb16 };
  } catch (error) {
    throw describeDecoderError(error);
  }
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
export function describeDecoderError(error: unknown): AppError {
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
    const limitMegapixels = pictureLimits.maxPixels / megapixel;
    return pictureError(
      'picture-too-many-pixels',
      `This picture has more than ${limitMegapixels} megapixels. Make it smaller and try again.`,
      { details: { limitMegapixels }, cause: error },
    );
  }
  if (/^timeout: /m.test(text)) {
    return pictureError(
      'picture-timeout',
      `This picture took longer than ${pictureLimits.maxSeconds} s to read. Save it anew, smaller, and try again.`,
      { details: { limitSeconds: pictureLimits.maxSeconds }, cause: error },
    );
  }
  return pictureError('picture-broken', 'This picture is damaged or cut off. Save it anew and try again.', {
    cause: error,
  });
}
