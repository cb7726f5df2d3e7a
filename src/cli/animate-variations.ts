import { extname } from 'node:path';
import { createInterface } from 'node:readline';
import { variationSeeds } from '../settings/variations.ts';
import { formatBytes } from '../util/format-bytes.ts';
import type { Clip, RenderSpec } from '../worker/types.ts';
import { stateOf } from '../worker/variation-states.ts';
import { type AnimateOptions, readPicks } from './animate-options.ts';
import { clipAsJson, clipAsSentence, fromHere } from './describe-clip.ts';
import type { CliIo } from './io.ts';
import { openOutputFile } from './output-file.ts';
import type { ClipPlan } from './plan-clips.ts';

/** What {@link animateVariations} works with. */
interface VariationsRun {
  plan: Pick<ClipPlan, 'output' | 'framesDir'>;
  spec: RenderSpec;
  options: Pick<AnimateOptions, 'preview' | 'pick' | 'json'>;
  render: (spec: RenderSpec) => Promise<Clip>;
  io: CliIo;
}

/**
 * Begins several seeds, writes what they look like side by side, and makes clips of those that are picked: by `--pick`, or at
 * a terminal by who is asked. Without either the seeds are told, each of which gives its clip alone.
 * @throws UserError `output-unwritable`, and what a render throws
 */
export async function animateVariations({ plan, spec, options, render, io }: VariationsRun): Promise<void> {
  const { variations: count = 0, ...form } = spec.form ?? {};
  const sheetPath = options.preview ?? numbered(plan.output, 'variations', '.webp');
  const sheet = await openOutputFile(sheetPath);
  let shown: Clip;
  try {
    const { framesDir: _, ...shownSpec } = spec;
    shown = await render({ ...shownSpec, keepMaster: true });
    await sheet.write(shown.bytes);
  } finally {
    await sheet.discard();
  }
  const seeds = variationSeeds(shown.settings.seed, count);
  io.stdout.write(`${(options.json ? sheetAsJson : sheetAsSentence)(shown, { output: fromHere(sheetPath), seeds })}\n`);
  const picks = options.pick ?? (await askForPicks(count, options.json, io));
  if (picks.length === 0) {
    io.stderr.write(
      'Nothing was picked. --pick N makes a clip at once, and --seed with one of the seeds makes it later.\n',
    );
  }
  for (const number of picks) {
    const isOne = picks.length === 1;
    const output = isOne ? plan.output : numbered(plan.output, `${number}`);
    const framesDir = plan.framesDir === undefined || isOne ? plan.framesDir : `${plan.framesDir}/${number}`;
    const file = await openOutputFile(output);
    try {
      const checkpoint = stateOf(shown.master!, number);
      const clip = await render({
        ...spec,
        form,
        settings: { ...spec.settings, seed: seeds[number - 1]! },
        ...(checkpoint && { checkpoint }),
        ...(framesDir !== undefined && { framesDir }),
      });
      await file.write(clip.bytes);
      const places = { output: fromHere(output), framesDir: framesDir && fromHere(framesDir) };
      io.stdout.write(`${(options.json ? clipAsJson : clipAsSentence)(clip, places)}\n`);
    } finally {
      await file.discard();
    }
  }
}

/** `out/cat.mp4` and `2`: `out/cat-2.mp4`. */
function numbered(path: string, addition: string, ending = extname(path)): string {
  return `${path.slice(0, path.length - extname(path).length)}-${addition}${ending}`;
}

interface ShownSheet {
  output: string;
  seeds: readonly number[];
}

function sheetAsJson({ bytes, master: _, ...made }: Clip, { output, seeds }: ShownSheet): string {
  const variations = seeds.map((seed, index) => ({ number: index + 1, seed }));
  return JSON.stringify({ output, variations, bytes: bytes.byteLength, ...made });
}

function sheetAsSentence({ bytes, width, height, frames }: Clip, { output, seeds }: ShownSheet): string {
  const named = seeds.map((seed, index) => `${index + 1} (seed ${seed})`).join(', ');
  return `${output}: ${width}×${height}, ${frames} frames, ${formatBytes(bytes.byteLength)}, variations ${named}`;
}

/** Asks until the answer is understood, or there are no more; nobody is asked where nobody watches. */
async function askForPicks(count: number, isJson: boolean, { stdin, stderr, signal }: CliIo): Promise<number[]> {
  if (isJson || stdin?.isTTY !== true || stderr.isTTY !== true) return [];
  const ask = () => stderr.write(`Which ones become clips? 1 to ${count}, such as 2 or 1,2; nothing for none: `);
  const lines = createInterface({ input: stdin, terminal: false, signal });
  try {
    ask();
    for await (const line of lines) {
      const answer = line.trim();
      const picks = answer === '' ? [] : readPicks(answer, count);
      if (picks !== undefined) return picks;
      ask();
    }
  } finally {
    lines.close();
  }
  signal.throwIfAborted();
  return [];
}
