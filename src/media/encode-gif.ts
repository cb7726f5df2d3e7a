import { join } from 'node:path';
import type { RgbFrames } from '../util/rgb.ts';
import { addGifComment, writeComment } from './clip-metadata.ts';
import { type EncodedClip, type EncodeVideoOptions, fitClip, readOutput } from './encode.ts';
import { runFfmpeg, withTempFolder } from './run-ffmpeg.ts';

/** Fewer colours and coarser dithering compress better. */
const levels = [
  { colours: 256, dither: 'sierra2_4a' },
  { colours: 128, dither: 'bayer:bayer_scale=3' },
  { colours: 64, dither: 'bayer:bayer_scale=4' },
  { colours: 32, dither: 'none' },
] as const;

/**
 * Turns frames into an endless GIF with one palette for all of them. Its settings are in a comment.
 * Browsers show no more than 50 frames per second, in steps of a hundredth of a second.
 * @throws EncodeError as `encodeVideo`
 * @throws JobCancelledError the signal was aborted
 */
export async function encodeGif(
  clip: RgbFrames,
  options: EncodeVideoOptions,
): Promise<EncodedClip<{ colours: number; dither: string }>> {
  return withTempFolder(
    (folder) =>
      fitClip(clip, options, {
        levels,
        levelsPerHalving: 2,
        roundSide: (pixels) => Math.max(1, Math.round(pixels)),
        encode: async ({ colours, dither }, { width, height }) => {
          const file = join(folder, 'clip.gif');
          await runFfmpeg({
            ...options,
            clip,
            filters: [
              `scale=${width}:${height}:flags=lanczos+accurate_rnd,split[a][b]`.concat(
                `;[a]palettegen=max_colors=${colours}:reserve_transparent=0[palette]`,
                `;[b][palette]paletteuse=dither=${dither}:diff_mode=rectangle`,
              ),
            ],
            outputArguments: ['-loop', '0', '-f', 'gif'],
            output: file,
          });
          return addGifComment(await readOutput(file), writeComment(options.metadata.settings));
        },
      }),
    options.tempParent,
  );
}
