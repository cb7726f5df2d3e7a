/** Formats that Kinora decodes. */
export type PictureFormat = 'jpeg' | 'png' | 'webp' | 'gif' | 'avif';

/** What a file's first bytes say it is. */
export type SniffedFile =
  | { kind: 'picture'; format: PictureFormat }
  /** A picture in a format that is not decoded; `name` is for people, e.g. "HEIC". */
  | { kind: 'other-picture'; name: string }
  /** No still picture; `name` is for people, e.g. "PDF", and "unknown" where nothing is known. */
  | { kind: 'other'; name: string };

/** Bytes at the start that are enough to tell every format apart, markup after a long comment included. */
const sniffLength = 4096;

type Signature = readonly [offset: number, text: string];

/** Latin-1 signatures; all parts of one entry must match. Order matters only for RIFF. */
const signatures: readonly (readonly [SniffedFile, ...Signature[]])[] = [
  [{ kind: 'picture', format: 'jpeg' }, [0, '\xff\xd8\xff']],
  [{ kind: 'picture', format: 'png' }, [0, '\x89PNG\r\n\x1a\n']],
  [{ kind: 'picture', format: 'webp' }, [0, 'RIFF'], [8, 'WEBP']],
  [{ kind: 'picture', format: 'gif' }, [0, 'GIF87a']],
  [{ kind: 'picture', format: 'gif' }, [0, 'GIF89a']],
  [{ kind: 'other-picture', name: 'TIFF' }, [0, 'II*\0']],
  [{ kind: 'other-picture', name: 'TIFF' }, [0, 'MM\0*']],
  [{ kind: 'other-picture', name: 'TIFF' }, [0, 'II+\0']],
  [{ kind: 'other-picture', name: 'TIFF' }, [0, 'MM\0+']],
  [{ kind: 'other-picture', name: 'BMP' }, [0, 'BM'], [6, '\0\0\0\0']],
  [{ kind: 'other-picture', name: 'PSD' }, [0, '8BPS']],
  [{ kind: 'other-picture', name: 'JPEG XL' }, [0, '\xff\x0a']],
  [{ kind: 'other-picture', name: 'JPEG XL' }, [0, '\0\0\0\x0cJXL \r\n']],
  [{ kind: 'other-picture', name: 'JPEG 2000' }, [0, '\0\0\0\x0cjP  \r\n']],
  [{ kind: 'other-picture', name: 'JPEG 2000' }, [0, '\xff\x4f\xff\x51']],
  [{ kind: 'other-picture', name: 'ICO' }, [0, '\0\0\x01\0']],
  [{ kind: 'other-picture', name: 'OpenEXR' }, [0, 'v/1\x01']],
  [{ kind: 'other-picture', name: 'QOI' }, [0, 'qoif']],
  [{ kind: 'other', name: 'PDF' }, [0, '%PDF-']],
  [{ kind: 'other', name: 'WebM' }, [0, '\x1aE\xdf\xa3']],
  [{ kind: 'other', name: 'AVI' }, [0, 'RIFF'], [8, 'AVI ']],
  [{ kind: 'other', name: 'WAV' }, [0, 'RIFF'], [8, 'WAVE']],
  [{ kind: 'other', name: 'ZIP' }, [0, 'PK\x03\x04']],
  [{ kind: 'other', name: 'MP3' }, [0, 'ID3']],
  [{ kind: 'other', name: 'Ogg' }, [0, 'OggS']],
];

/** Tells what a file is from its first bytes alone; names and declared types are not to be trusted. Decodes nothing. */
export function sniff(bytes: Uint8Array): SniffedFile {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, sniffLength)).toString('latin1');
  for (const [file, ...parts] of signatures) {
    if (parts.every(([offset, text]) => head.startsWith(text, offset))) {
      return file;
    }
  }
  return sniffIsoMedia(head) ?? sniffMarkup(head) ?? { kind: 'other', name: looksLikeText(head) ? 'text' : 'unknown' };
}

/** ISO base media files (`ftyp` box): still pictures and films share the container; the brand tells. */
function sniffIsoMedia(head: string): SniffedFile | undefined {
  if (!head.startsWith('ftyp', 4)) {
    return undefined;
  }
  const brand = head.slice(8, 12);
  if (brand === 'avif' || brand === 'avis') {
    return { kind: 'picture', format: 'avif' };
  }
  if (/^(hei[cmsx]|hev[cmsx]|mif1|msf1)$/.test(brand)) {
    // Brand `mif1` only says "a picture"; the compatible brands after it say which.
    const isAvif = head.slice(16, 64).includes('avif');
    return isAvif ? { kind: 'picture', format: 'avif' } : { kind: 'other-picture', name: 'HEIC' };
  }
  return { kind: 'other', name: brand === 'qt  ' ? 'QuickTime' : 'MP4' };
}

function sniffMarkup(head: string): SniffedFile | undefined {
  // UTF-16 markup has a zero beside every Latin letter, and marks of byte order stand before the first sign.
  const text = head.replace(/\0|^\xef\xbb\xbf|^\xff\xfe|^\xfe\xff/g, '').trimStart();
  if (!text.startsWith('<')) {
    return undefined;
  }
  if (/<svg[\s>:]|<!doctype\s+svg/i.test(text)) {
    return { kind: 'other-picture', name: 'SVG' };
  }
  return { kind: 'other', name: /<(!doctype\s+html|html|head|body)[\s>]/i.test(text) ? 'HTML' : 'text' };
}

function looksLikeText(head: string): boolean {
  // Control characters other than tab, line feed, form feed, carriage return and escape do not occur in text.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return head.length > 0 && !/[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]/.test(head);
}
