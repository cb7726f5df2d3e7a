import { UserError } from '../errors.ts';

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
export type PictureErrorCode = (typeof pictureErrorCodes)[number];

/** What may come with a {@link pictureError}: `details` for translations, `cause` for the log. */
interface PictureErrorOptions {
  details?: Readonly<Record<string, string | number>>;
  cause?: unknown;
}

/** A {@link UserError} whose code is one of {@link pictureErrorCodes}. */
export function pictureError(code: PictureErrorCode, message: string, options: PictureErrorOptions = {}): UserError {
  return new UserError(code, message, options);
}
