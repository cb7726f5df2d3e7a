import { readCheckpoint } from '../inference/pipeline/checkpoint.ts';
import type { ImageToVideoResult, ImageToVideoSettings } from '../inference/pipeline/types.ts';
import { matchLook as matchLookOfFrames } from '../media/match-look.ts';
import { clipForm } from '../settings/clip-form.ts';
import { defaultsOf } from '../settings/declaration.ts';
import { cancellationPoint } from '../util/cancellation.ts';
import type { RgbFrames, Size } from '../util/rgb.ts';
import { encodeClip, encodeMaster, type RenderedFrames } from './encode-clip.ts';
import { makeVariations } from './make-variations.ts';
import { type Orientation, orientInputs, restoreOrientation, restoreSettings } from './orientation.ts';
import { type FramesSpec, type MakeClipOptions, maxFrames, prepareRun } from './prepare-run.ts';
import { previewFiles } from './preview-clip.ts';
import { type RenderPipeline, type RenderTools, refuseUnsafeClip } from './render-tools.ts';
import { chooseSize } from './resolve-settings.ts';
import type { BaseClip, Clip, ClipForm, RenderProgress, RenderSpec } from './types.ts';

/**
 * The frames of a clip that goes on: the new ones begin with the picture that was the last one, which is shown once.
 * The oldest give way where there would be too many.
 */
function joinFrames(before: readonly Uint8Array[], after: readonly Uint8Array[]): Uint8Array[] {
  return [...before, ...after.slice(1)].slice(-maxFrames);
}

/** A run before its first step. */
interface BegunRun {
  run: ReturnType<RenderPipeline['generate']>;
  /** To be ended with the run. */
  previews: ReturnType<typeof previewFiles> | undefined;
  /** How the picture lies for the model. */
  orientation: Orientation;
  /** As they were before that. */
  settings: ImageToVideoSettings;
  /** Frames that the new ones join. */
  before: Uint8Array[] | undefined;
  seconds: number;
}

/**
 * Makes one clip: the picture's bytes, then the picture, then frames, then a file. Runs in the
 * render process. The signal is looked at between steps, before each load and before the encoder starts.
 * @throws UserError the picture or the settings are at fault; `clip-longest`: a clip that is extended would not grow
 * @throws JobCancelledError the signal was aborted
 */
export async function makeClip(tools: RenderTools, spec: RenderSpec, options: MakeClipOptions = {}): Promise<Clip> {
  const { onProgress = () => {}, signal, log = () => {} } = options;
  // A clip that ends as another picture would come back to the first one.
  const { loop = 'none' } = spec.endPicture === undefined ? tools.pipeline.info : {};
  const { fit: _, ...usualForm } = defaultsOf(clipForm);
  const form: ClipForm = { ...usualForm, loop, ...spec.form };
  onProgress({ stage: 'prepare', step: 0, steps: 1, secondsPerStep: undefined });
  await cancellationPoint(signal);
  const wanted = await wantedSize(tools, spec);
  const pictureFit = wanted.fit ?? spec.fit;
  const settings = { ...spec.settings, ...wanted.size };
  const framesSpec: FramesSpec = { ...spec, form, pictureFit, ratio: wanted.ratio, settings };
  if (form.variations !== undefined) {
    return makeVariations(tools, framesSpec, { ...options, count: form.variations });
  }
  const frames =
    spec.base?.use === 'reencode'
      ? await keptFrames(tools, spec.base, signal)
      : await newFrames(tools, framesSpec, options);
  await cancellationPoint(signal);
  if (spec.framesDir !== undefined) await tools.writeFrames(spec.framesDir, frames);

  // Frames in between are steps, and the file is one more.
  let steps = 1;
  const beginEncoding = () => onProgress({ stage: 'encode-video', step: steps - 1, steps, secondsPerStep: undefined });
  beginEncoding();
  const encodeStart = performance.now();
  const onRetry = (error: unknown) => {
    log(`The encoder failed, the frames are encoded once more: ${error instanceof Error ? error.message : error}`);
    beginEncoding();
  };
  const onFrame = (step: number, total: number) => {
    steps = total + 1;
    onProgress({ stage: 'encode-video', step, steps, secondsPerStep: secondsSince(encodeStart) / step });
  };
  const onUpscale = (progress: RenderProgress) => {
    onProgress(progress);
    if (progress.step === progress.steps) beginEncoding();
  };
  const { upscaleSeconds, ...file } = await encodeClip(
    tools,
    { frames, form, spec, ...wanted },
    { signal, onRetry, onFrame, onUpscale, log },
  );
  const master = spec.keepMaster ? await encodeMaster(tools, frames, { signal, onRetry }) : undefined;
  const encodeSeconds = secondsSince(encodeStart) - upscaleSeconds;
  onProgress({ stage: 'encode-video', step: steps, steps, secondsPerStep: encodeSeconds / steps });
  return {
    ...file,
    ...(master !== undefined && { master }),
    ...(frames.extended && { extended: frames.extended }),
    ...(frames.hasEndPicture && { hasEndPicture: frames.hasEndPicture }),
    settings: frames.settings,
    fit: spec.fit,
    model: frames.model,
    provider: frames.provider,
    secondsPerStage: { ...frames.secondsPerStage, upscale: upscaleSeconds, 'encode-video': encodeSeconds },
  };
}

