import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { pilResize } from '../../src/inference/pipeline/pil-resize.ts';
import { type PictureForClipOptions, pictureForClip } from '../../src/media/decode-picture.ts';
import { readPictureInfo } from '../../src/media/open-picture.ts';
import type { RgbPicture } from '../../src/util/rgb.ts';
import { colourAt, flatPicture, quarters, quartersPicture, quartersRgb } from './pictures.ts';

const small = { width: 32, height: 32, fit: 'stretch' } as const;

/** The picture as the model sees it. */
async function view(bytes: Uint8Array, options: PictureForClipOptions): Promise<RgbPicture> {
  return pilResize(await pictureForClip(bytes, options), { ...options, filter: 'lanczos' });
}

/** The four quarters' colours in reading order. */
async function readQuarters(bytes: Uint8Array): Promise<number[][]> {
  const picture = await view(bytes, small);
  return [
    colourAt(picture, 0.2, 0.2),
    colourAt(picture, 0.8, 0.2),
    colourAt(picture, 0.2, 0.8),
    colourAt(picture, 0.8, 0.8),
  ];
}

function expectColour(actual: number[], expected: number[], tolerance = 2): void {
  const worst = Math.max(...expected.map((value, channel) => Math.abs(value - (actual[channel] ?? Number.NaN))));
  expect(worst, `${actual} beside ${expected}`).toBeLessThanOrEqual(tolerance);
}

async function expectFlat(bytes: Uint8Array, expected: number[], tolerance?: number): Promise<void> {
  const picture = await view(bytes, small);
  expect(picture.data).toHaveLength(32 * 32 * 3);
  expectColour(colourAt(picture, 0.5, 0.5), expected, tolerance);
}

describe('formats', () => {
  it.each(['jpeg', 'png', 'webp', 'gif', 'avif'] as const)('reads %s', async (format) => {
    const bytes = await quartersPicture().toFormat(format, { quality: 95 }).toBuffer();
    expect(await readPictureInfo(bytes)).toEqual({ format, width: 64, height: 48 });
    const colours = await readQuarters(bytes);
    for (const [index, expected] of Object.values(quarters).entries()) {
      expectColour(colours[index]!, expected, 6);
    }
  });

  it('reads a progressive JPEG and an interlaced PNG of usual size', async () => {
    const jpeg = await quartersPicture().jpeg({ progressive: true }).toBuffer();
    const png = await quartersPicture().png({ progressive: true }).toBuffer();
    expectColour((await readQuarters(jpeg))[0]!, quarters.topLeft);
    expectColour((await readQuarters(png))[2]!, quarters.bottomLeft);
  });

  it.each(['gif', 'webp'] as const)('takes the first frame of an animated %s', async (format) => {
    const pages = Buffer.concat([Buffer.alloc(16 * 16 * 3, 0x20), Buffer.alloc(16 * 16 * 3, 0xe0)]);
    const animation = sharp(pages, { raw: { width: 16, height: 32, channels: 3, pageHeight: 16 } });
    const bytes = await animation.toFormat(format, { loop: 0, lossless: true }).toBuffer();
    expect(await sharp(bytes).metadata()).toMatchObject({ pages: 2 });
    expect(await readPictureInfo(bytes)).toMatchObject({ width: 16, height: 16 });
    await expectFlat(bytes, [0x20, 0x20, 0x20], 4);
  });
});

describe('orientation', () => {
  const { topLeft: red, topRight: green, bottomLeft: blue, bottomRight: white } = quarters;
  it.each([
    [1, [red, green, blue, white], 64, 48],
    [2, [green, red, white, blue], 64, 48],
    [3, [white, blue, green, red], 64, 48],
    [4, [blue, white, red, green], 64, 48],
    [5, [red, blue, green, white], 48, 64],
    [6, [blue, red, white, green], 48, 64],
    [7, [white, green, blue, red], 48, 64],
    [8, [green, white, red, blue], 48, 64],
  ])('applies EXIF orientation %i', async (orientation, expected, width, height) => {
    const bytes = await quartersPicture().withMetadata({ orientation }).jpeg({ quality: 95 }).toBuffer();
    expect(await readPictureInfo(bytes)).toMatchObject({ width, height });
    const colours = await readQuarters(bytes);
    for (const [index, colour] of expected.entries()) {
      expectColour(colours[index]!, colour);
    }
  });
});

