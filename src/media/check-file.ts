import { UserError } from '../errors.ts';
import { uploadLimitBytes } from '../util/upload-limit.ts';
import { type PictureFormat, sniff } from './sniff.ts';

/**
 * Every way in which a picture can be at fault, as {@link UserError} codes; a translation needs one text for each.
 * The comment beside each names its `details`.
 */
export const pictureErrorCodes = [
  'picture-empty',
  'picture-too-many-bytes', // sizeMb, limitMb
  'picture-not-a-picture', // found: a file kind such as "PDF", "text", "MP4" or "unknown"
  'picture-unsupported', // found: a picture format such as "TIFF", "SVG"
  'picture-heic',
  'picture-blank',
  'picture-too-many-pixels', // limitMegapixels
  'picture-too-large-interlaced', // width, height, limitMegapixels
  'picture-broken',
  'picture-timeout', // limitSeconds
] as const;
type PictureErrorCode = (typeof pictureErrorCodes)[number];

/** What may come with a {@link pictureError}: `details` for translations, `cause` for the log. */
interface PictureErrorOptions {
  details?: Readonly<Record<string, string | number>>;
  cause?: unknown;
}

/** A {@link UserError} whose code is one of {@link pictureErrorCodes}. */
export function pictureError(code: PictureErrorCode, message: string, options: PictureErrorOptions = {}): UserError {
  return new UserError(code, message, options);
}

const megabyte = 1024 * 1024;
const megapixel = 1_000_000;

const takenFormats = 'Send a JPEG, PNG, WebP, GIF or AVIF picture.';

/** What a picture may be at most. */
export interface PictureLimits {
  maxBytes: number;
  maxPixels: number;
  /** Interlaced and progressive pictures are held whole while they are decoded (144 Mpx of PNG took 701 MB). */
  maxInterlacedPixels: number;
  /** To decode it. */
  maxSeconds: number;
}

/** For pictures from strangers. Downloads are cut off at `maxBytes` while they stream in. */
export const pictureLimits: PictureLimits = Object.freeze({
  maxBytes: uploadLimitBytes,
  maxPixels: 25 * megapixel,
  maxInterlacedPixels: 16 * megapixel,
  maxSeconds: 10,
});

/** Whose pictures are read, and how large the operator lets them be. */
export interface PicturePolicy {
  /** `operator`: a person's own files on their own machine. */
  from: 'strangers' | 'operator';
  maxPixels: number;
}

/** What a policy allows; without one what strangers may send. */
export function limitsOf(policy: PicturePolicy | undefined): PictureLimits {
  if (policy === undefined) return pictureLimits;
  const { from, maxPixels } = policy;
  if (from === 'operator') {
    return { maxBytes: 512 * megabyte, maxPixels, maxInterlacedPixels: maxPixels, maxSeconds: 300 };
  }
  const share = pictureLimits.maxInterlacedPixels / pictureLimits.maxPixels;
  return { ...pictureLimits, maxPixels, maxInterlacedPixels: maxPixels * share };
}

/**
 * Refuses what need not be opened to be refused: a look at the size and the first bytes, fit for any process.
 * @throws UserError `picture-empty`, `picture-too-many-bytes`, `picture-unsupported` or `picture-not-a-picture`
 */
export function checkFile(bytes: Uint8Array, { maxBytes }: PictureLimits = pictureLimits): PictureFormat {
  if (bytes.byteLength === 0) {
    throw pictureError('picture-empty', 'The file is empty.');
  }
  if (bytes.byteLength > maxBytes) {
    const limitMb = maxBytes / megabyte;
    const sizeMb = Math.ceil((bytes.byteLength / megabyte) * 10) / 10;
    throw pictureError('picture-too-many-bytes', `The file has ${sizeMb} MB; ${limitMb} MB is the most.`, {
      details: { sizeMb, limitMb },
    });
  }
  const file = sniff(bytes);
  if (file.kind === 'picture') {
    return file.format;
  }
  const found = file.name;
  if (found === 'HEIC') {
    throw pictureError(
      'picture-heic',
      'HEIC pictures cannot be read here. Save it as JPEG and send that: on an iPhone, Settings, Camera, Formats, "Most Compatible" makes the camera do so; on a Mac, Preview, File, Export does.',
    );
  }
  if (file.kind === 'other-picture') {
    throw pictureError('picture-unsupported', `${found} pictures are not supported. ${takenFormats}`, {
      details: { found },
    });
  }
  throw pictureError(
    'picture-not-a-picture',
    `The file is not a picture${found === 'unknown' ? '' : ` (it looks like ${found})`}. ${takenFormats}`,
    { details: { found } },
  );
}
