import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { limitsOf } from '../../src/media/check-file.ts';
import { readsAvif } from '../../src/media/configure-sharp.ts';
import { type DecodedPicture, decodePicture } from '../../src/media/decode-picture.ts';
import { readPictureInfo } from '../../src/media/open-picture.ts';
import { colourAt, flatPicture, handmadePng } from './pictures.ts';

const folder = fileURLToPath(new URL('../fixtures/pictures/', import.meta.url));
const chromium: { pictures: Record<string, number[][]> } = JSON.parse(
  readFileSync(new URL('../golden/chromium-pictures.json', import.meta.url), 'utf8'),
);

function fixture(name: string): Buffer {
  return readFileSync(folder + name);
}

/** The colours of twelve patches, four across and three down. */
function patchesOf(picture: DecodedPicture): number[][] {
  return Array.from({ length: 12 }, (_, index) =>
    colourAt(picture, ((index % 4) + 0.5) / 4, (Math.floor(index / 4) + 0.5) / 3),
  );
}

function worstDifference(actual: number[][], expected: number[][]): number {
  return Math.max(
    ...expected.flatMap((colour, patch) => colour.map((value, channel) => Math.abs(value - actual[patch]![channel]!))),
  );
}

/** red | green | blue | cyan, magenta | yellow | white | black, and a row of mixed colours. */
const colours = chromium.pictures['pic.avif']!;

describe('a picture shows the colours that Chromium shows', () => {
  it.each(Object.entries(chromium.pictures).map(([name, expected]) => ({ name, expected })))('$name', async (entry) => {
    const picture = await decodePicture(fixture(entry.name));
    // What one decoder makes of 4:2:0 or of alpha beside another one: three levels for AVIF, else two.
    const tolerance = entry.name.endsWith('.avif') ? 3 : 2;
    expect(worstDifference(patchesOf(picture), entry.expected)).toBeLessThanOrEqual(tolerance);
  });

  it('holds every still picture that is there', () => {
    const stills = readdirSync(folder).filter(
      (name) => /\.(png|jpg|avif)$/.test(name) && !/^(cut|progress)/.test(name),
    );
    expect(stills.filter((name) => chromium.pictures[name] === undefined)).toEqual(['no-end-marker.jpg']);
  });

  it('an AVIF of 10 bits in PQ as the PNG of the same light', async () => {
    const source = sharp(fixture('cicp-pq-greys.png'), { ignoreIcc: true }).toColourspace('rgb16');
    const avif = await source.avif({ quality: 100, chromaSubsampling: '4:4:4', bitdepth: 10 }).toBuffer();
    const picture = await decodePicture(withNclx(avif, { primaries: 9, transfer: 16 }));
    expect(worstDifference(patchesOf(picture), chromium.pictures['cicp-pq-greys.png']!)).toBeLessThanOrEqual(3);
  });
});

describe('files that are not by the book', () => {
  it.each([
    'pixel-extraneous.jpg',
    'odd-sos.jpg',
    'adobe-transform-7.jpg',
    'bytes-behind-the-end.jpg',
    'no-end-marker.jpg',
    'no-end-marker-progressive.jpg',
    'crc-ancillary.png',
  ])('%s is taken whole', async (name) => {
    const picture = await decodePicture(fixture(name));
    expect(worstDifference(patchesOf(picture), colours)).toBeLessThanOrEqual(4);
    await expect(readPictureInfo(fixture(name))).resolves.toMatchObject({ width: picture.width });
  });

  it.each(['cut-half.jpg', 'cut-with-end-marker.jpg', 'cut-progressive.jpg', 'cut.avif'])(
    '%s is refused, and the message says cut off',
    async (name) => {
      await expect(decodePicture(fixture(name))).rejects.toMatchObject({
        code: 'picture-broken',
        message: expect.stringContaining('cut off'),
      });
    },
  );

  it.each([0.3, 0.6, 0.95])('every JPEG cut at %f of its length is refused', async (share) => {
    const noise = Buffer.from(
      Array.from({ length: 200 * 150 * 3 }, (_, at) => (Math.imul(at, 2654435761) >>> 24) & 255),
    );
    for (const progressive of [false, true]) {
      const raw = { width: 200, height: 150, channels: 3 } as const;
      const whole = await sharp(noise, { raw }).jpeg({ progressive }).toBuffer();
      const cut = whole.subarray(0, Math.floor(whole.length * share));
      for (const bytes of [cut, Buffer.concat([cut, Buffer.from([0xff, 0xd9])])]) {
        await expect(decodePicture(bytes)).rejects.toMatchObject({ code: 'picture-broken' });
      }
    }
  });
});

