import type { FramedPicture } from '../util/rgb.ts';
import type { PictureLimits } from './check-file.ts';
import { decodePicture } from './decode-picture.ts';
import { type Fit, fitBox } from './fit-box.ts';

/** The clip that a picture is for. */
export interface IntakeOptions {
  /** Pixels. */
  width: number;
  /** Pixels. */
  height: number;
  fit: Fit;
}

/**
 * Decodes a picture and says which part of it becomes the clip. Nothing is resized: what the model sees is made from
 * the picture at its own size.
 * @throws UserError with one of `pictureErrorCodes`
 * @throws DecodeError `picture-no-memory`, scope `host`
 */
export async function pictureForClip(
  bytes: Uint8Array,
  { width, height, fit }: IntakeOptions,
  limits?: PictureLimits,
): Promise<FramedPicture> {
  const picture = await decodePicture(bytes, limits);
  const box = fitBox(fit, picture, { width, height });
  const rgb = { width: picture.width, height: picture.height, data: picture.data };
  return box === undefined ? rgb : { ...rgb, box };
}
