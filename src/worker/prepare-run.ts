import { randomInt } from 'node:crypto';
import { UserError } from '../errors.ts';
import type { CheckpointOptions, ImageToVideoSettings } from '../inference/pipeline/types.ts';
import type { FitName } from '../settings/clip-form.ts';
import { forTwoPictures } from '../settings/image-to-video.ts';
import { findStyle } from '../settings/style.ts';
import { cancellationPoint } from '../util/cancellation.ts';
import type { FramedPicture, Size } from '../util/rgb.ts';
import type { PreviewDelivery } from './preview-clip.ts';
import { type RenderTools, refuseUnsafePicture } from './render-tools.ts';
import { resolveSettings } from './resolve-settings.ts';
import type { BaseClip, ClipForm, RenderOptions, RenderProgress, RenderSpec } from './types.ts';

/** Frames of one clip, however often it was extended: what a message can carry, and a machine hold. */
export const maxFrames = 400;

/** What `makeClip` tells and asks of meanwhile. */
export interface MakeClipOptions extends Pick<RenderOptions, 'signal'> {
  /** Told of every step. */
  onProgress?: (progress: RenderProgress) => void;
  /** Told what an operator should know. */
  log?: (message: string) => void;
  /** Left out: no state is handed over. */
  checkpoints?: CheckpointOptions;
  /** Left out: nobody looks on. */
  previews?: PreviewDelivery | undefined;
}

/** What frames are made from: `form` whole, and how the first picture is brought to the settings' size. */
export interface FramesSpec extends RenderSpec {
  form: ClipForm;
  pictureFit: FitName;
  /** Width to height of the file; undefined: the settings' own. */
  ratio: number | undefined;
}

/** What a run begins with. */
interface PreparedRun {
  settings: ImageToVideoSettings;
  picture: FramedPicture;
  /** The picture that the clip ends with, if any. */
  endPicture: FramedPicture | undefined;
  /** Frames that the new ones join. */
  before: Uint8Array[] | undefined;
}

/**
 * Resolves the settings, decodes the pictures, and looks at them where there is a safety check. `knownSeed`: one that was
 * drawn before for the same clip.
 * @throws UserError the picture or the settings are at fault; `clip-longest`: a clip that is extended would not grow
 * @throws JobCancelledError the signal was aborted
 */
export async function prepareRun(
  tools: RenderTools,
  spec: FramesSpec,
  { signal, knownSeed }: { signal: AbortSignal | undefined; knownSeed: number | undefined },
): Promise<PreparedRun> {
  const hasEnd = spec.endPicture !== undefined || spec.form.loop === 'seamless';
  const asked = hasEnd ? forTwoPictures(spec.settings) : spec.settings;
  const settings = resolveSettings(tools.pipeline.info, asked, () => knownSeed ?? randomInt(2 ** 32));
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
  return { settings, picture: first, endPicture: end, before: kept?.before };
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
