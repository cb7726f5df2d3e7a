import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { limitsOf } from '../../src/media/check-file.ts';
import { decodePicture } from '../../src/media/decode-picture.ts';

// `decode-side.ts KIND MEGAPIXELS`: writes such a picture, decodes it in a process of its own, and prints as JSON how
// long that took and what the process held at most. `decode-side.ts FILE` is that process.

const [kind = '', megapixels] = process.argv.slice(2);

/** A landscape of waves: neither flat nor noise. */
async function write(file: string): Promise<void> {
  const width = Math.round(Math.sqrt((Number(megapixels) * 1e6 * 3) / 2));
  const height = Math.round((width * 2) / 3);
  const channels = kind.startsWith('transparent') ? 4 : 3;
  const row = (y: number) =>
    Uint8Array.from(
      { length: width * channels },
      (_, at) => 128 + 100 * Math.sin((at * 0.002) % 7) * Math.cos(y * 0.003),
    );
  const data = new Uint8Array(width * height * channels);
  for (let y = 0; y < height; y += 1)
    data.set(
      y % 8 === 0 ? row(y) : data.subarray((y - 1) * width * channels, y * width * channels),
      y * width * channels,
    );
  const image = sharp(data, { raw: { width, height, channels }, limitInputPixels: false });
  const progressive = /progressive|interlaced/.test(kind);
  if (kind.startsWith('16-bit')) image.toColourspace('rgb16');
  if (kind.endsWith('jpeg')) image.jpeg({ progressive, quality: 85 });
  else if (kind.endsWith('png')) image.png({ progressive, compressionLevel: 1 });
  else if (kind === 'webp') image.webp({ effort: 0 });
  else image.avif({ effort: 0, quality: 50 });
  writeFileSync(file, await image.toBuffer());
}

if (megapixels === undefined) {
  const bytes = readFileSync(kind);
  const start = performance.now();
  const { width, height } = await decodePicture(bytes, limitsOf({ from: 'operator', maxPixels: 10 ** 9 }));
  const seconds = (performance.now() - start) / 1000;
  // Not `resourceUsage().maxRSS`: a process begins with its parent's there.
  const peakBytes = Number(/VmHWM:\s*(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) * 1024;
  process.stdout.write(JSON.stringify({ seconds, peakMb: peakBytes / 1e6, pixels: width * height, peakBytes }));
} else {
  const folder = mkdtempSync(join(tmpdir(), 'kinora-bench-'));
  try {
    const file = join(folder, 'picture');
    await write(file);
    const words = ['--import', 'tsx', fileURLToPath(import.meta.url)];
    const environment = { ...process.env, VIPS_CONCURRENCY: '1', MALLOC_ARENA_MAX: '2' };
    const measure = (path: string) =>
      JSON.parse(execFileSync(process.execPath, [...words, path], { env: environment, encoding: 'utf8' }));
    const made = measure(file);
    // What the process holds without the picture: that of a small one.
    const small = join(folder, 'small');
    writeFileSync(
      small,
      await sharp({ create: { width: 8, height: 8, channels: 3, background: 'red' } })
        .png()
        .toBuffer(),
    );
    const bytesPerPixel = (made.peakBytes - measure(small).peakBytes) / made.pixels;
    process.stdout.write(`${JSON.stringify({ ...made, bytesPerPixel })}\n`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
