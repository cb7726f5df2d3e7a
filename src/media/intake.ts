import type { RgbPicture } from '../util/rgb.ts';
import { describeDecoderError, openPicture } from './open-picture.ts';

/** How {@link intake} brings a picture to the model's shape. */
export interface IntakeOptions {
  /** Pixels of the result. */
  width: number;
  /** Pixels of the result. */
  height: number;
  /** `crop` keeps the centre, `pad` adds black bars, `stretch` changes the proportions. */
  fit: 'crop' | 'pad' | 'stretch';
}

/** Transparent places become paper: drawings and logos are made to be seen on white. */
const flattenColour = '#ffffff';

/** The bars of `pad`, as on film. */
const padColour = '#000000';

/** Cropping scales the whole picture first; beyond this many times the result's side the rest is cut away before. */
const maxOvershoot = 8;

/**
 * Decodes a picture once and returns it upright, in sRGB, opaque, 8 bits a channel and in the size asked for.
 * Takes the file's bytes as received (JPEG, PNG, WebP, first frame of GIF and animated WebP), which are treated as
 * hostile: see `openPicture` for the limits.
 * @returns `data.length === width * height * 3`
 * @throws UserError with one of `pictureErrorCodes`
 * @throws DecodeError `picture-no-memory`, scope `host`
 */
export async function intake(bytes: Uint8Array, { width, height, fit }: IntakeOptions): Promise<RgbPicture> {
  const picture = await openPicture(bytes);
  const { image } = picture;
  image.autoOrient().flatten({ background: flattenColour });
  if (fit === 'crop') {
    const window = centreWindow(picture, { width, height });
    if (window !== undefined) {
      image.extract(window);
    }
  }
  image.resize({
    width,
    height,
    fit: fit === 'crop' ? 'cover' : fit === 'pad' ? 'contain' : 'fill',
    position: 'centre',
    background: padColour,
    kernel: 'lanczos3',
    fastShrinkOnLoad: false, // saves time only, and shifts the picture by a fraction of a pixel
  });
  if (picture.isProfiledRgb16) {
    // sharp's pipeline brings 16-bit colours to Display P3, not to sRGB, and leaves them there without this.
    image.withIccProfile('srgb');
  }
  try {
    const { data, info } = await image
      .toColourspace('srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    if (info.width !== width || info.height !== height || info.channels !== 3) {
      throw new Error(`decoded to ${info.width}×${info.height}×${info.channels}, not ${width}×${height}×3`);
    }
    return { width, height, data };
  } catch (error) {
    throw describeDecoderError(error);
  }
}

interface Size {
  width: number;
  height: number;
}

/**
 * The middle of a very long or very tall picture, as much as can matter for cropping to `target`. Without it a
 * 1×20000 picture would first be scaled to a height that libvips refuses. Undefined for usual proportions.
 */
function centreWindow(picture: Size, target: Size): (Size & { left: number; top: number }) | undefined {
  const scale = Math.max(target.width / picture.width, target.height / picture.height);
  const width = Math.min(picture.width, Math.ceil((target.width * maxOvershoot) / scale));
  const height = Math.min(picture.height, Math.ceil((target.height * maxOvershoot) / scale));
  if (width === picture.width && height === picture.height) {
    return undefined;
  }
  return {
    left: Math.floor((picture.width - width) / 2),
    top: Math.floor((picture.height - height) / 2),
    width,
    height,
  };
}
