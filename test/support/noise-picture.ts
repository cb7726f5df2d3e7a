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

/** Waves, stripes and noise, as `drawing` of reference/pictures.py. */
export function drawnPicture(width: number, height: number): RgbPicture {
  const { data } = noisePicture(width, height);
  const { floor, max } = Math;
  for (let y = 0, at = 0; y < height; y += 1) {
    const isRough = floor((y * 4) / height) % 2 === 1;
    const down = floor((y * 255) / max(height - 1, 1));
    for (let x = 0; x < width; x += 1) {
      const red = 40 + floor((x * 200) / max(width - 1, 1));
      const green = down ^ ((floor((x * 13) / width) % 2) * 64);
      const blue = (floor(((x * x + y * y) * 40) / (width * width + height * height)) % 5) * 55 + 20;
      data[at] = isRough ? (red * 3 + data[at]!) >> 2 : red;
      data[at + 1] = isRough ? (green * 3 + data[at + 1]!) >> 2 : green;
      data[at + 2] = isRough ? (blue * 3 + data[at + 2]!) >> 2 : blue;
      at += 3;
    }
  }
  return { width, height, data };
}
