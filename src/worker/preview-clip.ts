import { pilResize } from '../inference/pipeline/pil-resize.ts';
import type { PreviewOptions } from '../inference/pipeline/preview.ts';
import { encodePreview } from '../media/encode-webp.ts';
import type { RgbFrames } from '../util/rgb.ts';
import { type Orientation, restoreOrientation } from './orientation.ts';
import { isUnsafe, type SafetyRule } from './render-tools.ts';

/** Pixels across a preview. */
const previewWidth = 160;

/** How previews reach whoever looks on. */
export interface PreviewDelivery {
  /** At most one in so many seconds; 0: each that is due. */
  everySeconds: number;
  /** Takes an animated WebP of all frames. */
  hand: (bytes: Uint8Array) => void;
}

/** What previews of one clip are made with. */
interface PreviewedClip {
  /** How the model got to see the picture. */
  orientation: Orientation;
  fps: number;
  /** Width to height, as the file will be. */
  ratio: number;
  /** Looks at each preview before anybody sees it; one that it refuses is left out. */
  safety: SafetyRule | undefined;
  signal: AbortSignal | undefined;
  log: (message: string) => void;
}

/**
 * Guesses of a running pipeline as small files. Only what has to be done on them before they are in libvips' hands is
 * done within the step: the encoder works in a thread of its own while the model takes its next step, and a file that
 * is finished when a newer one was begun, or when the clip was cancelled, is dropped.
 */
export function previewFiles(
  { everySeconds, hand }: PreviewDelivery,
  { orientation, fps, ratio, safety, signal, log }: PreviewedClip,
): PreviewOptions {
  let latest = 0;
  return {
    everySeconds,
    async hand(guess) {
      const clip = enlarged(restoreOrientation(guess, orientation), ratio);
      latest += 1;
      const number = latest;
      // Frames may not be shown before they were looked at, here least of all.
      if (safety !== undefined && (await isUnsafe(clip, safety, signal))) return;
      void encodePreview(clip, fps).then(
        (bytes) => {
          if (bytes !== undefined && number === latest && signal?.aborted !== true) hand(bytes);
        },
        (error) => log(`A preview could not be written: ${error instanceof Error ? error.message : error}`),
      );
    },
  };
}

function enlarged({ width, height, frames }: RgbFrames, ratio: number): RgbFrames {
  const size = { width: previewWidth, height: Math.max(1, Math.round(previewWidth / ratio)) };
  return {
    ...size,
    frames: frames.map((data) => pilResize({ width, height, data }, { ...size, filter: 'bicubic' }).data),
  };
}
