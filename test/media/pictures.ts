import { deflateSync } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';

/** Four flat quarters, so that orientation shows: red | green over blue | white. RGB, 8 bits. */
export const quarters = {
  topLeft: [255, 0, 0],
  topRight: [0, 255, 0],
  bottomLeft: [0, 0, 255],
  bottomRight: [255, 255, 255],
};

/** Raw RGB of {@link quarters}, `width * height * 3`. */
export function quartersRgb(width: number, height: number): Uint8Array {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const isTop = y < height / 2;
      const isLeft = x < width / 2;
      const colour = isTop
        ? isLeft
          ? quarters.topLeft
          : quarters.topRight
        : isLeft
          ? quarters.bottomLeft
          : quarters.bottomRight;
      data.set(colour, (y * width + x) * 3);
    }
  }
  return data;
}

/** A sharp picture of {@link quarters}, to be encoded by the caller. */
export function quartersPicture(width = 64, height = 48): Sharp {
  return sharp(quartersRgb(width, height), { raw: { width, height, channels: 3 } });
}

/** One flat colour, any size. */
export function flatPicture(width: number, height: number, background: string): Sharp {
  return sharp({ create: { width, height, channels: 3, background } });
}

/** The colour at a place, 0…1 from the left and from the top. */
export function colourAt(picture: { width: number; height: number; data: Uint8Array }, x: number, y: number): number[] {
  const column = Math.min(picture.width - 1, Math.floor(x * picture.width));
  const row = Math.min(picture.height - 1, Math.floor(y * picture.height));
  const start = (row * picture.width + column) * 3;
  return [...picture.data.subarray(start, start + 3)];
}

/** A PNG written by hand: a claim of any size and type over any data, which sharp would not write. */
export function handmadePng(options: {
  width: number;
  height: number;
  interlaced?: boolean;
  bitDepth?: 8 | 16;
  /** 0 grey, 2 RGB, 4 grey with alpha, 6 RGB with alpha. */
  colourType?: 0 | 2 | 4 | 6;
  /** Filtered rows before compression. */
  rows?: Uint8Array;
}): Uint8Array {
  const { width, height, interlaced = false, bitDepth = 8, colourType = 2, rows = new Uint8Array(0) } = options;
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([bitDepth, colourType, 0, 0, interlaced ? 1 : 0], 8);
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    pngChunk('IHDR', header),
    pngChunk('IDAT', deflateSync(rows)),
    pngChunk('IEND', Buffer.alloc(0)),
  ]);
}

function pngChunk(name: string, body: Buffer): Buffer {
  const chunk = Buffer.alloc(body.length + 12);
  chunk.writeUInt32BE(body.length, 0);
  chunk.write(name, 4, 'latin1');
  chunk.set(body, 8);
  chunk.writeUInt32BE(crc32(chunk.subarray(4, body.length + 8)), body.length + 8);
  return chunk;
}

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) {
      crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
    }
  }
  return ~crc >>> 0;
}

/** 38 bytes that claim to be a lossless WebP of 12000×12000 pixels. */
export function webpBomb(): Uint8Array {
  const bytes = Buffer.alloc(38);
  bytes.write('RIFF', 0, 'latin1');
  bytes.writeUInt32LE(30, 4);
  bytes.write('WEBPVP8L', 8, 'latin1');
  bytes.writeUInt32LE(18, 16);
  bytes.writeUInt8(0x2f, 20);
  bytes.writeUInt32LE((11_999 | (11_999 << 14)) >>> 0, 21);
  return bytes;
}
