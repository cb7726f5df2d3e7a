/** Pixels of a picture or a clip. */
export interface Size {
  width: number;
  height: number;
}

/** One picture: 8-bit RGB, rows top to bottom, `data.length === width * height * 3`. */
export interface RgbPicture extends Size {
  data: Uint8Array;
}

/** Pixels of a picture, whole numbers; `left` and `top` may be negative and the far edges may lie outside. */
export interface Box extends Size {
  left: number;
  top: number;
}

/** The part of a picture that counts, without a copy of it: PIL's `image.crop(box)`, black outside the picture. */
export interface FramedPicture extends RgbPicture {
  /** Left out: the whole picture. */
  box?: Box;
}

/** A run of equally large pictures; each `frames[i].length === width * height * 3`. */
export interface RgbFrames extends Size {
  frames: Uint8Array[];
}

/** The box of a framed picture; that of a whole picture is as large as itself. */
export function boxOf({ width, height, box }: Pick<FramedPicture, 'width' | 'height' | 'box'>): Box {
  return box ?? { left: 0, top: 0, width, height };
}
