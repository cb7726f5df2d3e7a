import { readFile } from 'node:fs/promises';
import sharp from 'sharp';
import { pictureForClip } from '../../src/media/decode-picture.ts';
import type { RgbPicture } from '../../src/util/rgb.ts';

const assets = ['astronaut', 'cat', 'coffee', 'rocket'] as const;

/** Sides of an asset to cut out, so that four photographs give ten pictures. */
const cuts = ['whole', 'left', 'right'] as const;

/** A picture at the model's size, and what it shows. */
interface NamedPicture {
  name: string;
  picture: RgbPicture;
}

/** Up to ten pictures: the assets whole, then their halves. */
export async function benchPictures(size: { width: number; height: number }, count: number): Promise<NamedPicture[]> {
  const wanted = cuts.flatMap((cut) => assets.map((asset) => ({ asset, cut }))).slice(0, count);
  return Promise.all(
    wanted.map(async ({ asset, cut }) => {
      const file = await readFile(new URL(`../../assets/${asset}.jpg`, import.meta.url));
      const bytes = cut === 'whole' ? file : await half(file, cut);
      return { name: `${asset}, ${cut}`, picture: await pictureForClip(bytes, { ...size, fit: 'crop' }) };
    }),
  );
}

async function half(file: Buffer, side: 'left' | 'right'): Promise<Buffer> {
  const { width, height } = await sharp(file).metadata();
  const middle = Math.floor(width / 2);
  const left = side === 'left' ? 0 : middle;
  return sharp(file).extract({ left, top: 0, width: middle, height }).png().toBuffer();
}
