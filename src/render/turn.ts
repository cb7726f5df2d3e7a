import type { RgbFrames, RgbPicture } from '../util/rgb.ts';

/** A way to lay a picture: swapped are rows and columns, then each row is turned round. */
interface Turn {
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

/** The way in which a model that is turned by the seed gets to see the picture. */
export function turnOf(seed: number): Turn {
  return turns[seed % turns.length]!;
}

/** The picture as the model is to see it. */
export function turnPicture(picture: RgbPicture, { swap, mirror }: Turn): RgbPicture {
  const laid = swap ? swapped(picture) : picture;
  return mirror ? mirrored(laid) : laid;
}

/** Frames back to how the picture lies; what else `clip` has stays. */
export function turnBack<Clip extends RgbFrames>(clip: Clip, { swap, mirror }: Turn): Clip {
  const pictures = clip.frames.map((data): RgbPicture => {
    const picture = { width: clip.width, height: clip.height, data };
    const laid = mirror ? mirrored(picture) : picture;
    return swap ? swapped(laid) : laid;
  });
  const { width, height } = swap ? { width: clip.height, height: clip.width } : clip;
  return { ...clip, width, height, frames: pictures.map(({ data }) => data) };
}

function mirrored({ width, height, data }: RgbPicture): RgbPicture {
  return moved({ width, height, data }, { width, height }, (x, y) => y * width + (width - 1 - x));
}

function swapped({ width, height, data }: RgbPicture): RgbPicture {
  return moved({ width, height, data }, { width: height, height: width }, (x, y) => x * width + y);
}

/** A picture of that size, each pixel taken from where `from` says. */
function moved(
  picture: RgbPicture,
  { width, height }: Pick<RgbPicture, 'width' | 'height'>,
  from: (x: number, y: number) => number,
): RgbPicture {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const source = from(x, y) * 3;
      data.set(picture.data.subarray(source, source + 3), (y * width + x) * 3);
    }
  }
  return { width, height, data };
}
