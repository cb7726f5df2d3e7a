import { UserError } from '../errors.ts';
import { readCheckpoint } from '../inference/pipeline/checkpoint.ts';
import {
  type CheckpointOptions,
  type ImageToVideoSettings,
  maxCheckpointBytes,
  type PipelineProgress,
} from '../inference/pipeline/types.ts';
import { pipelineStages, renderStages } from '../settings/clip.ts';
import { flatSettings } from '../settings/flat-settings.ts';
import { variationSeeds, variationSteps } from '../settings/variations.ts';
import type { RgbFrames, Size } from '../util/rgb.ts';
import { type EncodeOptions, encodeTwice } from './encode-clip.ts';
import { orientInputs, restoreOrientation } from './orientation.ts';
import { type FramesSpec, type MakeClipOptions, prepareRun } from './prepare-run.ts';
import { isUnsafe, type RenderTools } from './render-tools.ts';
import type { Clip, RenderProgress } from './types.ts';
import { encodeStates, readStates, type ShownVariation } from './variation-states.ts';

/** What is shown is small: a file of this size, in bytes, loads at once everywhere. */
const mostSheetBytes = 2 * 1024 * 1024;

/** Level of a tile whose variation may not be shown; lighter than what is between the tiles. */
const blankGrey = 90;

/** What {@link makeVariations} makes. */
interface MakeVariationsOptions extends MakeClipOptions {
  count: number;
}

/**
 * Begins several seeds of one clip, and shows what the model guesses of each side by side. What is picked goes on from its
 * state in {@link Clip.master}, and gives the clip that its seed would have given alone.
 * @throws UserError the picture or the settings are at fault; `clip-unsafe`: none of them may be shown
 * @throws JobCancelledError the signal was aborted
 */
export async function makeVariations(
  tools: RenderTools,
  spec: FramesSpec,
  { count, signal, checkpoints, onProgress = () => {}, log = () => {} }: MakeVariationsOptions,
): Promise<Clip> {
  const start = performance.now();
  const { shown = [], running } = (spec.checkpoint && readStates(spec.checkpoint, log)) ?? {};
  const begun = shown[0]?.state ?? running;
  const knownSeed = begun && readCheckpoint(begun, log)?.seed;
  const { settings, picture, endPicture } = await prepareRun(tools, spec, { signal, knownSeed });
  const secondsPerStage = { ...noSeconds(), prepare: secondsSince(start) };
  const perRun = variationSteps(settings) * (endPicture === undefined ? 1 : 2);
  const progress = progressOf(onProgress, { steps: count * perRun, perRun, shown: shown.length });
  const keep = checkpoints && stateKeeper(checkpoints, shown, log);
  let resume = running && readCheckpoint(running, log);
  for (const seed of variationSeeds(settings.seed, count).slice(shown.length)) {
    const oriented = orientInputs({ settings: { ...settings, seed }, picture, endPicture }, tools.pipeline.info);
    const run = tools.pipeline.generate(oriented.picture, oriented.settings, {
      endPicture: oriented.endPicture,
      ...(signal && { signal }),
      resume,
      checkpoints: keep?.running,
      isVariation: true,
    });
    resume = undefined;
    let next = await run.next();
    for (; !next.done; next = await run.next()) progress.of(next.value);
    const guess = restoreOrientation(next.value, oriented.orientation);
    const { state, width, height, frames, secondsPerStage: own } = guess;
    for (const stage of pipelineStages) secondsPerStage[stage] += own[stage];
    // Frames may not be shown before they were looked at; what is refused leaves the others as they are.
    const isRefused = tools.safety !== undefined && (await isUnsafe(guess, tools.safety, signal));
    if (isRefused) shown.push({ frames: blank({ width, height }), isRefused });
    else shown.push({ frames: { width, height, frames }, ...(state && { state }) });
    progress.next();
    await keep?.shown();
  }
  const refused = shown.flatMap(({ isRefused }, at) => (isRefused ? [at + 1] : []));
  if (refused.length === shown.length) throw new UserError('clip-unsafe', 'None of the variations may be shown here.');
  const encodeStart = performance.now();
  const beginEncoding = () => onProgress({ stage: 'encode-video', step: 0, steps: 1, secondsPerStep: undefined });
  beginEncoding();
  const onRetry = (error: unknown) => {
    log(`The encoder failed, the variations are encoded once more: ${error instanceof Error ? error.message : error}`);
    beginEncoding();
  };
  const file = await encodeSheet(tools, { shown, spec, settings }, { signal, onRetry });
  secondsPerStage['encode-video'] = secondsSince(encodeStart);
  onProgress({ stage: 'encode-video', step: 1, steps: 1, secondsPerStep: secondsPerStage['encode-video'] });
  const states = { master: encodeStates({ shown }), secondsPerStage };
  return { ...file, ...states, ...(refused.length > 0 && { refusedVariations: refused }) };
}

