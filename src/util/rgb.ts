/** One picture: 8-bit RGB, rows top to bottom, `data.length === width * height * 3`. */
export interface RgbPicture {
  width: number;
  height: number;
  data: Uint8Array;
}

/** A run of equally large pictures; each `frames[i].length === width * height * 3`. */
export interface RgbFrames {
  width: number;
  height: number;
  frames: Uint8Array[];
}