describe('colours', () => {
  const colour = [200, 100, 50];
  const flat = () => flatPicture(40, 40, 'rgb(200,100,50)');

  it('converts a Display P3 profile to sRGB', async () => {
    const bytes = await flat().withIccProfile('p3').png().toBuffer();
    const stored = await sharp(bytes, { ignoreIcc: true }).raw().toBuffer();
    expect([...stored.subarray(0, 3)]).not.toEqual(colour);
    await expectFlat(bytes, colour);
  });

  it('converts a Display P3 profile with 16 bits to sRGB', async () => {
    const bytes = await flat().toColourspace('rgb16').withIccProfile('p3').png().toBuffer();
    expect(await sharp(bytes).metadata()).toMatchObject({ depth: 'ushort', hasProfile: true });
    await expectFlat(bytes, colour);
  });

  it('converts 16 bits with an sRGB profile and without one', async () => {
    await expectFlat(await flat().toColourspace('rgb16').withIccProfile('srgb').png().toBuffer(), colour);
    await expectFlat(await flat().toColourspace('rgb16').png().toBuffer(), colour);
  });

  it('converts CMYK JPEGs, with a profile and without one', async () => {
    const plain = await flat().toColourspace('cmyk').jpeg({ quality: 100 }).toBuffer();
    expect(await sharp(plain).metadata()).toMatchObject({ space: 'cmyk', channels: 4 });
    const inks = await sharp(plain).pipelineColourspace('cmyk').toColourspace('cmyk').raw().toBuffer();
    const through = [...inks.subarray(0, 3)].map((ink) => ((255 - ink) * (255 - inks[3]!)) / 255);
    await expectFlat(plain, through);
    const profiled = await flat().withIccProfile('cmyk').toColourspace('cmyk').jpeg({ quality: 100 }).toBuffer();
    // Printing inks do not reach every colour; the way there and back costs this much.
    await expectFlat(profiled, colour, 30);
  });

  it('widens grey to RGB, from 8 and from 16 bits', async () => {
    const grey = () => flatPicture(40, 40, 'rgb(100,100,100)');
    await expectFlat(await grey().toColourspace('b-w').png().toBuffer(), [100, 100, 100]);
    await expectFlat(await grey().toColourspace('grey16').png().toBuffer(), [100, 100, 100]);
    await expectFlat(await grey().greyscale().jpeg().toBuffer(), [100, 100, 100]);
  });

  it('lays transparent pictures on white', async () => {
    const half = sharp({
      create: { width: 40, height: 40, channels: 4, background: { r: 255, g: 0, b: 0, alpha: 0.5 } },
    });
    await expectFlat(await half.clone().png().toBuffer(), [255, 127, 127]);
    await expectFlat(await half.clone().toColourspace('rgb16').png().toBuffer(), [255, 127, 127]);
    await expectFlat(await half.clone().webp({ lossless: true }).toBuffer(), [255, 127, 127]);
    const clear = sharp({
      create: { width: 40, height: 40, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } },
    });
    await expectFlat(await clear.gif().toBuffer(), [255, 255, 255]);
  });
});

describe('fit', () => {
  it('crops the centre', async () => {
    // Twice as wide as high: a square shows the middle half, so the outer eighths are gone.
    const rgb = quartersRgb(128, 64);
    for (let y = 0; y < 64; y++) {
      rgb.fill(0, y * 128 * 3, (y * 128 + 16) * 3);
      rgb.fill(0, (y * 128 + 112) * 3, (y + 1) * 128 * 3);
    }
    const bytes = await sharp(rgb, { raw: { width: 128, height: 64, channels: 3 } })
      .png()
      .toBuffer();
    const picture = await view(bytes, { width: 32, height: 32, fit: 'crop' });
    expectColour(colourAt(picture, 0, 0.2), quarters.topLeft);
    expectColour(colourAt(picture, 0.99, 0.8), quarters.bottomRight);
  });

  it('pads with black, and keeps the proportions', async () => {
    const bytes = await flatPicture(100, 50, 'red').png().toBuffer();
    const picture = await view(bytes, { width: 64, height: 64, fit: 'pad' });
    expectColour(colourAt(picture, 0.5, 0.2), [0, 0, 0]);
    expectColour(colourAt(picture, 0.5, 0.3), [255, 0, 0]);
    expectColour(colourAt(picture, 0.5, 0.7), [255, 0, 0]);
    expectColour(colourAt(picture, 0.5, 0.8), [0, 0, 0]);
  });

  it('stretches', async () => {
    const bytes = await quartersPicture(100, 50).png().toBuffer();
    const picture = await view(bytes, { width: 64, height: 64, fit: 'stretch' });
    expectColour(colourAt(picture, 0.01, 0.01), quarters.topLeft);
    expectColour(colourAt(picture, 0.99, 0.99), quarters.bottomRight);
  });

  it.each(['crop', 'pad', 'stretch'] as const)('%s: one pixel and hair-thin pictures come out whole', async (fit) => {
    for (const [width, height] of [
      [1, 1],
      [1, 20_000],
      [20_000, 1],
    ] as const) {
      const bytes = await flatPicture(width, height, 'red').png().toBuffer();
      const picture = await view(bytes, { width: 256, height: 144, fit });
      expect(picture.data).toHaveLength(256 * 144 * 3);
      if (fit !== 'pad') {
        expectColour(colourAt(picture, 0.1, 0.1), [255, 0, 0]);
      }
    }
  });

  it('crops a long picture that lies on its side', async () => {
    const bytes = await quartersPicture(40, 20_000).withMetadata({ orientation: 6 }).jpeg().toBuffer();
    const picture = await view(bytes, { width: 512, height: 576, fit: 'crop' });
    expectColour(colourAt(picture, 0.1, 0.1), quarters.bottomLeft, 4);
    expectColour(colourAt(picture, 0.9, 0.9), quarters.topRight, 4);
  });

  it('gives the same bytes for the same picture', async () => {
    const bytes = await quartersPicture(300, 200).jpeg().toBuffer();
    const [first, second] = await Promise.all([view(bytes, small), view(bytes, small)]);
    expect(Buffer.compare(first.data, second.data)).toBe(0);
  });
});
