import { pictureError } from './picture-errors.ts';
import { type PictureFormat, sniff } from './sniff.ts';

const megabyte = 1024 * 1024;
const megapixel = 1_000_000;

/** What a picture may be at most. Downloads are cut off at `maxBytes` while they stream in. */
export const pictureLimits = {
  maxBytes: 10 * megabyte,
  maxPixels: 25 * megapixel,
  /** Interlaced and progressive pictures are held whole while they are decoded (144 Mpx of PNG took 701 MB). */
  maxInterlacedPixels: 16 * megapixel,
  maxSeconds: 10,
} as const;

/**
 * Refuses what need not be opened to be refused: a look at the size and the first bytes, fit for any process.
 * @throws UserError `picture-empty`, `picture-too-many-bytes`, `picture-unsupported` or `picture-not-a-picture`
 */
export function checkFile(bytes: Uint8Array): PictureFormat {
  if (bytes.byteLength === 0) {
    throw pictureError('picture-empty', 'The file is empty.');
  }
  if (bytes.byteLength > pictureLimits.maxBytes) {
    const limitMb = pictureLimits.maxBytes / megabyte;
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
  if (file.kind === 'other-picture') {
    throw pictureError(
      'picture-unsupported',
      `${found} pictures are not supported. Send a JPEG, PNG, WebP or GIF picture.`,
      { details: { found } },
    );
  }
  throw pictureError(
    'picture-not-a-picture',
    `The file is not a picture${found === 'unknown' ? '' : ` (it looks like ${found})`}. Send a JPEG, PNG, WebP or GIF picture.`,
    { details: { found } },
  );
}
