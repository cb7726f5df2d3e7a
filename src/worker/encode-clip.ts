import { AppError, EncodeError, JobCancelledError, scopeOf } from '../errors.ts';
import type { ImageToVideoResult } from '../inference/pipeline/types.ts';
import type { FinishClipOptions, FinishedClip } from '../media/finish-clip.ts';
import { automaticFormat, type ClipFormat } from '../settings/clip-form.ts';
import { flatSettings } from '../settings/flat-settings.ts';
import { cancellationPoint } from '../util/cancellation.ts';
import type { RgbFrames } from '../util/rgb.ts';
import { raiseFrameRate } from './raise-frame-rate.ts';
import type { RenderTools } from './render-tools.ts';
import type { Clip, ClipForm, RenderProgress, RenderSpec } from './types.ts';
import { upscaleClip } from './upscale-clip.ts';

/** The frames of a clip with all that was done to have them. */
export type RenderedFrames = ImageToVideoResult & Pick<Clip, 'model' | 'extended' | 'hasEndPicture'>;

/** What a file is made from. */
interface EncodeClipInput {
  frames: RenderedFrames;
  form: ClipForm;
  spec: Pick<RenderSpec, 'fit' | 'maxBytes'>;
  /** Width to height; undefined: the frames' own. */
  ratio?: number;
}

/** How frames are encoded. */
export interface EncodeOptions {
  signal: AbortSignal | undefined;
  /** Called before the second try, with why the first one failed. */
  onRetry: (error: unknown) => void;
}

/** How a clip is encoded, frames in between included. */
interface EncodeClipOptions extends EncodeOptions {
  /** Told of every frame in between. */
  onFrame: (done: number, total: number) => void;
  /** Told of every frame that is made larger. */
  onUpscale: (progress: RenderProgress) => void;
  log: (message: string) => void;
}

/** What a file is, of all that a clip is. */
type ClipFile = Pick<
  Clip,
  | 'bytes'
  | 'width'
  | 'height'
  | 'upscaleFactor'
  | 'frames'
  | 'fps'
  | 'reduced'
  | 'form'
  | 'replacedFormat'
  | 'interpolator'
>;

/**
 * Smooths, loops, scales and encodes the frames as the form says. Animated pictures are many times as large as an MP4:
 * one that was not asked for gives way to it before it would lose anything, one that was asked for only where it fits
 * in no quality.
 * @throws AppError as {@link encodeTwice}
 */
export async function encodeClip(
  tools: RenderTools,
  { frames: rendered, form: asked, spec, ratio }: EncodeClipInput,
  { onFrame, onUpscale, log, ...options }: EncodeClipOptions,
): Promise<ClipFile & { upscaleSeconds: number }> {
  const { interpolator } = tools;
  const raised = await raiseFrameRate(rendered, {
    fps: asked.playbackFps ?? rendered.settings.fps,
    form: asked,
    interpolator,
    signal: options.signal,
    onFrame,
    log,
  });
  const frames = raised.clip;
  const { enlarged, form, upscaleFactor, seconds } = await upscaleClip(
    tools,
    { frames, form: asked, growth: (raised.toFps ?? raised.fps) / raised.fps },
    { signal: options.signal, onProgress: onUpscale },
  );
  const encodeAs = async (format: ClipFormat, mayReduce: boolean): Promise<ClipFile & { upscaleSeconds: number }> => {
    const file = await encodeTwice(tools, enlarged, {
      ...options,
      format,
      mayReduce,
      loop: form.loop,
      fps: raised.fps,
      ...(raised.toFps !== undefined && { toFps: raised.toFps }),
      metadata: {
        title: `Kinora, seed ${frames.settings.seed}`,
        settings: flatSettings({
          ...frames,
          fit: spec.fit,
          form: { ...form, format },
          interpolator: raised.interpolator,
        }),
      },
      scaleTo: scaled(frames, upscaleFactor, ratio),
      ...(spec.maxBytes !== undefined && { maxBytes: spec.maxBytes }),
    });
    const { bytes, width, height, frames: count, fps } = file;
    const reduced = reductionsOf(file);
    return {
      bytes,
      width,
      height,
      upscaleFactor,
      upscaleSeconds: seconds,
      frames: count,
      fps,
      form: { ...form, format },
      ...(raised.interpolator && { interpolator: raised.interpolator }),
      ...(reduced && { reduced }),
    };
  };
  const isAutomatic = form.format === 'auto';
  // A loop that all of a model's clips have was not chosen.
  const chosenLoop = form.loop === tools.pipeline.info.loop ? 'none' : form.loop;
  const format = form.format === 'auto' ? automaticFormat(chosenLoop) : form.format;
  if (format === 'mp4') return encodeAs(format, true);
  try {
    return await encodeAs(format, !isAutomatic);
  } catch (error) {
    if (!(error instanceof EncodeError && error.code === 'encode-too-large')) throw error;
    return { ...(await encodeAs('mp4', true)), replacedFormat: format };
  }
}