/** In place of what may not be shown. */
function blank({ width, height }: Size): RgbFrames {
  return { width, height, frames: [new Uint8Array(width * height * 3).fill(blankGrey)] };
}

/** What a sheet is made from. */
interface SheetInput {
  shown: readonly ShownVariation[];
  spec: FramesSpec;
  /** Of the first variation. */
  settings: ImageToVideoSettings;
}

/** The file in which the variations play, and what it says of itself. */
async function encodeSheet(
  tools: RenderTools,
  { shown, spec, settings }: SheetInput,
  options: EncodeOptions,
): Promise<Omit<Clip, 'master' | 'secondsPerStage'>> {
  const sheet = await tools.contactSheet(
    shown.map(({ frames }) => frames),
    { ratio: spec.ratio ?? settings.width / settings.height },
  );
  const made = {
    settings,
    fit: spec.fit,
    form: { ...spec.form, format: 'webp' as const },
    model: tools.pipeline.info.name,
    provider: tools.pipeline.provider,
    ...(spec.endPicture !== undefined && { hasEndPicture: true as const }),
  };
  const { bytes, width, height, frames, fps } = await encodeTwice(tools, sheet, {
    ...options,
    format: 'webp',
    loop: 'none',
    fps: spec.form.playbackFps ?? settings.fps,
    maxBytes: Math.min(spec.maxBytes ?? mostSheetBytes, mostSheetBytes),
    metadata: { title: `Kinora, variations from seed ${settings.seed}`, settings: flatSettings(made) },
  });
  return { ...made, bytes, width, height, frames, fps, upscaleFactor: 1 };
}

/** Tells of all variations as of one clip: what the first begins with, then the denoising steps of all. */
function progressOf(onProgress: (progress: RenderProgress) => void, { steps, perRun, shown }: ProgressPlan) {
  let before = shown * perRun;
  /** Of the runs of this process: denoising steps, and what they took. */
  let done = { steps: 0, seconds: 0 };
  let current = { steps: 0, seconds: 0 };
  return {
    of({ stage, step, secondsPerStep }: PipelineProgress): void {
      const isDenoising = stage === 'denoise';
      if (isDenoising) current = { steps: step, seconds: step * (secondsPerStep ?? 0) };
      // What later variations begin with is a part of the steps; told all the same, since it is a sign of life.
      if (!isDenoising && before === 0) {
        onProgress({ stage, step, steps: stage === 'encode-image' ? 2 : 1, secondsPerStep });
        return;
      }
      const counted = done.steps + current.steps;
      const mean = counted === 0 ? undefined : (done.seconds + current.seconds) / counted;
      onProgress({ stage: 'denoise', step: before + current.steps, steps, secondsPerStep: mean });
    },
    next(): void {
      before += perRun;
      done = { steps: done.steps + current.steps, seconds: done.seconds + current.seconds };
      current = { steps: 0, seconds: 0 };
    },
  };
}

/** What {@link progressOf} counts. */
interface ProgressPlan {
  /** Denoising steps of all variations. */
  steps: number;
  perRun: number;
  /** Variations that an earlier run has shown. */
  shown: number;
}

/** Hands over how far all variations have come, as often as the render is asked to. */
function stateKeeper(
  { everySeconds, hand }: CheckpointOptions,
  shown: readonly ShownVariation[],
  log: (message: string) => void,
) {
  let lastMs = performance.now();
  const handAll = async (running?: Uint8Array) => {
    const bytes = encodeStates({ shown: [...shown], ...(running && { running }) });
    if (bytes.byteLength > maxCheckpointBytes) {
      log(
        `Variations have ${bytes.byteLength} bytes, ${maxCheckpointBytes} is the most: how far they are is not kept.`,
      );
      return;
    }
    await hand(bytes);
    lastMs = performance.now();
  };
  return {
    running: { everySeconds, hand: handAll },
    async shown() {
      if (performance.now() - lastMs >= everySeconds * 1000) await handAll();
    },
  };
}

function noSeconds(): Clip['secondsPerStage'] {
  return Object.fromEntries(renderStages.map((stage) => [stage, 0])) as Clip['secondsPerStage'];
}

function secondsSince(startMs: number): number {
  return (performance.now() - startMs) / 1000;
}
