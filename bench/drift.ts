/**
 * `npx tsx bench/drift.ts [--pictures cat,rocket,coffee] [--extensions 5] [--frames 8] [--steps 6] [--threads 2] [--look DIR]`: how far colours
 * and sharpness move when the demo model's clips are extended again and again, with the match to the frames before and without.
 * Writes its part of bench/RESULTS.md; `--look` keeps the frames where the parts begin, beside each other.
 */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { openImageToVideo } from '../src/inference/pipeline/image-to-video.ts';
import { contactSheet } from '../src/media/contact-sheet.ts';
import { pictureForClip } from '../src/media/decode-picture.ts';
import { decodeVideo } from '../src/media/decode-video.ts';
import { findFfmpeg } from '../src/media/ffmpeg-path.ts';
import { finishClip } from '../src/media/finish-clip.ts';
import { readPictureInfo } from '../src/media/open-picture.ts';
import { colourOf } from '../src/media/picture-look.ts';
import { writeFrames } from '../src/media/write-frames.ts';
import type { RgbFrames, Size } from '../src/util/rgb.ts';
import { makeClip } from '../src/worker/make-clip.ts';
import type { RenderTools } from '../src/worker/render-tools.ts';
import type { Clip, RenderSpec } from '../src/worker/types.ts';
import { mean } from './deep-cache/likeness.ts';
import { writePart } from './report/keep-parts.ts';
import { machine } from './report/machine.ts';
import { markdownTable } from './report/tables.ts';

const { values } = parseArgs({
  options: {
    pictures: { type: 'string', default: 'cat,rocket,coffee' },
    extensions: { type: 'string', default: '5' },
    frames: { type: 'string', default: '8' },
    steps: { type: 'string', default: '6' },
    threads: { type: 'string', default: '2' },
    look: { type: 'string' },
  },
});
const names = values.pictures.split(',');
const extensions = Number(values.extensions);
const ffmpegPath = await findFfmpeg({});
const pipeline = await openImageToVideo({
  modelDir: 'models/demo',
  provider: 'cpu',
  memoryMode: 'resident',
  threads: Number(values.threads),
  log: () => {},
});
const tools: RenderTools = {
  pipeline,
  readPictureInfo,
  pictureForClip,
  finishClip,
  decodeVideo,
  contactSheet,
  writeFrames,
  ffmpegPath,
  upscaleFrames: async (clip) => clip,
};
const ways: Readonly<Record<string, RenderTools>> = {
  'as rendered': {
    ...tools,
    *matchLook({ frames }) {
      yield* frames;
    },
  },
  matched: tools,
};

/** A clip that goes on, or one from the picture; the seeds are the same in both ways. */
function spec(picture: Uint8Array, seed: number, before?: Clip): RenderSpec {
  const { settings, model, provider } = before ?? {};
  const metadata = settings && model !== undefined && provider && { settings, model, provider };
  return {
    picture,
    settings: { seed, numFrames: Number(values.frames), numInferenceSteps: Number(values.steps) },
    fit: 'crop',
    form: { loop: 'none' },
    keepMaster: true,
    ...(before?.master && metadata && { base: { master: before.master, use: 'extend', metadata } }),
  };
}

/** The frames of a clip that was extended so often. */
async function chain(way: RenderTools, picture: Uint8Array, first: Clip): Promise<RgbFrames> {
  let clip = first;
  for (let part = 1; part <= extensions; part++) {
    clip = await makeClip(way, spec(picture, part * 7, clip));
    process.stderr.write('.');
  }
  const { width, height } = clip.settings;
  return decodeVideo(clip.master!, { width, height, ffmpegPath });
}

/** Root mean square of the brightness' differences between neighbours: another measure than the one that is matched. */
function sharpness(frame: Uint8Array, { width, height }: Size): number {
  let sum = 0;
  const at = (x: number, y: number) => {
    const pixel = (y * width + x) * 3;
    return 0.299 * frame[pixel]! + 0.587 * frame[pixel + 1]! + 0.114 * frame[pixel + 2]!;
  };
  for (let y = 0; y + 1 < height; y++) {
    for (let x = 0; x + 1 < width; x++) {
      const here = at(x, y);
      sum += (at(x + 1, y) - here) ** 2 + (at(x, y + 1) - here) ** 2;
    }
  }
  return Math.sqrt(sum / ((width - 1) * (height - 1)));
}

