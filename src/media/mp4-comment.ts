import { bytesAt, type FileEnds } from '../util/file-ends.ts';

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
export function readMp4Comment(file: FileEnds): string | undefined {
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
