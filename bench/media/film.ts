import { statSync } from 'node:fs';
import sharp from 'sharp';

/** A still and how long it is shown. */
export interface Still {
  png: Buffer;
  showMs: number;
}

/** README pages load it: no larger than this. */
const maxBytes = 3 * 1024 * 1024;

/** Writes stills as a WebP that repeats, as fine as the size allows. */
export async function writeFilm(path: string, stills: readonly Still[], { width }: { width: number }): Promise<void> {
  const frames = await Promise.all(stills.map(({ png }) => sharp(png).resize({ width }).png().toBuffer()));
  for (const quality of [80, 65, 50, 35]) {
    await sharp(frames, { join: { animated: true } })
      .webp({ quality, effort: 5, loop: 0, delay: stills.map(({ showMs }) => showMs) })
      .toFile(path);
    if (statSync(path).size <= maxBytes) return;
  }
  throw new Error(`${path} is larger than ${maxBytes} bytes at every quality.`);
}