const difference = (one: readonly number[], other: readonly number[]) =>
  mean(one.map((value, at) => Math.abs(value - other[at]!)));

const frameDifference = (one: Uint8Array, other: Uint8Array) => {
  let sum = 0;
  for (let at = 0; at < one.length; at++) sum += Math.abs(one[at]! - other[at]!);
  return sum / one.length;
};

/** How far the last frame is from the first, and the seams from the differences beside them. */
function measure(clip: RgbFrames, numFrames: number) {
  const { frames } = clip;
  const [first, last] = [frames[0]!, frames.at(-1)!];
  const seams: number[] = [];
  for (let part = 1; part <= extensions; part++) {
    const at = numFrames - 1 + (part - 1) * (numFrames - 1);
    const change = (index: number) => frameDifference(frames[index]!, frames[index + 1]!);
    seams.push(change(at) / Math.max(change(at - 1), change(at + 1), change(at + 2)));
  }
  return {
    mean: difference(colourOf(last).mean, colourOf(first).mean),
    deviation: difference(colourOf(last).deviation, colourOf(first).deviation),
    sharpness: Math.abs(sharpness(last, clip) / sharpness(first, clip) - 1),
    seam: mean(seams),
  };
}

/** The frames where the parts begin, one way below the other. */
async function keepSheet(name: string, clips: readonly RgbFrames[], numFrames: number): Promise<void> {
  if (values.look === undefined) return;
  await mkdir(values.look, { recursive: true });
  const { width, height } = clips[0]!;
  const tiles = clips.flatMap(({ frames }, row) =>
    Array.from({ length: extensions + 2 }, (_, column) => ({
      input: Buffer.from(frames[Math.min(frames.length - 1, column * (numFrames - 1))]!),
      raw: { width, height, channels: 3 } as const,
      left: column * width,
      top: row * height,
    })),
  );
  const sheet = { width: width * (extensions + 2), height: height * clips.length };
  await sharp({ create: { ...sheet, channels: 3, background: 'black' } })
    .composite(tiles)
    .png()
    .toFile(join(values.look, `${name}.png`));
  for (const [way, clip] of clips.entries()) await writeFrames(join(values.look, `${name}-${way}`), clip);
}

const rows: string[][] = [];
const all: Record<string, ReturnType<typeof measure>[]> = {};
for (const name of names) {
  const picture = await readFile(`assets/${name}.jpg`);
  const first = await makeClip(tools, spec(picture, 10));
  const clips: RgbFrames[] = [];
  for (const [way, wayTools] of Object.entries(ways)) {
    const clip = await chain(wayTools, picture, first);
    const figures = measure(clip, first.settings.numFrames);
    all[way] = [...(all[way] ?? []), figures];
    rows.push([name, way, ...texts(figures)]);
    clips.push(clip);
  }
  await keepSheet(name, clips, first.settings.numFrames);
}
for (const [way, figures] of Object.entries(all)) {
  const of = (key: keyof (typeof figures)[number]) => mean(figures.map((each) => each[key]));
  const together = { mean: of('mean'), deviation: of('deviation'), sharpness: of('sharpness'), seam: of('seam') };
  rows.push(['mean', way, ...texts(together)]);
}

function texts({ mean: colour, deviation, sharpness: detail, seam }: ReturnType<typeof measure>): string[] {
  return [colour.toFixed(2), deviation.toFixed(2), `${(detail * 100).toFixed(1)} %`, seam.toFixed(2)];
}

const markdown = `## Drift of clips that are extended

The demo model's clips of ${values.frames} frames and ${values.steps} steps, extended ${extensions} times in a row through the kept H.264 frames: how far the last frame is from the first in
the mean and in the standard deviation of a channel, in grey levels (mean of the three), and in sharpness (root mean square
of the differences between neighbouring pixels). \`seam\`: the difference between the frames where two parts meet, to the
largest of those before and after, mean of all seams. Written by \`npx tsx bench/drift.ts ${process.argv.slice(2).join(' ')}\`. ${machine()}.

${markdownTable(['picture', 'frames', 'mean', 'deviation', 'sharpness', 'seam'], rows)}`;
writePart('drift', markdown);
process.stdout.write(`${markdown}\n`);
