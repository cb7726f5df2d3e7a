/** Longest sub-block of a GIF. */
const subBlockBytes = 255;

/** Blocks before the first picture that are looked at. */
const maxBlocks = 64;

const extensionIntroducer = 0x21;
const commentLabel = 0xfe;

/**
 * Puts a comment into a GIF, before its first picture. GIF comments are 7-bit: other characters are written as JSON
 * escapes, so the comment must be JSON.
 */
export function addGifComment(gif: Uint8Array, comment: string): Uint8Array {
  const start = headerLength(gif);
  const escaped = comment.replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
  const text = Buffer.from(escaped, 'latin1');
  const blocks: Uint8Array[] = [Uint8Array.of(extensionIntroducer, commentLabel)];
  for (let position = 0; position < text.length; position += subBlockBytes) {
    const block = text.subarray(position, position + subBlockBytes);
    blocks.push(Uint8Array.of(block.length), block);
  }
  return Buffer.concat([gif.subarray(0, start), ...blocks, Uint8Array.of(0), gif.subarray(start)]);
}

/** The first comment before a GIF's first picture; undefined where there is none or the file is cut off. */
export function readGifComment(gif: Uint8Array): string | undefined {
  let position = headerLength(gif);
  for (let block = 0; block < maxBlocks && gif[position] === extensionIntroducer; block++) {
    const isComment = gif[position + 1] === commentLabel;
    const parts: Uint8Array[] = [];
    position += 2;
    for (let length = gif[position]; length !== 0; length = gif[position]) {
      if (length === undefined) {
        return undefined;
      }
      parts.push(gif.subarray(position + 1, position + 1 + length));
      position += 1 + length;
    }
    position += 1;
    if (isComment) {
      return Buffer.concat(parts).toString('latin1');
    }
  }
  return undefined;
}

/** Bytes of signature, screen descriptor and global colour table. */
function headerLength(gif: Uint8Array): number {
  const flags = gif[10] ?? 0;
  return 13 + (flags & 0x80 ? 3 << ((flags & 7) + 1) : 0);
}
