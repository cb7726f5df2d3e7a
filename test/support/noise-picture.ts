import type { RgbPicture } from '../../src/util/rgb.ts';

/** RGB noise: the place of each byte, hashed with 32-bit arithmetic, as `noise` of reference/pictures.py. */
export function noisePicture(width: number, height: number, seed = 0): RgbPicture {
  const data = new Uint8Array(width * height * 3);
  for (let at = 0; at < data.length; at += 1) {
    let value = (at + seed) | 0;
    value = Math.imul(value ^ (value >>> 15), 0x2c1b3c6d);
    value = Math.imul(value ^ (value >>> 12), 0x297a2d39);
    data[at] = value ^ (value >>> 15);
  }
  return { width, height, data };
}