describe('animations', () => {
  const white = [255, 255, 255];

  it('the canvas outside a small first frame is transparent, not black: first-frame-small.gif', async () => {
    const picture = await decodePicture(fixture('first-frame-small.gif'));
    expect(colourAt(picture, 0.02, 0.02)).toEqual(white);
    expect(picture.isBlank).toBe(false);
  });

  it.each(['small-opaque-frame.gif', 'small-clear-frame.gif'])('and in %s', async (name) => {
    const picture = await decodePicture(fixture(name));
    const inside = (x: number, y: number) => colourAt(picture, (x + 0.5) / 64, (y + 0.5) / 48);
    expect([inside(10, 5), inside(39, 24)]).toEqual([
      [0, 255, 0],
      [0, 255, 0],
    ]);
    expect([inside(9, 5), inside(10, 4), inside(40, 24), inside(39, 25), inside(63, 47)]).toEqual(Array(5).fill(white));
  });

  it('the first frame that shows something is taken: first-frame-empty.gif', async () => {
    const picture = await decodePicture(fixture('first-frame-empty.gif'));
    expect(worstDifference(patchesOf(picture), colours)).toBeLessThanOrEqual(4);
    expect(picture.isBlank).toBe(false);
  });

  it('also of an animated WebP', async () => {
    const frame = (alpha: number) => Buffer.from(Array.from({ length: 16 * 16 }, () => [200, 100, 50, alpha]).flat());
    const pages = Buffer.concat([frame(0), frame(255)]);
    const animation = sharp(pages, { raw: { width: 16, height: 32, channels: 4, pageHeight: 16 } });
    const bytes = await animation.webp({ lossless: true }).toBuffer();
    expect(colourAt(await decodePicture(bytes), 0.5, 0.5)).toEqual([200, 100, 50]);
  });

  it.each([
    ['all-frames-empty.gif', true],
    ['empty.png', true],
    ['white.png', true],
    ['pic.avif', false],
  ])('%s: whether there is nothing to see is said', async (name, isBlank) => {
    expect((await decodePicture(fixture(name))).isBlank).toBe(isBlank);
  });
});

describe('formats and limits', () => {
  it('pic.avif is taken, within the same limits as others', async () => {
    expect(await readPictureInfo(fixture('pic.avif'))).toEqual({ format: 'avif', width: 256, height: 144 });
    // To encode that many pixels takes a second; refused is what the file says of itself.
    const tooLarge = await flatPicture(64, 64, 'red').avif({ effort: 0 }).toBuffer();
    const extents = tooLarge.indexOf('ispe');
    tooLarge.writeUInt32BE(5001, extents + 8);
    tooLarge.writeUInt32BE(5000, extents + 12);
    await expect(decodePicture(tooLarge)).rejects.toMatchObject({ code: 'picture-too-many-pixels' });
  });

  it.each([
    ['1.23.2', true],
    ['1.23.5', true],
    ['1.24.0', true],
    ['2.0.0', true],
    ['1.23.1', false],
    ['1.9.9', false],
    ['', false],
  ])('AVIF is read by libheif %s: %s', (version, isRead) => {
    expect(readsAvif(version)).toBe(isRead);
  });

  it('beyond 100 megapixels a picture is made smaller while it is read', async () => {
    const rows = new Uint8Array(10_000 * 11_001);
    const bytes = handmadePng({ width: 11_000, height: 10_000, colourType: 0, rows });
    const picture = await decodePicture(bytes, limitsOf({ from: 'operator', maxPixels: 200_000_000 }));
    expect([picture.width, picture.height, picture.data.length]).toEqual([5500, 5000, 5500 * 5000 * 3]);
  });

  it('HEIC is refused with what to do', async () => {
    const heic = Buffer.from('\0\0\0\x20ftypheic\0\0\0\0mif1heicmiaf....', 'latin1');
    await expect(decodePicture(heic)).rejects.toMatchObject({
      code: 'picture-heic',
      message: expect.stringMatching(/Save it as JPEG.*Most Compatible/),
    });
  });

  it("a stranger's progressive JPEG of 24 megapixels is refused, the operator's own is taken", async () => {
    const bytes = fixture('progressive-24mp.jpg');
    await expect(decodePicture(bytes)).rejects.toMatchObject({ code: 'picture-too-large-interlaced' });
    const picture = await decodePicture(bytes, limitsOf({ from: 'operator', maxPixels: 100_000_000 }));
    expect(picture).toMatchObject({ width: 5712, height: 4284 });
    expect(picture.data).toHaveLength(5712 * 4284 * 3);
    await expect(decodePicture(bytes, limitsOf({ from: 'operator', maxPixels: 20_000_000 }))).rejects.toMatchObject({
      code: 'picture-too-many-pixels',
      details: { limitMegapixels: 20 },
    });
  });
});

/** An AVIF with one property more: a colr box that names a colour space by numbers. */
function withNclx(avif: Buffer, { primaries, transfer }: { primaries: number; transfer: number }): Buffer {
  const colr = Buffer.from('\0\0\0\x13colrnclx\0\0\0\0\0\0\x80', 'latin1');
  colr.writeUInt16BE(primaries, 12);
  colr.writeUInt16BE(transfer, 14);
  const ipco = avif.indexOf('ipco') - 4;
  const end = ipco + avif.readUInt32BE(ipco);
  const grown = Buffer.concat([avif.subarray(0, end), colr, avif.subarray(end)]);
  for (const name of ['meta', 'iprp', 'ipco']) {
    const at = grown.indexOf(name) - 4;
    grown.writeUInt32BE(grown.readUInt32BE(at) + colr.length, at);
  }
  // The pixels moved: iloc (version 0, four-byte offsets) says where they are, 20 bytes into the box.
  const offsetAt = grown.indexOf('iloc') - 4 + 20;
  grown.writeUInt32BE(grown.readUInt32BE(offsetAt) + colr.length, offsetAt);
  return grown;
}
