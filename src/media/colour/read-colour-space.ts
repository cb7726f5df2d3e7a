import { type ColourSpace, spaceOfCodes, spaceOfGamma, srgbPrimaries } from './colour-space.ts';

/** Chunks of a PNG, or boxes of an AVIF, that are looked at; files have a few dozen at most. */
const maxParts = 10_000;

/**
 * The colour space that a PNG names by numbers, where it is not sRGB: cICP first, then a profile, sRGB, and gAMA with
 * cHRM, in the order of the PNG specification and of Chromium.
 * @returns undefined: decode it as usual, by its profile if it has one
 */
export function readPngColourSpace(bytes: Uint8Array): ColourSpace | undefined {
  const chunks = pngChunks(bytes);
  const cicp = chunks.get('cICP');
  if (cicp?.length === 4) {
    const [primaries, transfer, matrix, isFullRange] = cicp as unknown as [number, number, number, number];
    const space = matrix === 0 && isFullRange === 1 ? spaceOfCodes(primaries, transfer) : undefined;
    if (space !== undefined || (primaries === 1 && transfer === 13)) return space;
  }
  const gama = chunks.get('gAMA');
  if (chunks.has('iCCP') || chunks.has('sRGB') || gama?.length !== 4) return undefined;
  const encoded = uint32(gama, 0) / 100_000;
  if (encoded === 0) return undefined;
  const chrm = chunks.get('cHRM');
  if (chrm?.length === 32) {
    const [wx, wy, rx, ry, gx, gy, bx, by] = Array.from({ length: 8 }, (_, index) => uint32(chrm, index * 4) / 100_000);
    return spaceOfGamma([rx!, ry!, gx!, gy!, bx!, by!, wx!, wy!], 1 / encoded);
  }
  // What programs write that mean sRGB.
  return Math.abs(encoded * 2.2 - 1) < 0.05 ? undefined : spaceOfGamma(srgbPrimaries, 1 / encoded);
}

/** The first chunk of each name before the pixels. */
function pngChunks(bytes: Uint8Array): Map<string, Uint8Array> {
  const chunks = new Map<string, Uint8Array>();
  for (let at = 8, count = 0; at + 8 <= bytes.length && count < maxParts; count += 1) {
    const length = uint32(bytes, at);
    const name = text(bytes, at + 4);
    if (name === 'IDAT' || at + 12 + length > bytes.length) break;
    if (!chunks.has(name)) chunks.set(name, bytes.subarray(at + 8, at + 8 + length));
    at += 12 + length;
  }
  return chunks;
}

/**
 * The colour space that an AVIF names by numbers (an `nclx` box), where it is not sRGB.
 * @returns undefined: decode it as usual, by its profile if it has one
 */
export function readAvifColourSpace(bytes: Uint8Array): ColourSpace | undefined {
  // meta is a full box: four bytes of version and flags come before what it holds.
  const meta = box(bytes, 'meta')?.subarray(4);
  const properties = meta && box(box(meta, 'iprp') ?? new Uint8Array(0), 'ipco');
  const colr = properties && box(properties, 'colr');
  if (colr === undefined || colr.length < 8 || text(colr, 0) !== 'nclx') return undefined;
  const code = (at: number) => colr[at]! * 256 + colr[at + 1]!;
  return spaceOfCodes(code(4), code(6), { videoIsSrgb: true });
}

/** The contents of the first box of that name. */
function box(bytes: Uint8Array, name: string): Uint8Array | undefined {
  for (let at = 0, count = 0; at + 8 <= bytes.length && count < maxParts; count += 1) {
    const length = uint32(bytes, at);
    // 0 (to the end) and 1 (64-bit) only occur on boxes of pixels, which come last.
    if (length < 8 || at + length > bytes.length) return undefined;
    if (text(bytes, at + 4) === name) return bytes.subarray(at + 8, at + length);
    at += length;
  }
  return undefined;
}

function uint32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

function text(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 4));
}
