import type { Box } from '../util/rgb.ts';

/** Blocks before the first frame that are looked at: comments, the loop, one frame's timing. */
const maxBlocks = 1000;

/**
 * Where the first frame of a GIF lies on its canvas, where it does not fill it: the rest is transparent, but a GIF
 * that knows no transparency is decoded with black there.
 * @returns undefined: it fills the canvas, or the file is not as it should be, which is for the decoder to say
 */
export function readGifFrameBox(bytes: Uint8Array): Box | undefined {
  const uint16 = (at: number) => (bytes[at] ?? 0) + (bytes[at + 1] ?? 0) * 256;
  const [canvasWidth, canvasHeight, flags] = [uint16(6), uint16(8), bytes[10] ?? 0];
  let at = 13 + (flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0); // after the palette of all frames
  for (let blocks = 0; blocks < maxBlocks && at < bytes.length; blocks += 1) {
    if (bytes[at] === 0x2c) {
      const box = { left: uint16(at + 1), top: uint16(at + 3), width: uint16(at + 5), height: uint16(at + 7) };
      const isWhole = box.left === 0 && box.top === 0 && box.width >= canvasWidth && box.height >= canvasHeight;
      return isWhole || at + 9 > bytes.length ? undefined : box;
    }
    if (bytes[at] !== 0x21) return undefined;
    at += 2;
    while (at < bytes.length && bytes[at] !== 0) at += bytes[at]! + 1;
    at += 1;
  }
  return undefined;
}
