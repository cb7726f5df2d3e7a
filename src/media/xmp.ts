import type { ClipMetadata } from './clip-metadata.ts';
import { writeComment } from './clip-metadata.ts';

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
