import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.ts';
import { pictureErrorCodes, pictureLimits } from '../../src/media/check-file.ts';
import { configureSharp } from '../../src/media/configure-sharp.ts';
import { pictureForClip } from '../../src/media/decode-picture.ts';
import { describeDecoderError, readPictureInfo } from '../../src/media/open-picture.ts';
import { flatPicture, handmadePng, quartersPicture, webpBomb } from './pictures.ts';

const entitySvg =
  '<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY file SYSTEM "file:///etc/hostname">]>' +
  '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><text>&file;</text></svg>';

async function rejection(bytes: Uint8Array): Promise<UserError> {
  const error = await pictureForClip(bytes, { width: 32, height: 32, fit: 'crop' }).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof UserError)) {
    throw new Error(`expected a UserError, got ${error}`);
  }
  expect(pictureErrorCodes).toContain(error.code);
  return error;
}

describe('what is not a picture', () => {
  it('refuses an empty file', async () => {
    expect(await rejection(new Uint8Array(0))).toMatchObject({ code: 'picture-empty' });
  });

  it('refuses too many bytes before it looks at them', async () => {
    expect(await rejection(new Uint8Array(pictureLimits.maxBytes + 1))).toMatchObject({
      code: 'picture-too-many-bytes',
      message: 'The file has 20.1 MB; 20 MB is the most.',
      details: { sizeMb: 20.1, limitMb: 20 },
    });
  });

  it('refuses a text renamed to .png and names what it is', async () => {
    expect(await rejection(Buffer.from('I am no picture.\n'))).toMatchObject({
      code: 'picture-not-a-picture',
      message: 'The file is not a picture (it looks like text). Send a JPEG, PNG, WebP, GIF or AVIF picture.',
      details: { found: 'text' },
    });
  });

  it('refuses noise without a guess', async () => {
    expect(await rejection(Uint8Array.from([0, 1, 2, 3, 4]))).toMatchObject({
      message: 'The file is not a picture. Send a JPEG, PNG, WebP, GIF or AVIF picture.',
      details: { found: 'unknown' },
    });
  });

  it('refuses SVG with external entities', async () => {
    expect(await rejection(Buffer.from(entitySvg))).toMatchObject({
      code: 'picture-unsupported',
      details: { found: 'SVG' },
    });
  });

  it('refuses TIFF, and an AVIF of which only the name is there', async () => {
    const box = Buffer.from('\0\0\0\x20ftypavif\0\0\0\0avifmif1miaf', 'latin1');
    expect(await rejection(box)).toMatchObject({ code: 'picture-broken' });
    const tiff = await flatPicture(9, 9, 'red').tiff().toBuffer();
    expect(await rejection(tiff)).toMatchObject({ code: 'picture-unsupported', details: { found: 'TIFF' } });
  });
});

