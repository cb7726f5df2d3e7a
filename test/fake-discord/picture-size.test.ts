import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { pictureSize } from '../../src/fake-discord/picture-size.ts';

const picture = sharp({ create: { width: 37, height: 23, channels: 3, background: 'teal' } });

function box(kind: string, ...parts: Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  const header = Buffer.alloc(8);
  header.writeUInt32BE(body.length + 8);
  header.write(kind, 4, 'latin1');
  return Buffer.concat([header, body]);
}

describe('pictureSize', () => {
  it.each(['png', 'jpeg', 'gif', 'webp'] as const)('reads %s', async (format) => {
    expect(pictureSize(await picture.clone().toFormat(format).toBuffer())).toEqual({ width: 37, height: 23 });
  });

  it('reads WebP without loss and with alpha', async () => {
    expect(pictureSize(await picture.clone().webp({ lossless: true }).toBuffer())).toEqual({ width: 37, height: 23 });
    const alpha = picture.clone().ensureAlpha(0.5).webp();
    expect(pictureSize(await alpha.toBuffer())).toEqual({ width: 37, height: 23 });
  });

  it('reads MP4, passing over tracks without a picture', () => {
    const header = (width: number, height: number) => {
      const body = Buffer.alloc(84);
      body.writeUInt32BE(width * 65_536, 76);
      body.writeUInt32BE(height * 65_536, 80);
      return box('trak', box('tkhd', body));
    };
    const file = Buffer.concat([box('ftyp', Buffer.from('isom')), box('moov', header(0, 0), header(256, 144))]);
    expect(pictureSize(file)).toEqual({ width: 256, height: 144 });
  });

  it('knows nothing of other files, nor of truncated ones', async () => {
    expect(pictureSize(Buffer.from('hello'))).toBeUndefined();
    expect(pictureSize(new Uint8Array())).toBeUndefined();
    expect(pictureSize((await picture.clone().png().toBuffer()).subarray(0, 18))).toBeUndefined();
    expect(pictureSize(Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 0]))).toBeUndefined();
  });
});
