import type { ImageToVideoSettings, ModelInfo } from '../inference/pipeline/types.ts';
import type { FramedPicture, RgbFrames, RgbPicture } from '../util/rgb.ts';

/** A way to lay a picture: swapped are rows and columns, then each row is turned round. */
export interface Turn {
  swap: boolean;
  mirror: boolean;
}

/** By the seed's remainder. A model that only knows a pan to the right moves right, left, down and up. */
const turns: readonly Turn[] = [
  { swap: false, mirror: false },
  { swap: false, mirror: true },
  { swap: true, mirror: false },
  { swap: true, mirror: true },
];

/** What a run is given. */
interface RunInputs {
  settings: ImageToVideoSettings;
  picture: FramedPicture;
  endPicture: FramedPicture | undefined;
}

/** The inputs as the model is to see them, and how to lay its frames back. Only a model that says so is turned, by the seed. */
export function orientInputs(
  { settings, picture, endPicture }: RunInputs,
  { orientsBySeed = false }: Pick<ModelInfo, 'orientsBySeed'>,
): RunInputs & { turn: Turn } {
  const turn = orientationOf(orientsBySeed ? settings.seed : 0);
  const { width, height } = settings;
  return {
    turn,
    settings: turn.swap ? { ...settings, width: height, height: width } : settings,
    picture: orientPicture(picture, turn),
    endPicture: endPicture && orientPicture(endPicture, turn),
  };
}

/** The way in which a model that is turned by the seed gets to see the picture. */
export function orientationOf(seed: number): Turn {
  return turns[seed % turns.length]!;
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

/** Frames back to how the picture lies; what else `clip` has stays. */
export function restoreOrientation<Clip extends RgbFrames>(clip: Clip, { swap, mirror }: Turn): Clip {
  const pictures = clip.frames.map((data): RgbPicture => {
    const picture = { width: clip.width, height: clip.height, data };
    const oriented = mirror ? mirrored(picture) : picture;
    return swap ? swapped(oriented) : oriented;
  });
  const { width, height } = swap ? { width: clip.height, height: clip.width } : clip;
  return { ...clip, width, height, frames: pictures.map(({ data }) => data) };
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
