import { describe, expect, it } from 'vitest';
import { sniff } from '../../src/media/sniff.ts';

const latin1 = (text: string): Uint8Array => Buffer.from(text, 'latin1');

describe('sniff', () => {
  it.each([
    ['jpeg', '\xff\xd8\xff\xe0\0\x10JFIF'],
    ['png', '\x89PNG\r\n\x1a\n\0\0\0\rIHDR'],
    ['webp', 'RIFF\x1e\0\0\0WEBPVP8L'],
    ['gif', 'GIF89a\x01\0\x01\0'],
    ['gif', 'GIF87a\x01\0\x01\0'],
    ['avif', '\0\0\0\x20ftypavif\0\0\0\0avifmif1miaf'],
    ['avif', '\0\0\0\x20ftypmif1\0\0\0\0mif1avifmiaf'],
  ])('knows %s', (format, head) => {
    expect(sniff(latin1(head))).toEqual({ kind: 'picture', format });
  });

  it.each([
    ['HEIC', '\0\0\0\x18ftypheic\0\0\0\0mif1heic'],
    ['HEIC', '\0\0\0\x18ftypmif1\0\0\0\0mif1heic'],
    ['SVG', '<svg xmlns="http://www.w3.org/2000/svg"/>'],
    ['SVG', '\xef\xbb\xbf\n<?xml version="1.0"?><!-- drawn --><svg width="1"/>'],
    ['SVG', '<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/hostname">]><svg/>'],
    ['SVG', '\xff\xfe<\0s\0v\0g\0 \0/\0>\0'],
    ['TIFF', 'II*\0\x08\0\0\0'],
    ['TIFF', 'MM\0*\0\0\0\x08'],
    ['BMP', 'BM\x36\0\0\0\0\0\0\0\x36'],
    ['PSD', '8BPS\0\x01'],
    ['JPEG XL', '\xff\x0a\xfa\x1f'],
    ['JPEG 2000', '\0\0\0\x0cjP  \r\n\x87\n'],
    ['ICO', '\0\0\x01\0\x01\0'],
  ])('names %s, a picture that is not decoded', (name, head) => {
    expect(sniff(latin1(head))).toEqual({ kind: 'other-picture', name });
  });

  it.each([
    ['PDF', '%PDF-1.7\n'],
    ['MP4', '\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41'],
    ['QuickTime', '\0\0\0\x14ftypqt  \0\0\0\0qt  '],
    ['WebM', '\x1aE\xdf\xa3\x9f'],
    ['AVI', 'RIFF\0\0\0\0AVI LIST'],
    ['ZIP', 'PK\x03\x04\x14'],
    ['HTML', '<!DOCTYPE html><html><body>404</body></html>'],
    ['HTML', '\n<html lang="en"></html>'],
    ['text', '<note>not a picture</note>'],
    ['text', 'Hello.\r\n\tThis is a text.'],
    ['text', 'GIF8'],
    ['unknown', '\x00\x01\x02\x03 odd'],
    ['unknown', ''],
  ])('names %s, which is no picture', (name, head) => {
    expect(sniff(latin1(head))).toEqual({ kind: 'other', name });
  });
});
