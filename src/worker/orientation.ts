import { pilResize } from '../inference/pipeline/pil-resize.ts';
import type { ImageToVideoSettings, ModelInfo } from '../inference/pipeline/types.ts';
import type { FramedPicture, RgbFrames, RgbPicture, Size } from '../util/rgb.ts';

/** A way to lay a picture: swapped are rows and columns, then each row is turned round. */
interface Turn {
  swap: boolean;
  mirror: boolean;
}

/** A way to lay a picture for one run. */
export interface Orientation extends Turn {
  /** Columns at the right, of the picture mirrored there, that the model moves as well and that are cut off afterwards. */
  margin?: number;
  /** Of the frames' width, the share without that margin; left out: all of it. */
  shown?: number;
}

/** By the seed's remainder. A model that only knows a pan to the right moves right, left, down and up. */
const pans: readonly Turn[] = [
  { swap: false, mirror: false },
  { swap: false, mirror: true },
  { swap: true, mirror: false },
  { swap: true, mirror: true },
];

/** How a model's moves are chosen and shown; see `ModelInfo`. */
type Moves = Pick<ModelInfo, 'orientsBySeed' | 'panMargin' | 'zoomBucket'>;

/** What a run is given. */
interface RunInputs {
  settings: ImageToVideoSettings;
  picture: FramedPicture;
  endPicture: FramedPicture | undefined;
}

/**
 * The inputs as the model is to see them, and how to lay its frames back: where which way a model's move goes is left to
 * the seed, by laying the pictures accordingly.
 */
export function orientInputs(
  { settings, picture, endPicture }: RunInputs,
  moves: Moves,
): RunInputs & { orientation: Orientation } {
  const { orientation, oriented } = chooseMove(settings, moves);
  const size = { width: oriented.width - (orientation.margin ?? 0), height: oriented.height };
  const lay = (given: FramedPicture) => {
    const turned = orientPicture(given, orientation);
    return orientation.margin ? mirroredBeyond(turned, size, orientation.margin) : turned;
  };
  return { orientation, settings: oriented, picture: lay(picture), endPicture: endPicture && lay(endPicture) };
}

/** The settings that a clip has for people: as they were before {@link orientInputs}, and what the run changed. */
export function restoreSettings(
  made: ImageToVideoSettings,
  { width, height, motionBucketId }: ImageToVideoSettings,
): ImageToVideoSettings {
  return { ...made, width, height, motionBucketId };
}

/** The move that belongs to the seed: how the picture lies for it, and the settings that the model is to be given. */
export function chooseMove(
  settings: ImageToVideoSettings,
  { orientsBySeed = false, panMargin = 0, zoomBucket }: Moves,
): { orientation: Orientation; oriented: ImageToVideoSettings } {
  if (!orientsBySeed) return { orientation: pans[0]!, oriented: settings };
  const { seed, width, height, motionBucketId } = settings;
  const zooms = zoomBucket === undefined ? 0 : 2;
  const move = seed % (pans.length + zooms);
  const pan = pans[move];
  const swapped = { ...settings, width: height, height: width };
  if (pan === undefined) {
    // It zooms towards the middle of a side, further where the picture lies on its long side.
    const orientation = { swap: height > width, mirror: move > pans.length };
    const oriented = orientation.swap ? swapped : settings;
    return { orientation, oriented: { ...oriented, motionBucketId: zoomBucket! + Math.min(255, motionBucketId) } };
  }
  const oriented = pan.swap ? swapped : settings;
  if (panMargin === 0) return { orientation: pan, oriented };
  const canvas = oriented.width + panMargin;
  const orientation = { ...pan, margin: panMargin, shown: oriented.width / canvas };
  return { orientation, oriented: { ...oriented, width: canvas } };
}

/** The picture as the model is to see it, its box as well. */
export function orientPicture(picture: FramedPicture, { swap, mirror }: Turn): FramedPicture {
  const oriented = swap ? swapped(picture) : picture;
  const turned = mirror ? mirrored(oriented) : oriented;
  if (picture.box === undefined) return turned;
  const { left, top, width, height } = picture.box;
  const box = swap ? { left: top, top: left, width: height, height: width } : picture.box;
  return { ...turned, box: mirror ? { ...box, left: turned.width - box.left - box.width } : box };
}

/** Frames back to how the picture lies, without the margin; what else `clip` has stays. */
export function restoreOrientation<Clip extends RgbFrames>(clip: Clip, { swap, mirror, shown = 1 }: Orientation): Clip {
  const visible = Math.round(clip.width * shown);
  const pictures = clip.frames.map((data): RgbPicture => {
    const picture = firstColumns({ width: clip.width, height: clip.height, data }, visible);
    const oriented = mirror ? mirrored(picture) : picture;
    return swap ? swapped(oriented) : oriented;
  });
  const { width, height } = swap ? { width: clip.height, height: visible } : { width: visible, height: clip.height };
  return { ...clip, width, height, frames: pictures.map(({ data }) => data) };
}

/** The picture at the model's size, as the pipeline itself would have it, and beyond its right edge mirrored. */
function mirroredBeyond(picture: FramedPicture, size: Size, margin: number): RgbPicture {
  const { width, height, data } = pilResize(picture, { ...size, filter: 'lanczos' });
  const canvas = { width: width + margin, height, data: new Uint8Array((width + margin) * height * 3) };
  const beyond = firstColumns(mirrored({ width, height, data }), Math.min(width, margin));
  for (let y = 0; y < height; y++) {
    const row = y * canvas.width * 3;
    canvas.data.set(data.subarray(y * width * 3, (y + 1) * width * 3), row);
    canvas.data.set(beyond.data.subarray(y * beyond.width * 3, (y + 1) * beyond.width * 3), row + width * 3);
  }
  return canvas;
}

function firstColumns(picture: RgbPicture, width: number): RgbPicture {
  if (width === picture.width) return picture;
  return moved({ width, height: picture.height, data: picture.data }, { first: 0, across: 1, down: picture.width });
}

function mirrored({ width, height, data }: RgbPicture): RgbPicture {
  return moved({ width, height, data }, { first: width - 1, across: -1, down: width });
}

function swapped({ width, height, data }: RgbPicture): RgbPicture {
  return moved({ width: height, height: width, data }, { first: 0, across: width, down: 1 });
}

/**
 * A picture of that size with the same pixels in other places: its first pixel was the one at `first`, and a step
 * across or down was one of so many pixels.
 */
function moved(
  { width, height, data }: RgbPicture,
  { first, across, down }: { first: number; across: number; down: number },
): RgbPicture {
  const out = new Uint8Array(width * height * 3);
  let at = 0;
  for (let y = 0; y < height; y++) {
    let from = (first + y * down) * 3;
    for (let x = 0; x < width; x++) {
      out[at] = data[from]!;
      out[at + 1] = data[from + 1]!;
      out[at + 2] = data[from + 2]!;
      at += 3;
      from += across * 3;
    }
  }
  return { width, height, data: out };
}
