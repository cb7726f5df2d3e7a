import type { Box, FramedPicture, Size } from '../util/rgb.ts';
import type { PictureLimits } from './check-file.ts';
import { decodePicture } from './decode-picture.ts';

/** How a picture takes the clip's shape; `stretch` changes its proportions. */
export type Fit = 'crop' | 'pad' | 'stretch';

/**
 * The part of a picture, in its own whole pixels, that becomes the clip: `crop` keeps the centre, `pad` adds bars, both
 * until the proportions are the clip's as nearly as whole pixels allow. Of an odd pixel the right or lower side gets
 * more. Undefined: the whole picture.
 */
export function fitBox(fit: Fit, picture: Size, clip: Size): Box | undefined {
  if (fit === 'stretch') return undefined;
  const isWider = picture.width * clip.height > picture.height * clip.width;
  // A picture that is too wide is narrowed by cropping and heightened by padding; one that is too tall the other way.
  const box =
    isWider === (fit === 'crop')
      ? { width: atLeastOne((picture.height * clip.width) / clip.height), height: picture.height }
      : { width: picture.width, height: atLeastOne((picture.width * clip.height) / clip.width) };
  if (box.width === picture.width && box.height === picture.height) return undefined;
  return { left: centred(picture.width, box.width), top: centred(picture.height, box.height), ...box };
}

function atLeastOne(pixels: number): number {
  return Math.max(1, Math.round(pixels));
}

/** Where `inner` pixels begin in the middle of `outer`; negative where they are more. */
function centred(outer: number, inner: number): number {
  return inner <= outer ? Math.floor((outer - inner) / 2) : -Math.floor((inner - outer) / 2);
}

/** The clip that a picture is for. */
export interface PictureForClipOptions extends Size {
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
  { width, height, fit }: PictureForClipOptions,
  limits?: PictureLimits,
): Promise<FramedPicture> {
  const picture = await decodePicture(bytes, limits);
  const box = fitBox(fit, picture, { width, height });
  const rgb = { width: picture.width, height: picture.height, data: picture.data };
  return box === undefined ? rgb : { ...rgb, box };
}
