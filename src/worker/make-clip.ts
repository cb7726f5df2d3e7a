import { randomInt } from 'node:crypto';
import { UserError } from '../errors.ts';
import { readCheckpoint } from '../inference/pipeline/checkpoint.ts';
import type { CheckpointOptions, ImageToVideoSettings } from '../inference/pipeline/types.ts';
import { matchLook as matchLookOfFrames } from '../media/match-look.ts';
import { clipForm, type FitName } from '../settings/clip-form.ts';
import { defaultsOf } from '../settings/declaration.ts';
import { forTwoPictures } from '../settings/image-to-video.ts';
import { findStyle } from '../settings/style.ts';
import { cancellationPoint } from '../util/cancellation.ts';
import type { FramedPicture, RgbFrames, Size } from '../util/rgb.ts';
import { encodeClip, encodeMaster, type RenderedFrames } from './encode-clip.ts';
import { type Orientation, orientInputs, restoreOrientation, restoreSettings } from './orientation.ts';
import { type PreviewDelivery, previewFiles } from './preview-clip.ts';
import { type RenderPipeline, type RenderTools, refuseUnsafeClip, refuseUnsafePicture } from './render-tools.ts';
import { chooseSize, resolveSettings } from './resolve-settings.ts';
import type { BaseClip, Clip, ClipForm, RenderOptions, RenderProgress, RenderSpec } from './types.ts';

/** Frames of one clip, however often it was extended: what a message can carry, and a machine hold. */
const maxFrames = 400;

/**
 * The frames of a clip that goes on: the new ones begin with the picture that was the last one, which is shown once.
 * The oldest give way where there would be too many.
 */
function joinFrames(before: readonly Uint8Array[], after: readonly Uint8Array[]): Uint8Array[] {
  return [...before, ...after.slice(1)].slice(-maxFrames);
}

/** What {@link makeClip} tells and asks of meanwhile. */
interface MakeClipOptions extends Pick<RenderOptions, 'signal'> {
  /** Told of every step. */
  onProgress?: (progress: RenderProgress) => void;
  /** Told what an operator should know. */
  log?: (message: string) => void;
  /** Left out: no state is handed over. */
  checkpoints?: CheckpointOptions;
  /** Left out: nobody looks on. */
  previews?: PreviewDelivery | undefined;
}

