/** Boxes of one level that are looked at. */
const maxBoxes = 1000;

/** A comment beyond this is not Kinora's. */
const maxCommentBytes = 65_536;

/** Where iTunes-style metadata keeps a comment, outermost box first. */
const commentPath = ['moov', 'udta', 'meta', 'ilst', '\xa9cmt', 'data'];

/** The `comment` tag of an MP4 file; undefined where there is none or the boxes do not fit into each other. */
export function readMp4Comment(file: Buffer): string | undefined {
  let body = file;
  for (const name of commentPath) {
    const box = findBox(body, name);
    if (box === undefined) {
      return undefined;
    }
    // A `meta` box begins with four bytes of version and flags; boxes of the other names begin with their first child.
    body = name === 'meta' ? box.subarray(4) : box;
  }
  // Data: four bytes of type, four of locale, then the text.
  return body.length < 8 || body.length > maxCommentBytes ? undefined : body.toString('utf8', 8);
}

/** The body of the first box of this name in a run of boxes. */
function findBox(boxes: Buffer, name: string): Buffer | undefined {
  let position = 0;
  for (let box = 0; box < maxBoxes && position + 8 <= boxes.length; box++) {
    let header = 8;
    let length = boxes.readUInt32BE(position);
    if (length === 1 && position + 16 <= boxes.length) {
      header = 16;
      length = Number(boxes.readBigUInt64BE(position + 8));
    } else if (length === 0) {
      length = boxes.length - position; // to the end
    }
    if (length < header || length > boxes.length - position) {
      return undefined;
    }
    if (boxes.toString('latin1', position + 4, position + 8) === name) {
      return boxes.subarray(position + header, position + length);
    }
    position += length;
  }
  return undefined;
}