describe('loaders', () => {
  it('are blocked in libvips itself, whatever sniffing says', async () => {
    configureSharp();
    const tiff = await flatPicture(9, 9, 'red').tiff().toBuffer();
    const pdf = Buffer.from('%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n');
    for (const [name, bytes] of Object.entries({ tiff, pdf, svg: Buffer.from(entitySvg) })) {
      await expect(sharp(bytes).metadata(), name).rejects.toThrow(/unsupported image format/);
    }
  });

  it('read no files, not even of formats that are allowed', async () => {
    configureSharp();
    const folder = await mkdtemp(join(tmpdir(), 'kinora-test-'));
    try {
      const path = join(folder, 'picture.png');
      const bytes = await flatPicture(9, 9, 'red').png().toBuffer();
      await writeFile(path, bytes);
      await expect(sharp(path).metadata()).rejects.toThrow(/unsupported image format/);
      expect(await sharp(bytes).metadata()).toMatchObject({ format: 'png' });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe('bombs', () => {
  it('refuses 38 bytes of WebP that claim 12000×12000', async () => {
    expect(webpBomb()).toHaveLength(38);
    expect(await rejection(webpBomb())).toMatchObject({
      code: 'picture-too-many-pixels',
      details: { limitMegapixels: 25 },
    });
  });

  it('refuses a PNG header of 12000×12000', async () => {
    const bytes = handmadePng({ width: 12_000, height: 12_000 });
    expect(await rejection(bytes)).toMatchObject({ code: 'picture-too-many-pixels' });
    await expect(readPictureInfo(bytes)).rejects.toMatchObject({ code: 'picture-too-many-pixels' });
  });

  it('refuses a real picture above the limit, and takes one just below', async () => {
    const tooLarge = await flatPicture(5001, 5000, 'red').png({ compressionLevel: 1 }).toBuffer();
    expect(await rejection(tooLarge)).toMatchObject({ code: 'picture-too-many-pixels' });
    const allowed = await flatPicture(5000, 5000, 'red').png({ compressionLevel: 1 }).toBuffer();
    expect(await readPictureInfo(allowed)).toMatchObject({ width: 5000, height: 5000 });
  });

  it('refuses interlaced PNGs above 16 megapixels from the header', async () => {
    const bytes = handmadePng({ width: 4001, height: 4000, interlaced: true });
    expect(await rejection(bytes)).toMatchObject({
      code: 'picture-too-large-interlaced',
      details: { width: 4001, height: 4000, limitMegapixels: 16 },
    });
    // The same picture without interlacing passes the header check; only its missing rows are at fault.
    expect(await rejection(handmadePng({ width: 4001, height: 4000 }))).toMatchObject({ code: 'picture-broken' });
  });

  it('refuses progressive JPEGs above 16 megapixels', async () => {
    const bytes = await flatPicture(4001, 4000, 'red').jpeg({ progressive: true }).toBuffer();
    expect(await rejection(bytes)).toMatchObject({ code: 'picture-too-large-interlaced' });
  });

  it('does not wait for an endless picture', () => {
    const error = describeDecoderError(new Error('timeout: 42% complete'));
    expect(error).toMatchObject({ code: 'picture-timeout', details: { limitSeconds: 10 } });
  });
});

describe('broken pictures', () => {
  it.each(['jpeg', 'png', 'webp', 'gif', 'avif'] as const)('refuses a %s that is cut off', async (format) => {
    const bytes = await quartersPicture(640, 480).toFormat(format).toBuffer();
    for (const share of [0.02, 0.5, 0.9]) {
      const error = await rejection(bytes.subarray(0, Math.max(12, Math.floor(bytes.length * share))));
      expect(error.code).toBe('picture-broken');
      expect(error.cause).toBeInstanceOf(Error);
    }
  });

  it('refuses headers that promise nothing', async () => {
    expect(await rejection(handmadePng({ width: 0, height: 10 }))).toMatchObject({ code: 'picture-broken' });
    expect(await rejection(Buffer.from('GIF89a\0\0\0\0\0\0\0;', 'latin1'))).toMatchObject({ code: 'picture-broken' });
  });

  it('survives pictures with any byte changed', async () => {
    const options = { width: 16, height: 16, fit: 'crop' } as const;
    for (const format of ['jpeg', 'png', 'webp', 'gif', 'avif'] as const) {
      const original = await quartersPicture(24, 16).toFormat(format).toBuffer();
      for (let position = 0; position < original.length; position += Math.ceil(original.length / 60)) {
        const mutant = Buffer.from(original);
        mutant.writeUInt8(original.readUInt8(position) ^ 0xff, position);
        const outcome = await pictureForClip(mutant, options).catch((error: unknown) => error as Error);
        if (outcome instanceof Error) {
          expect(outcome, `${format} byte ${position}`).toBeInstanceOf(UserError);
        } else {
          const { width, height, data } = outcome;
          expect(data.length, `${format} byte ${position}`).toBe(width * height * 3);
        }
      }
    }
  });
});
