import { pilResize } from '../../src/inference/pipeline/pil-resize.ts';
import { upscaleFrames } from '../../src/inference/pipeline/upscale-frames.ts';
import { decodeVideo } from '../../src/media/decode-video.ts';
import { encodeVideo } from '../../src/media/encode.ts';
import { findFfmpeg } from '../../src/media/ffmpeg-path.ts';
import type { RgbFrames, Size } from '../../src/util/rgb.ts';
import { likeness } from '../deep-cache/likeness.ts';
import { markdownTable } from '../report/tables.ts';

/** A clip to measure on, with what is in it. */
export interface Sample {
  name: string;
  clip: RgbFrames;
}

/** What one way of enlarging gives. */
interface Figures {
  psnr: number;
  ssim: number;
  /** How far the mean of a colour is from that of the small frames, at most, in grey levels. */
  shift: number;
  /** Mean difference of what changes from frame to frame to what changes in the original, in grey levels. */
  flicker: number;
  /** How far the first frame is from the same made of small tiles, at most, in grey levels. */
  seams: number;
  seconds: number;
}

/** Pixels of the small tiles' sides, so that every picture has several. */
const smallTile = 48;

/** How often the sides of the originals can be halved. */
const factors = [2, 4] as const;

/** Which networks are measured. */
interface MeasuredNetworks {
  folder: string;
  /** Their files' names without the ending. */
  networks: readonly string[];
  threads: number;
}

/** Frames shrunk to a half and a quarter of their sides, through H.264 as kept frames are, made large again by each way, beside the frames before, as a table. */
export async function measureUpscaling(
  samples: readonly Sample[],
  { folder, networks, threads }: MeasuredNetworks,
): Promise<string> {
  const ffmpegPath = await findFfmpeg({ configured: undefined, path: process.env.PATH });
  const rows: string[][] = [];
  for (const { name, clip } of samples) {
    for (const factor of factors) {
      const size = { width: clip.width / factor, height: clip.height / factor };
      const metadata = { title: 'bench', settings: { seed: 0 } };
      const { bytes } = await encodeVideo(resized(clip, size), { ffmpegPath, fps: 25, metadata });
      const small = await decodeVideo(bytes, { ...size, ffmpegPath });
      const first = { ...small, frames: small.frames.slice(0, 1) };
      const ways: [string, (frames: RgbFrames, tile?: number) => Promise<RgbFrames>][] = [
        ['Lanczos', async (frames) => resized(frames, { width: clip.width, height: clip.height })],
        ...networks.map((network): (typeof ways)[number] => {
          const options = { factor, network, folder, session: { provider: 'cpu', threads } } as const;
          return [
            network,
            (frames, tile) => upscaleFrames(frames, { ...options, ...(tile !== undefined && { tile }) }),
          ];
        }),
      ];
      for (const [way, enlarge] of ways) {
        const start = performance.now();
        const large = await enlarge(small);
        const seconds = (performance.now() - start) / 1000 / clip.frames.length;
        const [tiled] = (await enlarge(first, smallTile)).frames;
        const seams = tiled!.reduce((most, value, at) => Math.max(most, Math.abs(value - large.frames[0]![at]!)), 0);
        const figures = { ...compare({ original: clip, small, large }), seams, seconds };
        process.stderr.write(`${name}, ×${factor}, ${way}: ${JSON.stringify(figures)}\n`);
        rows.push([
          way === 'Lanczos' ? `${name}, ${clip.width}×${clip.height}` : '',
          way === 'Lanczos' ? `×${factor}` : '',
          way,
          ...cells(figures),
        ]);
      }
    }
  }
  const columns = ['', 'way', 'PSNR, dB', 'SSIM', 'shift of colour', 'flicker', 'seams', 's a frame'];
  return markdownTable(['picture or clip', ...columns], rows);
}

function cells({ psnr, ssim, shift, flicker, seams, seconds }: Figures): string[] {
  return [
    psnr.toFixed(2),
    ssim.toFixed(4),
    shift.toFixed(2),
    Number.isNaN(flicker) ? '–' : flicker.toFixed(2),
    `${seams}`,
    seconds.toFixed(2),
  ];
}

/** Pillow's own Lanczos, in both directions. */
function resized({ width, height, frames }: RgbFrames, size: Size): RgbFrames {
  const resize = (data: Uint8Array) => pilResize({ width, height, data }, { ...size, filter: 'lanczos' }).data;
  return { width: size.width, height: size.height, frames: frames.map(resize) };
}

function compare(clips: {
  original: RgbFrames;
  small: RgbFrames;
  large: RgbFrames;
}): Omit<Figures, 'seams' | 'seconds'> {
  const { original, small, large } = clips;
  const shifts = large.frames.flatMap((frame, at) => {
    const before = means(small.frames[at]!);
    return means(frame).map((mean, channel) => Math.abs(mean - before[channel]!));
  });
  const flickers = original.frames.slice(1).map((frame, at) => {
    let sum = 0;
    for (let index = 0; index < frame.length; index++) {
      const change = frame[index]! - original.frames[at]![index]!;
      sum += Math.abs(large.frames[at + 1]![index]! - large.frames[at]![index]! - change);
    }
    return sum / frame.length;
  });
  const flicker = flickers.reduce((sum, each) => sum + each, 0) / flickers.length;
  return { ...likeness(original, large), shift: Math.max(...shifts), flicker };
}

function means(frame: Uint8Array): number[] {
  const sums = [0, 0, 0];
  for (let index = 0; index < frame.length; index++) sums[index % 3]! += frame[index]!;
  return sums.map((sum) => (sum * 3) / frame.length);
}
