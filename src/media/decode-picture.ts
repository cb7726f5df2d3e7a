import type { Sharp } from 'sharp';
import { AppError } from '../errors.ts';
import type { RgbPicture } from '../util/rgb.ts';
import { type PictureLimits, pictureLimits } from './check-file.ts';
import type { ColourSpace } from './colour/colour-space.ts';
import { readAvifColourSpace, readPngColourSpace } from './colour/read-colour-space.ts';
import { type RawPixels, toSrgb } from './colour/to-srgb.ts';
import { readGifFrameBox } from './gif-frame-box.ts';
import { layOnWhite, whitenOutside } from './lay-on-white.ts';
import { describeDecoderError, type OpenPicture, type OpenPictureOptions, openPicture } from './open-picture.ts';
import type { PictureFormat } from './sniff.ts';

/** A decoded picture. */
export interface DecodedPicture extends RgbPicture {
  format: PictureFormat;
  /** Every pixel is white: there is nothing to see. */
  isBlank: boolean;
}

/** Larger pictures are made smaller while they are read. The bot takes none so large. */
const wholePixels = 100_000_000;

/** Of an animation that begins with nothing, so many frames are looked at. */
const maxEmptyFrames = 60;

/**
 * Decodes a picture once and returns it upright, in sRGB, opaque, 8 bits a channel and in its own size.
 * Takes the file's bytes as received (JPEG, PNG, WebP, GIF, AVIF; of an animation the first frame that shows
 * something), which are treated as hostile: see `openPicture` for the limits. Colours become what Chromium shows;
 * transparent places become white.
 * Memory, measured by bench/pictures.ts: three bytes a pixel, five while a transparent picture is laid on white, seven
 * for progressive JPEGs and interlaced PNGs, eleven for WebP, twenty for AVIF.
 * @throws UserError with one of `pictureErrorCodes`
 */
export async function decodePicture(bytes: Uint8Array, limits: PictureLimits = pictureLimits): Promise<DecodedPicture> {
  try {
    return await asBrowsersDo(bytes, (whole, failOn) => decode(whole, { limits, failOn }));
  } catch (error) {
    throw describeDecoderError(error, limits);
  }
}

/**
 * Files that are not quite by the book, as phones and old programs write them, are taken like any browser takes them.
 * Those that end too early are not: half of them would be grey.
 */
async function asBrowsersDo<T>(
  bytes: Uint8Array,
  use: (bytes: Uint8Array, failOn: OpenPictureOptions['failOn']) => Promise<T>,
): Promise<T> {
  try {
    return await use(bytes, 'warning');
  } catch (error) {
    if (error instanceof AppError || !(error instanceof Error) || /^timeout: /m.test(error.message)) throw error;
    if (!/premature end/.test(error.message)) return use(bytes, 'error');
    // All may be there but for the end marker. Where more is missing, the decoder warns again.
    if (!/premature end of JPEG image/.test(error.message)) throw error;
    return use(Buffer.concat([bytes, Uint8Array.of(0xff, 0xd9)]), 'warning');
  }
}

async function decode(bytes: Uint8Array, options: OpenPictureOptions): Promise<DecodedPicture> {
  const opened = await openPicture(bytes, options);
  const { format, pages } = opened;
  for (let page = 0; ; page += 1) {
    const picture = page === 0 ? opened : await openPicture(bytes, { ...options, page });
    const raw = await readPixels(bytes, picture, { ...options, page });
    const laid = layOnWhite(raw.data, raw.channels);
    if (laid.isClear && page + 1 < Math.min(pages, maxEmptyFrames)) continue;
    const { width, height } = raw;
    const frame = format === 'gif' && page === 0 ? readGifFrameBox(bytes) : undefined;
    if (frame !== undefined) whitenOutside({ width, height, data: laid.data }, frame);
    return { format, width, height, data: laid.data, isBlank: laid.data.every((value) => value === 255) };
  }
}

interface Pixels {
  width: number;
  height: number;
  /** 8-bit sRGB, with alpha where there are four channels. */
  data: Uint8Array;
  channels: 3 | 4;
}

async function readPixels(bytes: Uint8Array, picture: OpenPicture, options: OpenPictureOptions): Promise<Pixels> {
  const { format, hasProfile, space } = picture;
  if (space === 'cmyk' && !hasProfile) return fromInk(picture);
  const named = format === 'png' ? readPngColourSpace(bytes) : undefined;
  const own = format === 'avif' && !hasProfile ? readAvifColourSpace(bytes) : named;
  if (own === undefined) return fromProfile(picture);
  return fromSpace(await openPicture(bytes, { ...options, ignoreProfile: true }), own);
}

/** The usual way: by the profile where there is one, else as sRGB. */
async function fromProfile(picture: OpenPicture): Promise<Pixels> {
  const image = prepared(picture);
  if (picture.hasProfile && picture.space === 'rgb16') {
    // sharp's pipeline brings 16-bit colours to Display P3, not to sRGB, and leaves them there without this.
    image.withIccProfile('srgb');
  }
  const { data, info } = await image
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data, channels: threeOrFour(info.channels) };
}

async function fromSpace(picture: OpenPicture, own: ColourSpace): Promise<Pixels> {
  const isDeep = picture.space.endsWith('16');
  const { data, info } = await prepared(picture)
    .toColourspace(isDeep ? 'rgb16' : 'srgb')
    .raw({ depth: isDeep ? 'ushort' : 'uchar' })
    .toBuffer({ resolveWithObject: true });
  const channels = threeOrFour(info.channels);
  const raw: RawPixels = isDeep
    ? {
        data: new Uint16Array(data.buffer, data.byteOffset, data.length / 2),
        channels,
        maxValue: maxDeepValue(picture),
      }
    : { data, channels, maxValue: 255 };
  return { width: info.width, height: info.height, data: toSrgb(raw, own), channels };
}

/** AVIF's 10 and 12 bits come in the upper bits of 16. */
function maxDeepValue({ format, bitsPerSample }: OpenPicture): number {
  return format === 'avif' && bitsPerSample < 16 ? 65_536 - 2 ** (16 - bitsPerSample) : 65_535;
}

/** CMYK without a profile: what each ink lets through, multiplied, as browsers do. */
async function fromInk(picture: OpenPicture): Promise<Pixels> {
  const { data, info } = await prepared(picture)
    .pipelineColourspace('cmyk')
    .toColourspace('cmyk')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  const pixels = info.width * info.height;
  for (let pixel = 0; pixel < pixels; pixel += 1) {
    const from = pixel * info.channels;
    const through = 255 - data[from + 3]!;
    for (let channel = 0; channel < 3; channel += 1) {
      data[pixel * 3 + channel] = Math.round(((255 - data[from + channel]!) * through) / 255);
    }
  }
  return { width: info.width, height: info.height, data: data.subarray(0, pixels * 3), channels: 3 };
}

/** Upright, and smaller where it is beyond {@link wholePixels}: with shrink-on-load where the format has it. */
function prepared({ image, width, height }: OpenPicture): Sharp {
  image.autoOrient();
  const shrink = Math.ceil(Math.sqrt((width * height) / wholePixels));
  if (shrink > 1) {
    image.resize({ width: Math.ceil(width / shrink), height: Math.ceil(height / shrink), fit: 'fill' });
  }
  return image;
}

function threeOrFour(channels: number): 3 | 4 {
  if (channels === 3 || channels === 4) return channels;
  throw new Error(`decoded to ${channels} channels`);
}
