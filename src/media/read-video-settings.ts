import { type ClipSettings, readComment } from './clip-metadata.ts';
import { readGifComment } from './gif-comment.ts';
import { readMp4Comment } from './mp4-comment.ts';
import { readXmpDescription } from './xmp.ts';

/** Chunks of a WebP file that are looked at. */
const maxChunks = 10_000;

/** A packet beyond this is not Kinora's. */
const maxXmpBytes = 65_536;

/**
 * Reads the settings that a clip carries: MP4, WebP or GIF, as the encoders of this folder write them.
 * Only a few lengths and one text are read, never a picture, and hostile bytes cost no more than good ones; so it may
 * be called in any process.
 * @returns undefined if the file is not a clip of Kinora's, or has lost its metadata on the way
 */
export function readVideoSettings(bytes: Uint8Array): ClipSettings | undefined {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const comment = findComment(file);
  return comment === undefined ? undefined : readComment(comment);
}

function findComment(file: Buffer): string | undefined {
  const head = file.toString('latin1', 0, 12);
  if (head.startsWith('ftyp', 4)) {
    return readMp4Comment(file);
  }
  if (head.startsWith('GIF8')) {
    return readGifComment(file);
  }
  if (head.startsWith('RIFF') && head.endsWith('WEBP')) {
    return readWebpComment(file);
  }
  return undefined;
}

function readWebpComment(file: Buffer): string | undefined {
  let position = 12;
  for (let chunk = 0; chunk < maxChunks && position + 8 <= file.length; chunk++) {
    const length = file.readUInt32LE(position + 4);
    if (file.toString('latin1', position, position + 4) === 'XMP ') {
      return length > maxXmpBytes
        ? undefined
        : readXmpDescription(file.toString('utf8', position + 8, position + 8 + length));
    }
    position += 8 + length + (length % 2);
  }
  return undefined;
}
