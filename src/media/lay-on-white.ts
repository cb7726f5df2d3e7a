import type { Box, RgbPicture } from '../util/rgb.ts';

/** Transparent places become paper: drawings and logos are made to be seen on white. */
const paper = 255;

/**
 * Lays a picture on white, rounding as Pillow's `alpha_composite` does. Works in the array it is given.
 * @returns RGB; `isClear`: every pixel was wholly transparent
 */
export function layOnWhite(data: Uint8Array, channels: 3 | 4): { data: Uint8Array; isClear: boolean } {
  if (channels === 3) return { data, isClear: false };
  let isClear = true;
  let to = 0;
  for (let from = 0; from < data.length; from += 4) {
    const alpha = data[from + 3]!;
    if (alpha !== 0) isClear = false;
    const white = paper * (255 - alpha);
    // Nearest whole number: a quotient of 255 is never half way between two.
    data[to] = ((data[from]! * alpha + white) / 255 + 0.5) | 0;
    data[to + 1] = ((data[from + 1]! * alpha + white) / 255 + 0.5) | 0;
    data[to + 2] = ((data[from + 2]! * alpha + white) / 255 + 0.5) | 0;
    to += 3;
  }
  return { data: data.subarray(0, to), isClear };
}

/** Whitens what is outside a box, in the array itself. */
export function whitenOutside({ width, height, data }: RgbPicture, box: Box): void {
  const left = clamp(box.left, width);
  const right = clamp(box.left + box.width, width);
  for (let y = 0; y < height; y += 1) {
    const isInside = y >= box.top && y < box.top + box.height;
    const row = y * width * 3;
    data.fill(paper, row, row + (isInside ? left : width) * 3);
    if (isInside) data.fill(paper, row + right * 3, row + width * 3);
  }
}

function clamp(place: number, end: number): number {
  return Math.min(Math.max(place, 0), end);
}
