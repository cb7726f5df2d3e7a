import type { Sharp } from 'sharp';
import { AppError } from '../errors.ts';
import type { FitName } from '../settings/clip-form.ts';
import type { Box, FramedPicture, RgbPicture, Size } from '../util/rgb.ts';
import { type PictureLimits, pictureLimits } from './check-file.ts';
import type { ColourSpace } from './colour/colour-space.ts';
import { readAvifColourSpace, readPngColourSpace } from './colour/read-colour-space.ts';
import { type RawPixels, toSrgb } from './colour/to-srgb.ts';
import { describeDecoderError, type OpenPicture, type OpenPictureOptions, openPicture } from './open-picture.ts';
import type { PictureFormat } from './sniff.ts';

/** Blocks before the first frame that are looked at: comments, the loop, one frame's timing. */
const maxBlocks = 1000;

/**
 * Where the first frame of a GIF lies on its canvas, where it does not fill it: the rest is transparent, but a GIF
 * that knows no transparency is decoded with black there.
 * @returns undefined: it fills the canvas, or the file is not as it should be, which is for the decoder to say
 */
function readGifFrameBox(bytes: Uint8Array): Box | undefined {
  const uint16 = (at: number) => (bytes[at] ?? 0) + (bytes[at + 1] ?? 0) * 256;
  const [canvasWidth, canvasHeight, flags] = [uint16(6), uint16(8), bytes[10] ?? 0];
  let at = 13 + (flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0); // after the palette of all frames
  for (let blocks = 0; blocks < maxBlocks && at < bytes.length; blocks += 1) {
    if (bytes[at] === 0x2c) {
      const box = { left: uint16(at + 1), top: uint16(at + 3), width: uint16(at + 5), height: uint16(at + 7) };
      const isWhole = box.left === 0 && box.top === 0 && box.width >= canvasWidth && box.height >= canvasHeight;
      return isWhole || at + 9 > bytes.length ? undefined : box;
    }
    if (bytes[at] !== 0x21) return undefined;
    at += 2;
    while (at < bytes.length && bytes[at] !== 0) at += bytes[at]! + 1;
    at += 1;
  }
  return undefined;
}

/** Transparent places become paper: drawings and logos are made to be seen on white. */
const paper = 255;

/**
 * Lays a picture on white, rounding as Pillow's `alpha_composite` does. Works in the array it is given.
 * @returns RGB; `isClear`: every pixel was wholly transparent
 */
function layOnWhite(data: Uint8Array, channels: 3 | 4): { data: Uint8Array; isClear: boolean } {
  if (channels === 3) return { data, isClear: false };
  let isClear = true;
  let to = 0;
  for (let from = 0; from < data.length; from += 4) {
    const alpha = data[from + 3]!;
    if (alpha !== 0) isClear = false;
    const white = paper * (255 - alpha);
    // Nearest whole number: a quotient of 255 is never half way between two.
    data[to] = ((data[from]! * alpha + white) / 255 + 0.5) | 0;
    data[to + 1] = ((data[from + 1]! * alpha + white) / 255 + 0.5) | 0;
    data[to + 2] = ((data[from + 2]! * alpha + white) / 255 + 0.5) | 0;
    to += 3;
  }
  return { data: data.subarray(0, to), isClear };
}

/** Whitens what is outside a box, in the array itself. */
function whitenOutside({ width, height, data }: RgbPicture, box: Box): void {
  const left = clamp(box.left, width);
  const right = clamp(box.left + box.width, width);
  for (let y = 0; y < height; y += 1) {
    const isInside = y >= box.top && y < box.top + box.height;
    const row = y * width * 3;
    data.fill(paper, row, row + (isInside ? left : width) * 3);
    if (isInside) data.fill(paper, row + right * 3, row + width * 3);
  }
}

function clamp(place: number, end: number): number {
  return Math.min(Math.max(place, 0), end);
}

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
 * Memory, measured by bench/pictures.ts: three bytes a pixel, five while a transparent picture is flattened on white, seven
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
    const flattened = layOnWhite(raw.data, raw.channels);
    if (flattened.isClear && page + 1 < Math.min(pages, maxEmptyFrames)) continue;
    const { width, height } = raw;
    const frame = format === 'gif' && page === 0 ? readGifFrameBox(bytes) : undefined;
    if (frame !== undefined) whitenOutside({ width, height, data: flattened.data }, frame);
    return { format, width, height, data: flattened.data, isBlank: flattened.data.every((value) => value === 255) };
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

/**
 * The part of a picture, in its own whole pixels, that becomes the clip: `crop` keeps the centre, `pad` adds bars, both
 * until the proportions are the clip's as nearly as whole pixels allow. Of an odd pixel the right or lower side gets
 * more. Undefined: the whole picture, which `stretch` brings to other proportions.
 */
export function fitBox(fit: FitName, picture: Size, clip: Size): Box | undefined {
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
  fit: FitName;
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
