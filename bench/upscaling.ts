/**
 * `npx tsx bench/upscaling.ts [--video FILE:WIDTHxHEIGHT]… [--frames 8] [--threads 2]`: what the networks of
 * models/upscale gain over Lanczos, on the sample pictures, a drawing, and the first frames of videos. Writes its part of bench/RESULTS.md.
 *
 * `--candidates FOLDER`: the same of every network there, as `reference/convert_upconv7.py` puts them; the table is only printed.
 * `--only NAME`: of one picture or clip.
 */
import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { findFfmpeg } from '../src/media/ffmpeg-path.ts';
import { collectFrames, runFfmpeg } from '../src/media/run-ffmpeg.ts';
import type { RgbFrames } from '../src/util/rgb.ts';
import { writePart } from './report/keep-parts.ts';
import { machine } from './report/machine.ts';
import { drawnClip } from './upscaling/drawing.ts';
import { measureUpscaling, type Sample } from './upscaling/measure.ts';

const { values } = parseArgs({
  options: {
    video: { type: 'string', multiple: true, default: [] },
    frames: { type: 'string', default: '8' },
    threads: { type: 'string', default: '2' },
    candidates: { type: 'string' },
    only: { type: 'string' },
  },
});
const frames = Number(values.frames);
const samples: Sample[] = [];
for (const file of readdirSync('assets').filter((name) => /\.(jpg|png)$/.test(name))) {
  samples.push({ name: file.replace(/\..*/, ''), clip: await still(join('assets', file)) });
}
samples.push({ name: 'coffee, out of focus', clip: await still('assets/coffee.jpg', 4) });
samples.push({ name: 'a drawing', clip: await drawnClip(frames) });
for (const file of values.video) samples.push({ name: basename(file).replace(/\..*/, ''), clip: await filmed(file) });
const { candidates: folder = fileURLToPath(new URL('../models/upscale', import.meta.url)), only } = values;
const networks = readdirSync(folder)
  .filter((name) => name.endsWith('.safetensors'))
  .map((name) => basename(name, '.safetensors'))
  // The one that is taken where nobody chooses first.
  .sort((a, b) => Number(b.startsWith('photo')) - Number(a.startsWith('photo')) || a.localeCompare(b));
const chosen = samples.filter(({ name }) => only === undefined || name === only);
const table = await measureUpscaling(chosen, { folder, networks, threads: Number(values.threads) });
const markdown = `## Upscaling

Frames shrunk by Lanczos to a half and a quarter of their sides, through H.264 as kept frames are, and enlarged again: by
Lanczos and by the networks of \`${values.candidates ?? 'models/upscale'}\`. \`shift of colour\`: how far the mean of a colour is from the small frames', in grey levels, at most;
\`flicker\`: mean difference of what changes from frame to frame to what changes in the original, in grey levels;
\`seams\`: how far tiles of 48 pixels are from the usual ones, in grey levels, at most; ${frames} frames of each clip. Written by \`npx tsx bench/upscaling.ts ${process.argv.slice(2).join(' ')}\`. ${machine()}.

${table}`;
if (values.candidates === undefined && only === undefined) writePart('upscaling', markdown);
process.stdout.write(`${markdown}\n`);

/** A picture, cut to sides of which a quarter is even, as H.264 needs it; `blur` is the standard deviation of a blur, in pixels. */
async function still(file: string, blur?: number): Promise<RgbFrames> {
  const { width, height } = await sharp(await readFile(file)).metadata();
  const size = { width: width - (width % 8), height: height - (height % 8) };
  const picture = sharp(file)
    .extract({ left: 0, top: 0, ...size })
    .removeAlpha();
  const data = await (blur === undefined ? picture : picture.blur(blur)).raw().toBuffer();
  return { ...size, frames: [new Uint8Array(data)] };
}

/** The first frames of a video, cut to the size that stands behind its name. */
async function filmed(option: string): Promise<RgbFrames> {
  const [, file = '', width, height] = /^(.*):(\d+)x(\d+)$/.exec(option) ?? [];
  if (file === '') throw new Error(`--video takes FILE:WIDTHxHEIGHT, not ${option}.`);
  const size = { width: Number(width), height: Number(height) };
  const taken: Uint8Array[] = [];
  await runFfmpeg({
    ffmpegPath: await findFfmpeg({ configured: undefined, path: process.env.PATH }),
    file,
    filters: [`crop=${size.width}:${size.height}`],
    outputArguments: ['-f', 'rawvideo', '-pix_fmt', 'rgb24', '-frames:v', `${frames}`],
    output: collectFrames(taken, { frameBytes: size.width * size.height * 3, count: frames }),
  });
  return { ...size, frames: taken };
}
