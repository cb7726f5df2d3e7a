import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { RgbFrames } from '../../src/util/rgb.ts';

/** A smooth coloured scene that pans by `step` pixels a frame. */
export function panningClip(width: number, height: number, options: { count: number; step?: number }): RgbFrames {
  const frames = Array.from({ length: options.count }, (_, index) => {
    const data = new Uint8Array(width * height * 3);
    const shift = index * (options.step ?? 2);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const u = (x + shift) / 19;
        const v = y / 13;
        const start = (y * width + x) * 3;
        data[start] = 128 + 90 * Math.sin(u) * Math.cos(v);
        data[start + 1] = 128 + 90 * Math.sin(u / 2 + v);
        data[start + 2] = 128 + 90 * Math.cos(u - v / 2);
      }
    }
    return data;
  });
  return { width, height, frames };
}

/** Frames that no codec can make small: noise from a fixed seed, of few colours, since finding palettes takes time. */
export function noisyClip(width: number, height: number, count: number): RgbFrames {
  let state = 1;
  const frames = Array.from({ length: count }, () =>
    Uint8Array.from({ length: width * height * 3 }, () => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return (state >>> 24) & 0xe0;
    }),
  );
  return { width, height, frames };
}

/** All frames of one colour. */
export function flatClip(width: number, height: number, options: { count: number; colour: number[] }): RgbFrames {
  const frame = new Uint8Array(width * height * 3);
  for (let start = 0; start < frame.length; start += 3) {
    frame.set(options.colour, start);
  }
  return { width, height, frames: Array.from({ length: options.count }, () => frame) };
}

/** Decodes a video to RGB frames of its own size, taking its colour tags at their word. */
export async function decodeVideo(
  bytes: Uint8Array,
  { ffmpegPath, width, height }: { ffmpegPath: string; width: number; height: number },
): Promise<RgbFrames> {
  const folder = await mkdtemp(join(tmpdir(), 'kinora-decode-'));
  try {
    const file = join(folder, 'file');
    await writeFile(file, bytes);
    const filter = 'scale=flags=accurate_rnd+full_chroma_int+full_chroma_inp';
    const { stdout } = await promisify(execFile)(
      ffmpegPath,
      ['-v', 'error', '-i', file, '-vf', filter, '-f', 'rawvideo', '-pix_fmt', 'rgb24', 'pipe:1'],
      { encoding: 'buffer', maxBuffer: 1 << 28 },
    );
    const frameBytes = width * height * 3;
    const count = stdout.length / frameBytes;
    const frames = Array.from({ length: count }, (_, i) => stdout.subarray(i * frameBytes, (i + 1) * frameBytes));
    return { width, height, frames };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Peak signal-to-noise ratio of 8-bit values, in dB. */
export function psnr(actual: Uint8Array, expected: Uint8Array): number {
  if (actual.length !== expected.length) {
    throw new Error(`${actual.length} values beside ${expected.length}`);
  }
  let sum = 0;
  for (const [index, value] of expected.entries()) {
    sum += (value - actual[index]!) ** 2;
  }
  return 10 * Math.log10((255 * 255) / (sum / expected.length));
}
