import sharp from 'sharp';
import type { RgbFrames, Size } from '../util/rgb.ts';
import { configureSharp } from './configure-sharp.ts';

/** Pixels of a tile's longer side. */
const tileSide = 256;

/** Pixels between tiles, and around them. */
const gap = 4;

/** Of what is between the tiles: the grey of Discord's dark theme. */
const background = [49, 51, 56] as const;

/** The digits 1 to 4, five pixels wide and seven tall. */
const digits = [
  ['..#..', '.##..', '..#..', '..#..', '..#..', '..#..', '.###.'],
  ['.###.', '#...#', '....#', '...#.', '..#..', '.#...', '#####'],
  ['.###.', '#...#', '....#', '..##.', '....#', '#...#', '.###.'],
  ['...#.', '..##.', '.#.#.', '#..#.', '#####', '...#.', '...#.'],
] as const;

/** How a number stands in its tile's corner, in pixels. */
const label = { scale: 3, padding: 6 } as const;

/** How a sheet is made. */
interface ContactSheetOptions {
  /** Width to height of each tile. */
  ratio: number;
}

/** Up to four clips of one length that play side by side in numbered tiles. */
export async function contactSheet(clips: readonly RgbFrames[], { ratio }: ContactSheetOptions): Promise<RgbFrames> {
  configureSharp();
  const tile: Size = {
    width: Math.max(1, Math.round(ratio >= 1 ? tileSide : tileSide * ratio)),
    height: Math.max(1, Math.round(ratio >= 1 ? tileSide / ratio : tileSide)),
  };
  // Tall tiles in one row, others two in a row: a chat window is wide.
  const columns = ratio < 1 ? clips.length : 2;
  const rows = Math.ceil(clips.length / columns);
  const width = columns * (tile.width + gap) + gap;
  const height = rows * (tile.height + gap) + gap;
  const count = Math.max(...clips.map(({ frames }) => frames.length));
  const frames: Uint8Array[] = [];
  for (let frame = 0; frame < count; frame++) {
    const sheet = new Uint8Array(width * height * 3);
    for (let at = 0; at < sheet.length; at++) sheet[at] = background[at % 3]!;
    for (const [index, clip] of clips.entries()) {
      const left = gap + (index % columns) * (tile.width + gap);
      const top = gap + Math.floor(index / columns) * (tile.height + gap);
      const pixels = await enlarged(clip, Math.min(frame, clip.frames.length - 1), tile);
      for (let row = 0; row < tile.height; row++) {
        const line = pixels.subarray(row * tile.width * 3, (row + 1) * tile.width * 3);
        sheet.set(line, ((top + row) * width + left) * 3);
      }
      drawNumber(sheet, { width, left, top, glyph: digits[index]! });
    }
    frames.push(sheet);
  }
  return { width, height, frames };
}

async function enlarged({ width, height, frames }: RgbFrames, frame: number, size: Size): Promise<Uint8Array> {
  return sharp(frames[frame]!, { raw: { width, height, channels: 3 } })
    .resize({ ...size, fit: 'fill', kernel: 'cubic' })
    .raw()
    .toBuffer();
}

/** White on black, readable on every picture. */
function drawNumber(
  sheet: Uint8Array,
  { width, left, top, glyph }: { width: number; left: number; top: number; glyph: readonly string[] },
): void {
  const { scale, padding } = label;
  const [across, down] = [glyph[0]!.length * scale + 2 * padding, glyph.length * scale + 2 * padding];
  for (let y = 0; y < down; y++) {
    for (let x = 0; x < across; x++) {
      const isLit = glyph[Math.floor((y - padding) / scale)]?.[Math.floor((x - padding) / scale)] === '#';
      sheet.fill(isLit ? 255 : 0, ((top + y) * width + left + x) * 3, ((top + y) * width + left + x + 1) * 3);
    }
  }
}
