import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';

/** Reads the frames that a render wrote into a folder, as 8-bit RGB. */
export async function readFrames(folder: string): Promise<Uint8Array[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.png')).sort();
  return Promise.all(
    names.map(async (name) => {
      const pixels = await sharp(await readFile(join(folder, name)))
        .removeAlpha()
        .raw()
        .toBuffer();
      return Uint8Array.from(pixels);
    }),
  );
}