/** A run before its first step. */
interface BegunRun {
  run: ReturnType<RenderPipeline['generate']>;
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
  const { loop = 'none' } = tools.pipeline.info;
  const { fit: _, ...usualForm } = defaultsOf(clipForm);
  const form: ClipForm = { ...usualForm, loop, ...spec.form };
  onProgress({ stage: 'prepare', step: 0, steps: 1, secondsPerStep: undefined });
  await cancellationPoint(signal);
  const wanted = await wantedSize(tools, spec);
  const frames =
    spec.base?.use === 'reencode'
      ? await keptFrames(tools, spec.base, signal)
      : await newFrames(
          tools,
          {
            ...spec,
            form,
            pictureFit: wanted.fit ?? spec.fit,
            ratio: wanted.ratio,
            settings: { ...spec.settings, ...wanted.size },
          },
          options,
        );
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

/** What frames are made from: `form` whole, and how the first picture is brought to the settings' size. */
interface FramesSpec extends RenderSpec {
  form: ClipForm;
  pictureFit: FitName;
  /** Width to height of the file; undefined: the settings' own. */
  ratio: number | undefined;
}

/** Frames from the model, after those of a clip that is extended. */
async function newFrames(tools: RenderTools, spec: FramesSpec, options: MakeClipOptions): Promise<RenderedFrames> {
  const { run, orientation, settings, before, seconds } = await beginRun(tools, spec, options);
  let next = await run.next();
  for (; !next.done; next = await run.next()) options.onProgress?.(next.value);
  const made = restoreOrientation(next.value, orientation);
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
  { signal, checkpoints, previews, log = () => {} }: MakeClipOptions,
): Promise<BegunRun> {
  const resume = spec.checkpoint && readCheckpoint(spec.checkpoint, log);
  const start = performance.now();
  const hasEnd = spec.endPicture !== undefined || spec.form.loop === 'seamless';
  const asked = hasEnd ? forTwoPictures(spec.settings) : spec.settings;
  const settings = resolveSettings(tools.pipeline.info, asked, () => resume?.seed ?? randomInt(2 ** 32));
  const { width, height } = settings;
  const kept = spec.base && (await lastFrame(tools, { base: spec.base, settings, signal }));
  if (kept !== undefined && kept.before.length >= maxFrames) {
    throw new UserError('clip-longest', 'The clip is as long as it can be.', { details: { limit: maxFrames } });
  }
  const size = { width, height };
  const picture = kept?.picture ?? (await tools.pictureForClip(spec.picture, { ...size, fit: spec.pictureFit }));
  const endPicture = await lastPicture(tools, spec, { size, kept, picture });
  await cancellationPoint(signal);
  await refuseUnsafePicture(picture, tools.safety);
  if (endPicture !== undefined && endPicture !== picture) await refuseUnsafePicture(endPicture, tools.safety);
  const draw = drawingOf(tools, spec, { size, signal });
  // Kept frames are drawn in the style already.
  const first = kept === undefined ? await draw(picture) : picture;
  const isOwnPicture = endPicture !== undefined && spec.endPicture !== undefined;
  const end = endPicture === picture ? first : isOwnPicture ? await draw(endPicture) : endPicture;
  const oriented = orientInputs({ settings, picture: first, endPicture: end }, tools.pipeline.info);
  const { orientation } = oriented;
  const run = tools.pipeline.generate(oriented.picture, oriented.settings, {
    endPicture: oriented.endPicture,
    ...(signal && { signal }),
    resume,
    checkpoints,
    previews:
      previews &&
      previewFiles(previews, {
        orientation,
        fps: spec.form.playbackFps ?? settings.fps,
        ratio: spec.ratio ?? width / height,
        safety: tools.safety,
        signal,
        log,
      }),
  });
  return { run, orientation, settings, before: kept?.before, seconds: secondsSince(start) };
}

/**
 * The picture that the clip ends with, if any: the one that was given, whose shape may be another than the first one's,
 * or for a seamless loop the one that it begins with, of an extended clip its very first frame.
 */
async function lastPicture(
  { pictureForClip, readPictureInfo }: RenderTools,
  { picture: first, endPicture, form, fit, pictureFit }: FramesSpec,
  { size, kept, picture }: { size: Size; kept: KeptClip | undefined; picture: FramedPicture },
): Promise<FramedPicture | undefined> {
  if (endPicture !== undefined) {
    const [one, other] = [await readPictureInfo(first), await readPictureInfo(endPicture)];
    // Of the same shape, both take the size in the same way: what stands still stays where it is.
    const isSameShape = one.width * other.height === other.width * one.height;
    return pictureForClip(endPicture, { ...size, fit: isSameShape ? pictureFit : fit });
  }
  if (form.loop !== 'seamless') return undefined;
  return kept === undefined ? picture : { ...size, data: kept.before[0]! };
}

/** What becomes of a picture before it is animated: nothing without a style. */
function drawingOf(
  { applyStyle }: RenderTools,
  { form: { style } }: FramesSpec,
  { size, signal }: { size: Size; signal: AbortSignal | undefined },
): (picture: FramedPicture) => Promise<FramedPicture> {
  if (style === undefined) return async (picture) => picture;
  return async (picture) => {
    // Without any, the one that is asked for is unknown.
    if (applyStyle === undefined) return findStyle([], style) as never;
    return applyStyle(picture, { style, clip: size, signal });
  };
}

/** A clip that is extended. */
interface KeptClip {
  /** Its frames at the settings' size. */
  before: Uint8Array[];
  /** The last of them, as it was rendered. */
  picture: FramedPicture;
}

/** The frames of the clip that goes on, at the settings' size, and the last of them as it was rendered. */
async function lastFrame(
  { decodeVideo, ffmpegPath }: RenderTools,
  { base, settings, signal }: { base: BaseClip; settings: ImageToVideoSettings; signal: AbortSignal | undefined },
): Promise<KeptClip> {
  const framesAt = async ({ width, height }: Size) =>
    (await decodeVideo(base.master, { width, height, ffmpegPath, ...(signal && { signal }) })).frames;
  const own = base.metadata.settings;
  const frames = await framesAt(own);
  const isSameSize = own.width === settings.width && own.height === settings.height;
  const picture = { width: own.width, height: own.height, data: frames.at(-1)! };
  return { before: isSameSize ? frames : await framesAt(settings), picture };
}

function secondsSince(startMs: number): number {
  return (performance.now() - startMs) / 1000;
}
