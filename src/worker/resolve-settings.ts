import { checkSettings } from '../inference/pipeline/model-info.ts';
import type { ImageToVideoSettings, ModelInfo } from '../inference/pipeline/types.ts';
import type { ShapeName } from '../settings/clip-form.ts';
import { checkRanges } from '../settings/declaration.ts';
import { imageToVideo } from '../settings/image-to-video.ts';
import type { Size } from '../util/rgb.ts';

/**
 * The model's defaults, overlaid with what was asked for; a seed left out is taken from `drawSeed`.
 * Defaults give way to a requested that they contradict: a chunk larger than the frames asked for, a highest guidance
 * below the lowest that was asked for, and the other way round.
 * @throws UserError a setting is outside what the model can do
 */
export function resolveSettings(
  info: ModelInfo,
  requested: Partial<ImageToVideoSettings>,
  drawSeed: () => number,
): ImageToVideoSettings {
  // First as they were asked for: below, they may move a default, which would then be called wrong in their place.
  checkRanges(imageToVideo, requested, info.limits);
  const settings = { ...info.defaults, ...requested, seed: requested.seed ?? drawSeed() };
  if (requested.decodeChunkSize === undefined) {
    // diffusers decodes all frames together, also where more are asked for than the model was trained for.
    const isAll = info.defaults.decodeChunkSize >= info.defaults.numFrames;
    settings.decodeChunkSize = isAll ? settings.numFrames : Math.min(settings.decodeChunkSize, settings.numFrames);
  }
  if (requested.maxGuidanceScale === undefined) {
    settings.maxGuidanceScale = Math.max(settings.maxGuidanceScale, settings.minGuidanceScale);
  }
  if (requested.minGuidanceScale === undefined) {
    settings.minGuidanceScale = Math.min(settings.minGuidanceScale, settings.maxGuidanceScale);
  }
  checkSettings(settings, info);
  return settings;
}

/** What a shape comes to for one picture. */
interface ChosenSize extends Size {
  /** Width to height of the finished clip; undefined: that of the size. */
  ratio?: number;
}

/** Longer and taller pictures are fitted into this ratio: models know no clips beyond it. */
const longestRatio = 2.4;

/** How much a wrong ratio weighs against a wrong area. */
const ratioWeight = 3;

/**
 * The size, of those that the model handles, nearest to the shape at the area of `area`.
 * A picture's own shape is met in two steps: the nearest size while rendering, the exact ratio in the finished clip.
 */
export function chooseSize(shape: ShapeName, picture: Size, { area, limits }: ShapeContext): ChosenSize {
  const own = picture.width / picture.height;
  const ratio = wantedRatio(shape, own, area);
  const size = nearestSize(ratio, area.width * area.height, limits);
  return shape === 'auto' && ratio === own ? { ...size, ratio } : size;
}

/** What {@link chooseSize} works with. */
interface ShapeContext {
  /** The clip's size if no shape were asked for. */
  area: Size;
  limits: Pick<ModelInfo['limits'], 'minSize' | 'maxSize'>;
}

function wantedRatio(shape: ShapeName, own: number, { width, height }: Size): number {
  // A model whose own size is a square has no long side of its own; 16:9 is what screens have.
  const long = width === height ? 16 / 9 : Math.max(width / height, height / width);
  switch (shape) {
    case 'auto':
      return Math.min(longestRatio, Math.max(1 / longestRatio, own));
    case 'landscape':
      return long;
    case 'portrait':
      return 1 / long;
    case 'square':
      return 1;
  }
}

/** Multiples of the smallest size are those that every level of the UNet halves evenly. */
function nearestSize(ratio: number, area: number, { minSize: step, maxSize }: ShapeContext['limits']): Size {
  let best: Size = { width: step, height: step };
  let bestError = Number.POSITIVE_INFINITY;
  for (let width = step; width <= maxSize; width += step) {
    for (const rounded of [Math.floor(width / ratio / step), Math.ceil(width / ratio / step)]) {
      const height = Math.max(1, rounded) * step;
      if (height > maxSize) continue;
      const error =
        ratioWeight * Math.abs(Math.log(width / height / ratio)) + Math.abs(Math.log((width * height) / area));
      if (error < bestError) [best, bestError] = [{ width, height }, error];
    }
  }
  return best;
}
