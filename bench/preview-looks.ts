/**
 * `npx tsx bench/preview-looks.ts CLASSIFIER_DIR [--rounds 5] [--note TEXT]`: how long a safety check that looks at previews holds up
 * the steps, in a thread and in the step's own. Writes its part of bench/RESULTS.md.
 */
import { statSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { openSafetyCheck } from '../src/inference/pipeline/open-safety-check.ts';
import type { LatentGuess } from '../src/inference/pipeline/preview.ts';
import { torchGenerator } from '../src/inference/random/torch-generator.ts';
import { encodePreview } from '../src/media/encode-webp.ts';
import { drawPreview } from '../src/worker/draw-preview.ts';
import { previewFiles } from '../src/worker/preview-clip.ts';
import { isUnsafe } from '../src/worker/render-tools.ts';
import { writePart } from './report/keep-parts.ts';
import { machine } from './report/machine.ts';
import { markdownTable, median } from './report/tables.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '5' }, note: { type: 'string' } },
});
const [modelDir] = positionals;
if (modelDir === undefined) throw new Error('Which classifier? A folder as NSFW_MODEL_DIR names it.');
/** Runs of the classifier that stand for a step of the model: it holds the thread in the same way. */
const runsPerStep = 10;
const [width, height, channels, frames] = [128, 72, 4, 25];
const how = { orientation: { swap: false, mirror: false }, fps: 7, ratio: width / height };
// Nothing is refused.
const rule = { check: await openSafetyCheck(modelDir), threshold: 2, modelDir };

const generator = torchGenerator(1);
const picture = {
  width,
  height,
  data: Uint8Array.from(generator.randn(width * height * 3), (value) => 128 + 40 * value),
};
const guess: LatentGuess = {
  ...{ width, height, frames, scalingFactor: 0.18215 },
  latents: generator.randn(frames * channels * width * height),
  pictures: [{ picture, latents: generator.randn(channels * width * height) }],
};

async function step(): Promise<void> {
  for (let run = 0; run < runsPerStep; run++) await rule.check.rate(picture);
}

/** The milliseconds that the step is held, those of the step that follows, and those until the file is there. */
type Times = [held: number, step: number, file: number];

async function inOwnThread(): Promise<Times> {
  const startMs = performance.now();
  const clip = drawPreview({ guess, ...how });
  await isUnsafe(clip, rule, undefined);
  const file = encodePreview(clip, how.fps).then(() => performance.now() - startMs);
  const held = performance.now() - startMs;
  await step();
  return [held, performance.now() - startMs - held, await file];
}

async function inThread(): Promise<Times> {
  const startMs = performance.now();
  let done = (_atMs: number) => {};
  const file = new Promise<number>((resolve) => {
    done = resolve;
  });
  const hand = () => done(performance.now() - startMs);
  const log = (message: string) => {
    throw new Error(message);
  };
  const previews = previewFiles({ everySeconds: 0, hand }, { ...how, safety: rule, signal: undefined, log });
  await previews.hand(guess);
  const held = performance.now() - startMs;
  await step();
  return [held, performance.now() - startMs - held, await file];
}

async function alone(): Promise<Times> {
  const startMs = performance.now();
  await step();
  return [0, performance.now() - startMs, 0];
}

// A thread that makes previews keeps no process alive.
const alive = setInterval(() => {}, 60_000);
const ways = { 'no preview': alone, 'looks in the step’s own thread': inOwnThread, 'looks in the thread': inThread };
const measured = new Map<string, Times[]>(Object.keys(ways).map((name) => [name, []]));
await inThread();
for (let round = 0; round < Number(values.rounds); round++) {
  for (const [name, way] of Object.entries(ways)) measured.get(name)!.push(await way());
}
clearInterval(alive);

const rows = [...measured].map(([name, all]) => {
  const of = (at: 0 | 1 | 2) => median(all.map((times) => times[at])).toFixed(at === 0 ? 1 : 0);
  return [name, of(0), of(1), of(2)];
});
const busy = loadavg()[0]!;
const about =
  busy > cpus().length + 1
    ? `${cpus().length} processors, with other work on them (load ${busy.toFixed(0)}), so that the relation counts, not the seconds.\n`
    : '';
const megabytes = (statSync(join(modelDir, 'model.onnx')).size / 1e6).toFixed(0);
const markdown = `## Previews where there is a safety check

Five frames of a preview of SVD XT's size (25×1024×576) are looked at by a classifier of ${megabytes} MB${values.note === undefined ? '' : ` (${values.note})`}, before the preview is
encoded. \`held\`: milliseconds between the UNet's answer and the next step. \`step\`: that step, for which ${runsPerStep} runs of the
classifier on all cores stand here, and beside which the thread looks with one. \`file\`: until the preview is there. On a processor
both share the cores, so the looks still cost a clip some of its time; beside a GPU it was not measured. Medians of ${values.rounds}, in turns.

${markdownTable(['', 'held, ms', 'step, ms', 'file, ms'], rows)}

${about}Written by \`npx tsx bench/preview-looks.ts CLASSIFIER_DIR\`. ${machine()}.`;
writePart('preview-looks', markdown);
process.stdout.write(`${markdown}\n`);
