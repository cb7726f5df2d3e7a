import type { RgbFrames } from '../util/rgb.ts';
import { type EncodedVideo, encodeVideo } from './encode.ts';
import { encodeGif } from './encode-gif.ts';
import { encodeWebp } from './encode-webp.ts';
import type { EncodedClip, EncodeVideoOptions } from './fit-clip.ts';
import { type LoopName, loopFrames } from './loop.ts';
import { smoothFrames } from './smooth.ts';

/** File formats of a clip; also their file extensions. */
export const clipFormats = ['mp4', 'gif', 'webp'] as const;
export type ClipFormat = (typeof clipFormats)[number];

/** Frame rate of smoothed clips. */
const smoothFps = 24;

/** Options of {@link finishClip}. */
export interface FinishClipOptions extends EncodeVideoOptions {
  format: ClipFormat;
  loop: LoopName;
  /** Raises the frame rate to 24 by interpolation. */
  smooth: boolean;
}

/** A finished clip. `reduced` names the measure of quality that its format has. */
export type FinishedClip =
  | (EncodedVideo & { format: 'mp4' })
  | (EncodedClip<{ colours: number }> & { format: 'gif' })
  | (EncodedClip<{ quality: number }> & { format: 'webp' });

/**
 * From the model's frames to the file: smoothed first, so that motion is read from the frames' own order, then looped,
 * then encoded.
 * @throws EncodeError as `encodeVideo`
 * @throws JobCancelledError the signal was aborted
 */
export async function finishClip(frames: RgbFrames, options: FinishClipOptions): Promise<FinishedClip> {
  const { format, loop, smooth } = options;
  const fps = smooth ? Math.max(options.fps, smoothFps) : options.fps;
  const clip = loopFrames(await smoothFrames(frames, { ...options, toFps: fps }), loop);
  switch (format) {
    case 'mp4':
      return { format, ...(await encodeVideo(clip, { ...options, fps })) };
    case 'gif':
      return { format, ...(await encodeGif(clip, { ...options, fps })) };
    case 'webp':
      return { format, ...(await encodeWebp(clip, { ...options, fps })) };
  }
}