/**
 * The frames themselves, for clips that are made from this one.
 * @throws AppError as {@link encodeTwice}
 */
export async function encodeMaster(
  tools: RenderTools,
  frames: RenderedFrames,
  options: EncodeOptions,
): Promise<Uint8Array> {
  const { bytes } = await encodeTwice(tools, frames, {
    ...options,
    format: 'mp4',
    loop: 'none',
    fps: frames.settings.fps,
    metadata: { title: 'Kinora', settings: { seed: frames.settings.seed } },
  });
  return bytes;
}

/** The file's size: a whole factor larger, then the same area in the wanted ratio. */
function scaled({ width, height }: RenderedFrames, upscaleFactor: number, ratio = width / height) {
  if (ratio === width / height) return { width: width * upscaleFactor, height: height * upscaleFactor };
  const area = width * height * upscaleFactor ** 2;
  const even = (pixels: number) => Math.max(2, 2 * Math.round(pixels / 2));
  return { width: even(Math.sqrt(area * ratio)), height: even(Math.sqrt(area / ratio)) };
}

/** Only what {@link Clip} names: the encoders tell each other more. */
function reductionsOf({ reduced }: FinishedClip): Clip['reduced'] {
  if (reduced === undefined) return undefined;
  const { width, height } = reduced;
  if ('crf' in reduced) return { width, height, crf: reduced.crf };
  return 'colours' in reduced
    ? { width, height, colours: reduced.colours }
    : { width, height, quality: reduced.quality };
}

/**
 * Runs the encoder, and once more where it fails or is killed: the frames, which took long, are still in memory.
 * An error that says whose fault it is (no ffmpeg, a full disk, a clip that cannot be made to fit) is not tried again, nor
 * one that depends on the clip: a long one may run into the time limit on a machine that is well.
 * @throws EncodeError of scope `host`: the encoder failed twice
 * @throws AppError what is not tried again, as it is
 * @throws JobCancelledError the signal was aborted
 */
export async function encodeTwice(
  { finishClip, ffmpegPath }: RenderTools,
  frames: RgbFrames,
  { signal, onRetry, ...options }: Omit<FinishClipOptions, 'ffmpegPath' | 'signal'> & EncodeOptions,
): Promise<FinishedClip> {
  for (let isSecond = false; ; isSecond = true) {
    await cancellationPoint(signal);
    try {
      return await finishClip(frames, { ...options, ffmpegPath, ...(signal && { signal }) });
    } catch (error) {
      if (isSettled(error)) throw error;
      if (isSecond) throw failedTwice(error);
      onRetry(error);
    }
  }
}

function failedTwice(cause: unknown): EncodeError {
  const code = cause instanceof AppError ? cause.code : 'encode-failed';
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new EncodeError(code, `The video could not be encoded, twice: ${reason}`, { cause, scope: 'host' });
}

/** The next try would end as this one did. */
const lastingCodes = ['encode-timeout', 'encode-bad-frames'];

function isSettled(error: unknown): boolean {
  if (error instanceof JobCancelledError || scopeOf(error) !== undefined) return true;
  return error instanceof EncodeError && lastingCodes.includes(error.code);
}
