import { bytesAt, type FileEnds, wholeFile } from '../util/file-ends.ts';
import { type ClipSettings, readComment } from './clip-metadata.ts';
import { readGifComment } from './gif-comment.ts';
import { readMp4Comment } from './mp4-comment.ts';
import { readXmpDescription } from './xmp.ts';

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
export function readVideoSettings(file: Uint8Array | FileEnds): ClipSettings | undefined {
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