/** What the shape comes to; nothing where the settings' own size stands. */
async function wantedSize(
  { readPictureInfo, pipeline }: RenderTools,
  { picture, settings, form }: RenderSpec,
): Promise<{ size?: Size; ratio?: number; fit?: 'stretch' }> {
  if (form?.shape === undefined) return {};
  const { defaults, limits } = pipeline.info;
  const { width = defaults.width, height = defaults.height } = settings;
  const info = await readPictureInfo(picture);
  const { ratio, ...size } = chooseSize(form.shape, info, { area: { width, height }, limits });
  // The nearest size differs from the picture's shape by a hair: stretched there and back, nothing of it is lost.
  return ratio === undefined ? { size } : { size, ratio, fit: 'stretch' };
}

/** The frames of a clip that was made before. */
async function keptFrames(
  { decodeVideo, ffmpegPath }: RenderTools,
  { master, metadata }: BaseClip,
  signal: AbortSignal | undefined,
): Promise<RenderedFrames> {
  const start = performance.now();
  const { width, height } = metadata.settings;
  const clip = await decodeVideo(master, { width, height, ffmpegPath, ...(signal && { signal }) });
  const secondsPerStage = { prepare: secondsSince(start), 'encode-image': 0, denoise: 0, decode: 0 };
  return { ...clip, ...metadata, secondsPerStage };
}

/** Frames from the model, after those of a clip that is extended. */
async function newFrames(tools: RenderTools, spec: FramesSpec, options: MakeClipOptions): Promise<RenderedFrames> {
  const { run, previews, orientation, settings, before, seconds } = await beginRun(tools, spec, options);
  let made: ImageToVideoResult;
  try {
    let next = await run.next();
    for (; !next.done; next = await run.next()) options.onProgress?.(next.value);
    made = restoreOrientation(next.value, orientation);
  } finally {
    await previews?.end();
  }
  const result = { ...made, settings: restoreSettings(made.settings, settings) };
  await refuseUnsafeClip(result, tools.safety, options.signal);
  const joined = before && joinFrames(before, await continued(tools, { before, result, spec, signal: options.signal }));
  return {
    ...result,
    ...(spec.endPicture !== undefined && { hasEndPicture: true as const }),
    ...(joined !== undefined && { frames: joined, extended: true as const }),
    model: tools.pipeline.info.name,
    secondsPerStage: { ...result.secondsPerStage, prepare: result.secondsPerStage.prepare + seconds },
  };
}

/** A new part of a clip, and the frames that it goes on from. */
interface NewPart {
  before: readonly Uint8Array[];
  result: RgbFrames;
  spec: Pick<RenderSpec, 'endPicture'>;
  signal: AbortSignal | undefined;
}

/** The frames of a new part, as colourful and as sharp as those before them; an end picture has its own look. */
async function continued(
  { matchLook = matchLookOfFrames }: RenderTools,
  { before, result, spec, signal }: NewPart,
): Promise<Uint8Array[]> {
  const reference = spec.endPicture === undefined ? { reference: before[0]! } : {};
  const frames: Uint8Array[] = [];
  for (const frame of matchLook(result, { last: before.at(-1)!, ...reference })) {
    frames.push(frame);
    await cancellationPoint(signal);
  }
  return frames;
}

/** Begins a run. The picture, which may take much memory, is then only in the pipeline's hands. */
async function beginRun(
  tools: RenderTools,
  spec: FramesSpec,
  { signal, checkpoints, previews: delivery, log = () => {} }: MakeClipOptions,
): Promise<BegunRun> {
  const resume = spec.checkpoint && readCheckpoint(spec.checkpoint, log);
  const start = performance.now();
  const prepared = await prepareRun(tools, spec, { signal, knownSeed: resume?.seed });
  const { width, height, fps } = prepared.settings;
  const { orientation, picture, endPicture, settings } = orientInputs(prepared, tools.pipeline.info);
  const previews =
    delivery &&
    previewFiles(delivery, {
      orientation,
      fps: spec.form.playbackFps ?? fps,
      ratio: spec.ratio ?? width / height,
      safety: tools.safety,
      signal,
      log,
    });
  const run = tools.pipeline.generate(picture, settings, {
    endPicture,
    ...(signal && { signal }),
    resume,
    checkpoints,
    previews,
  });
  const { settings: resolved, before } = prepared;
  return { run, previews, orientation, settings: resolved, before, seconds: secondsSince(start) };
}

function secondsSince(startMs: number): number {
  return (performance.now() - startMs) / 1000;
}
