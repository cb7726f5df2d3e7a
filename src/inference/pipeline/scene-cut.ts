import type { Size } from '../../util/rgb.ts';

/** Frames are compared as pictures of so many brightnesses a side, so that motion counts little and grain nothing. */
const gridSize = 32;

/** Structural similarity is measured in squares of so many of them. */
const windowSize = 8;

/**
 * Frames less alike than this are of two scenes. Measured on real video, the cuts of which came to 0.2 at most, and frames
 * of one scene, with fast motion, to 0.5 at least (bench/RESULTS.md).
 */
const cutBelow = 0.3;

/** SSIM's constants for grey levels (Wang et al. 2004): (0.01 · 255)² and (0.03 · 255)². */
const [c1, c2] = [6.5025, 58.5225];

/** Whether the scene changes between two frames of 8-bit RGB: what lies between them is then neither. */
export function isSceneCut(before: Uint8Array, after: Uint8Array, size: Size): boolean {
  return similarity(before, after, size) < cutBelow;
}

/** The mean structural similarity of two frames seen from afar: 1 where they are equal, about 0 where they have nothing in common. */
function similarity(before: Uint8Array, after: Uint8Array, size: Size): number {
  const columns = Math.min(gridSize, size.width);
  const rows = Math.min(gridSize, size.height);
  const [a, b] = [before, after].map((frame) => brightnessGrid(frame, size, { columns, rows })) as [
    Float64Array,
    Float64Array,
  ];
  const across = Math.min(windowSize, columns);
  const down = Math.min(windowSize, rows);
  let sum = 0;
  let count = 0;
  for (let top = 0; top + down <= rows; top++) {
    for (let left = 0; left + across <= columns; left++) {
      sum += windowSimilarity(a, b, { top, left, across, down, columns });
      count++;
    }
  }
  return sum / count;
}

/** Where a window lies in a grid of `columns`. */
interface GridWindow {
  top: number;
  left: number;
  across: number;
  down: number;
  columns: number;
}

function windowSimilarity(a: Float64Array, b: Float64Array, { top, left, across, down, columns }: GridWindow): number {
  let [sumA, sumB, squaresA, squaresB, products] = [0, 0, 0, 0, 0];
  for (let y = top; y < top + down; y++) {
    for (let x = left; x < left + across; x++) {
      const [valueA, valueB] = [a[y * columns + x]!, b[y * columns + x]!];
      sumA += valueA;
      sumB += valueB;
      squaresA += valueA * valueA;
      squaresB += valueB * valueB;
      products += valueA * valueB;
    }
  }
  const count = across * down;
  const [meanA, meanB] = [sumA / count, sumB / count];
  const spread = squaresA / count - meanA ** 2 + squaresB / count - meanB ** 2;
  const shared = products / count - meanA * meanB;
  return ((2 * meanA * meanB + c1) * (2 * shared + c2)) / ((meanA ** 2 + meanB ** 2 + c1) * (spread + c2));
}

/** Mean brightness (BT.601's shares of red, green and blue) of equal parts of a frame. */
function brightnessGrid(
  frame: Uint8Array,
  { width, height }: Size,
  { columns, rows }: { columns: number; rows: number },
): Float64Array {
  const sums = new Float64Array(columns * rows);
  const counts = new Float64Array(columns * rows);
  for (let y = 0; y < height; y++) {
    const row = Math.floor((y * rows) / height) * columns;
    for (let x = 0; x < width; x++) {
      const at = (y * width + x) * 3;
      const cell = row + Math.floor((x * columns) / width);
      sums[cell]! += 0.299 * frame[at]! + 0.587 * frame[at + 1]! + 0.114 * frame[at + 2]!;
      counts[cell]! += 1;
    }
  }
  return sums.map((sum, cell) => sum / counts[cell]!);
}
