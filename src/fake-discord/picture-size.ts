/** Width and height in pixels. */
export interface PictureSize {
  width: number;
  height: number;
}

/** Reads the size from the header of a PNG, GIF, JPEG, WebP or MP4 file, as Discord does on upload; undefined for others. */
export function pictureSize(bytes: Uint8Array): PictureSize | undefined {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    return pngSize(view) ?? gifSize(view) ?? jpegSize(view) ?? webpSize(view) ?? mp4Size(view);
  } catch (error) {
    // A header that ends too early: Discord then shows a file, not a picture.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function pngSize(view: Buffer): PictureSize | undefined {
  if (view.toString('latin1', 0, 8) !== '\x89PNG\r\n\x1a\n') return undefined;
  return { width: view.readUInt32BE(16), height: view.readUInt32BE(20) };
}

function gifSize(view: Buffer): PictureSize | undefined {
  if (view.toString('latin1', 0, 4) !== 'GIF8') return undefined;
  return { width: view.readUInt16LE(6), height: view.readUInt16LE(8) };
}

function jpegSize(view: Buffer): PictureSize | undefined {
  if (view.toString('latin1', 0, 3) !== '\xff\xd8\xff') return undefined;
  let at = 2;
  while (at < view.length) {
    const marker = view.readUInt16BE(at);
    const isFrame = marker >= 0xffc0 && marker <= 0xffcf && ![0xffc4, 0xffc8, 0xffcc].includes(marker);
    if (isFrame) return { height: view.readUInt16BE(at + 5), width: view.readUInt16BE(at + 7) };
    at += 2 + view.readUInt16BE(at + 2);
  }
  return undefined;
}

function webpSize(view: Buffer): PictureSize | undefined {
  if (view.toString('latin1', 0, 4) !== 'RIFF' || view.toString('latin1', 8, 12) !== 'WEBP') return undefined;
  const kind = view.toString('latin1', 12, 16);
  if (kind === 'VP8X') return { width: view.readUIntLE(24, 3) + 1, height: view.readUIntLE(27, 3) + 1 };
  if (kind === 'VP8 ') return { width: view.readUInt16LE(26) & 0x3fff, height: view.readUInt16LE(28) & 0x3fff };
  if (kind !== 'VP8L') return undefined;
  const bits = view.readUInt32LE(21);
  return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
}

/** The first track with a size: boxes moov > trak > tkhd, whose last 8 bytes are 16.16 width and height. */
function mp4Size(view: Buffer): PictureSize | undefined {
  if (view.toString('latin1', 4, 8) !== 'ftyp') return undefined;
  const movie = boxes(view).find((box) => box.kind === 'moov');
  for (const track of movie ? boxes(movie.body) : []) {
    if (track.kind !== 'trak') continue;
    const header = boxes(track.body).find((box) => box.kind === 'tkhd')?.body;
    if (!header) continue;
    const size = { width: header.readUInt16BE(header.length - 8), height: header.readUInt16BE(header.length - 4) };
    if (size.width > 0 && size.height > 0) return size;
  }
  return undefined;
}

function boxes(view: Buffer): { kind: string; body: Buffer }[] {
  const found: { kind: string; body: Buffer }[] = [];
  let at = 0;
  while (at + 8 <= view.length) {
    const size = view.readUInt32BE(at);
    if (size < 8) break;
    found.push({ kind: view.toString('latin1', at + 4, at + 8), body: view.subarray(at + 8, at + size) });
    at += size;
  }
  return found;
}
