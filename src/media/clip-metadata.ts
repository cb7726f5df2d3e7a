import { currentSettings, type FlatSettings } from '../settings/flat-settings.ts';

/** What a clip's file says of itself. */
export interface ClipMetadata {
  /** For people; players show it. GIF has no place for it. */
  title: string;
  /** Seed and settings; `readVideoSettings` reads them back. */
  settings: FlatSettings;
}

/** Version of the comment's format, and the mark that tells Kinora's comments from others'. */
const commentVersion = 1;

/** Comments beyond these are not Kinora's. */
const commentLimits = { characters: 16_384, settings: 100 } as const;

/** The text that carries settings in a file's comment: one line of JSON. */
export function writeComment(settings: FlatSettings): string {
  return JSON.stringify({ kinora: commentVersion, ...settings });
}

/** Settings from a file's comment, under today's names; undefined if the comment is not one of {@link writeComment}. */
export function readComment(comment: string): FlatSettings | undefined {
  if (comment.length > commentLimits.characters || !comment.startsWith('{"kinora":')) {
    return undefined;
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(comment);
  } catch {
    return undefined;
  }
  if (typeof parsed !== 'object' || parsed === null) {
    return undefined;
  }
  const entries = Object.entries(parsed).filter(
    (entry): entry is [string, string | number | boolean] =>
      entry[0] !== 'kinora' && ['string', 'number', 'boolean'].includes(typeof entry[1]),
  );
  return entries.length <= commentLimits.settings ? currentSettings(Object.fromEntries(entries)) : undefined;
}

/** An XMP packet (the metadata of WebP) with title and, as its description, the settings' comment. */
export function writeXmp({ title, settings }: ClipMetadata): string {
  const alternative = (text: string): string =>
    `<rdf:Alt><rdf:li xml:lang="x-default">${escapeXml(text)}</rdf:li></rdf:Alt>`;
  return [
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>',
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">',
    '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/">',
    `<dc:title>${alternative(title)}</dc:title>`,
    `<dc:description>${alternative(writeComment(settings))}</dc:description>`,
    '</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>',
  ].join('');
}

/** The description of a packet that {@link writeXmp} wrote; no XML parser, so other programs' packets give undefined. */
export function readXmpDescription(xmp: string): string | undefined {
  const [, text] = /<dc:description><rdf:Alt><rdf:li xml:lang="x-default">([^<]*)</.exec(xmp) ?? [];
  return text?.replace(/&(amp|lt|gt|quot);/g, (_, name: keyof typeof xmlCharacters) => xmlCharacters[name]);
}

const xmlCharacters = { amp: '&', lt: '<', gt: '>', quot: '"' } as const;

function escapeXml(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');
}

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
