import type { FlatSettings } from '../settings/flat-settings.ts';
import { bytesAt, type FileEnds, wholeFile } from '../util/file-ends.ts';
import { readComment, readGifComment, readXmpDescription } from './clip-metadata.ts';

/** Boxes of one level that are looked at. */
const maxBoxes = 1000;

/** A comment beyond this is not Kinora's. */
const maxCommentBytes = 65_536;

/** Where iTunes-style metadata keeps a comment, outermost box first. */
const commentPath = ['moov', 'udta', 'meta', 'ilst', '\xa9cmt', 'data'];

/** A run of bytes of the file, its end excluded. */
interface Span {
  start: number;
  end: number;
}

/**
 * The `comment` tag of an MP4 file; undefined where there is none, the boxes do not fit into each other, or a box that
 * leads to it is not at hand. Boxes are walked by their lengths, so the frames' data need not be there.
 */
function readMp4Comment(file: FileEnds): string | undefined {
  let span: Span = { start: 0, end: file.size };
  for (const name of commentPath) {
    const body = findBox(file, name, span);
    if (body === undefined) return undefined;
    // A `meta` box begins with four bytes of version and flags; boxes of the other names begin with their first child.
    span = name === 'meta' ? { start: body.start + 4, end: body.end } : body;
  }
  // Data: four bytes of type, four of locale, then the text.
  const length = span.end - span.start - 8;
  return length < 0 || length > maxCommentBytes ? undefined : bytesAt(file, span.start + 8, length)?.toString('utf8');
}

/** The body of the first box of this name in a run of boxes. */
function findBox(file: FileEnds, name: string, { start, end }: Span): Span | undefined {
  let position = start;
  for (let box = 0; box < maxBoxes && position + 8 <= end; box++) {
    const header = bytesAt(file, position, 8);
    if (header === undefined) return undefined;
    const { length, headerLength } = lengthOf(file, header, { start: position, end });
    if (length < headerLength || length > end - position) return undefined;
    if (header.toString('latin1', 4, 8) === name) return { start: position + headerLength, end: position + length };
    position += length;
  }
  return undefined;
}

/** Bytes of a box, its header included; 0 where its header is cut off. */
function lengthOf(file: FileEnds, header: Buffer, { start, end }: Span): { length: number; headerLength: number } {
  const length = header.readUInt32BE(0);
  if (length === 0) return { length: end - start, headerLength: 8 };
  if (length !== 1) return { length, headerLength: 8 };
  const large = bytesAt(file, start + 8, 8);
  return { length: large === undefined ? 0 : Number(large.readBigUInt64BE(0)), headerLength: 16 };
}

/** Chunks of a WebP file that are looked at. */
const maxChunks = 10_000;

/** A packet beyond this is not Kinora's. */
const maxXmpBytes = 65_536;

const xmpName = 'XMP ';

/** Bytes that may only look like the packet's chunk. */
const maxNames = 16;

/**
 * Reads the settings that a clip carries: MP4, WebP or GIF, as the encoders of this folder write them.
 * Only a few lengths and one text are read, never a picture, and hostile bytes cost no more than good ones; so it may
 * be called in any process. The first and last 64 KiB or so are enough: GIFs have their settings before the first
 * picture, MP4s before or after the frames, WebPs after them.
 * @returns undefined if the file is not a clip of Kinora's, has lost its metadata on the way, or what holds them is not
 * at hand
 */
export function readVideoSettings(file: Uint8Array | FileEnds): FlatSettings | undefined {
  const comment = findComment(file instanceof Uint8Array ? wholeFile(file) : file);
  return comment === undefined ? undefined : readComment(comment);
}

function findComment(file: FileEnds): string | undefined {
  const signature = bytesAt(file, 0, Math.min(12, file.head.byteLength))?.toString('latin1') ?? '';
  if (signature.startsWith('ftyp', 4)) {
    return readMp4Comment(file);
  }
  if (signature.startsWith('GIF8')) {
    return readGifComment(file.head);
  }
  if (signature.startsWith('RIFF') && signature.endsWith('WEBP')) {
    return readWebpComment(file);
  }
  return undefined;
}

function readWebpComment(file: FileEnds): string | undefined {
  let position = 12;
  for (let chunk = 0; chunk < maxChunks && position + 8 <= file.size; chunk++) {
    const header = bytesAt(file, position, 8);
    if (header === undefined) return readLastChunk(file);
    const length = header.readUInt32LE(4);
    if (header.toString('latin1', 0, 4) === xmpName) return readPacket(file, position + 8, length);
    position += 8 + length + (length % 2);
  }
  return undefined;
}

/** Where the way through the frames' chunks is not at hand: the packet is the last chunk, and ends with the file. */
function readLastChunk(file: FileEnds): string | undefined {
  const tail = Buffer.from(file.tail.buffer, file.tail.byteOffset, file.tail.byteLength);
  let at = tail.lastIndexOf(xmpName, -8, 'latin1');
  for (let found = 0; found < maxNames && at >= 0; found++) {
    const length = tail.readUInt32LE(at + 4);
    if (at + 8 + length + (length % 2) === tail.byteLength) {
      return readPacket(file, file.size - tail.byteLength + at + 8, length);
    }
    at = at === 0 ? -1 : tail.lastIndexOf(xmpName, at - 1, 'latin1');
  }
  return undefined;
}

/** A packet that claims more bytes than there are is read as far as it goes. */
function readPacket(file: FileEnds, start: number, length: number): string | undefined {
  if (length > maxXmpBytes) return undefined;
  const packet = bytesAt(file, start, Math.min(length, file.size - start));
  return packet && readXmpDescription(packet.toString('utf8'));
}
