import { pilResize } from '../inference/pipeline/pil-resize.ts';
import { framesOfGuess, type LatentGuess } from '../inference/pipeline/preview.ts';
import type { RgbFrames } from '../util/rgb.ts';
import { type Orientation, restoreOrientation } from './orientation.ts';

/** Pixels across a preview. */
const previewWidth = 160;

/** What a preview is made from; plain data, which can be sent to another thread. */
export interface PreviewJob {
  guess: LatentGuess;
  /** How the model got to see the picture. */
  orientation: Orientation;
  fps: number;
  /** Width to height, as the file will be. */
  ratio: number;
}

/** The frames of a preview, as the picture lies. */
export function drawPreview({ guess, orientation, ratio }: PreviewJob): RgbFrames {
  const { width, height, frames } = restoreOrientation(framesOfGuess(guess), orientation);
  const size = { width: previewWidth, height: Math.max(1, Math.round(previewWidth / ratio)) };
  return {
    ...size,
    frames: frames.map((data) => pilResize({ width, height, data }, { ...size, filter: 'bicubic' }).data),
  };
}
