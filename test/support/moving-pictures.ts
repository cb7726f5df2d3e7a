/**
 * The pictures of reference/rife_goldens.py, in grey levels: waves of several lengths in three colours, `moved` pixels to
 * the right and half as far down.
 */
export function wavePicture(width: number, height: number, moved: number): Uint8Array {
  const pixels = new Uint8Array(width * height * 3);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const [x, y] = [column - moved, row - moved / 2];
      for (let c = 0; c < 3; c++) {
        const waves =
          Math.sin(x * 0.31 + y * 0.17 + c) + Math.sin(x * 0.07 - y * 0.23 + 2 * c) + Math.sin(x * y * 0.003 + c);
        pixels[(row * width + column) * 3 + c] = Math.floor((waves / 6 + 0.5) * 255 + 0.5);
      }
    }
  }
  return pixels;
}
