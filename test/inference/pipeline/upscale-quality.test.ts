import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { expect, it } from 'vitest';
import { likeness } from '../../../bench/deep-cache/likeness.ts';
import { pilResize } from '../../../src/inference/pipeline/pil-resize.ts';
import { upscaleFrames } from '../../../src/inference/pipeline/upscale-frames.ts';
import { decodeVideo } from '../../../src/media/decode-video.ts';
import { encodeVideo } from '../../../src/media/encode.ts';
import { findFfmpeg } from '../../../src/media/ffmpeg-path.ts';
import type { RgbFrames, Size } from '../../../src/util/rgb.ts';

const repository = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url));

function resized({ width, height, frames }: RgbFrames, size: Size): RgbFrames {
  return {
    ...size,
    frames: frames.map((data) => pilResize({ width, height, data }, { ...size, filter: 'lanczos' }).data),
  };
}

// The photo that gains least of those in bench/RESULTS.md.
it('a photo with fur, halved and through H.264, is enlarged at least 0.3 dB better than by Lanczos', async () => {
  const size = { width: 448, height: 296 };
  const data = await sharp(await readFile(repository('assets/cat.jpg')))
    .extract({ left: 0, top: 0, ...size })
    .removeAlpha()
    .raw()
    .toBuffer();
  const original: RgbFrames = { ...size, frames: [new Uint8Array(data)] };
  const half = { width: size.width / 2, height: size.height / 2 };
  const ffmpegPath = await findFfmpeg({ configured: undefined, path: process.env.PATH });
  const metadata = { title: 'test', settings: { seed: 0 } };
  const { bytes } = await encodeVideo(resized(original, half), { ffmpegPath, fps: 25, metadata });
  const small = await decodeVideo(bytes, { ...half, ffmpegPath });
  const options = { factor: 2, network: 'photo', folder: repository('models/upscale') } as const;
  const enlarged = await upscaleFrames(small, { ...options, session: { provider: 'cpu', threads: 2 } });
  const [network, lanczos] = [likeness(original, enlarged), likeness(original, resized(small, size))];
  expect(network.psnr - lanczos.psnr).toBeGreaterThan(0.3);
  expect(network.ssim).toBeGreaterThan(lanczos.ssim);
});
