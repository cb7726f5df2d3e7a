import { readFile } from 'node:fs/promises';
import { UserError } from '../../errors.ts';
import { cancellationPoint } from '../../util/cancellation.ts';
import { type Box, boxOf, type FramedPicture, type RgbPicture, type Size } from '../../util/rgb.ts';
import { type ImageNetwork, openImageNetwork, type Planes } from '../runtime/open-image-network.ts';
import { pilResize } from './pil-resize.ts';
import type { PixelValues, Style } from './styles.ts';

/** A style whose network is in memory. */
export interface OpenStyle {
  /** Pixels that its network takes; undefined: any number. */
  fixed: ImageNetwork['fixed'];
  /** @see applyStyle */
  apply(picture: FramedPicture, clip: Size): Promise<FramedPicture>;
  release(): Promise<void>;
}

/** How a style's network is run. */
interface StyleOptions {
  /** Threads; default: one per core. */
  threads?: number | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * The picture as a style draws it, at the clip's size: so strokes are as large in each clip, and what the model is shown is
 * what the network drew. Bars around the picture stay what they are.
 * @throws UserError `style-broken`: the network cannot be loaded or run, or gives no picture; the cause says why
 * @throws JobCancelledError the signal was aborted; looked at before the network is loaded and before it runs
 */
export async function applyStyle(
  picture: FramedPicture,
  { style, clip, ...options }: { style: Style; clip: Size } & StyleOptions,
): Promise<FramedPicture> {
  await cancellationPoint(options.signal);
  const opened = await openStyle(style, options);
  try {
    await cancellationPoint(options.signal);
    return await opened.apply(picture, clip);
  } finally {
    await opened.release();
  }
}

/**
 * Loads a style's network.
 * @throws UserError `style-broken`
 */
export async function openStyle(style: Style, { threads }: StyleOptions = {}): Promise<OpenStyle> {
  const broken = (cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    return new UserError('style-broken', `The style ${style.name} (${style.file}) cannot be used: ${reason}.`, {
      cause,
      details: { name: style.name },
    });
  };
  try {
    const network = await openImageNetwork(await readFile(style.file), threads);
    return {
      fixed: network.fixed,
      apply: (picture, clip) =>
        draw(picture, { style, network, clip }).catch((error: unknown) => {
          throw broken(error);
        }),
      release: network.release,
    };
  } catch (error) {
    throw broken(error);
  }
}

interface Drawing {
  style: Style;
  network: ImageNetwork;
  clip: Size;
}

async function draw(picture: FramedPicture, { style, network, clip }: Drawing): Promise<FramedPicture> {
  const box = boxOf(picture);
  const visible = visiblePart(picture, box);
  const across = (pixels: number) => Math.round((pixels * clip.width) / box.width);
  const down = (pixels: number) => Math.round((pixels * clip.height) / box.height);
  const part = { width: Math.max(1, across(visible.width)), height: Math.max(1, down(visible.height)) };
  const { inner, canvas } = networkSizes(part, network.fixed, style.multipleOf);
  const shown = pilResize({ ...picture, box: visible }, { ...inner, filter: 'lanczos' });
  const left = Math.floor((canvas.width - inner.width) / 2);
  const top = Math.floor((canvas.height - inner.height) / 2);
  const made = await network.run(toPlanes(shown, { ...canvas, left, top }, style.input));
  if (!made.values.every(Number.isFinite)) throw new Error('it gave values that are not finite');
  const drawn = toPicture(made, style.output);
  // Its output may be larger or smaller than what it took: the picture is at the same place in it.
  const [wide, tall] = [made.width / canvas.width, made.height / canvas.height];
  const place = {
    left: Math.round(left * wide),
    top: Math.round(top * tall),
    width: Math.max(1, Math.round(inner.width * wide)),
    height: Math.max(1, Math.round(inner.height * tall)),
  };
  const styled = pilResize({ ...drawn, box: place }, { ...part, filter: 'lanczos' });
  const isWhole = part.width === clip.width && part.height === clip.height;
  if (isWhole) return styled;
  return { ...styled, box: { left: across(box.left - visible.left), top: down(box.top - visible.top), ...clip } };
}

/** The part of a box that lies within the picture. */
function visiblePart({ width, height }: Size, box: Box): Box {
  const left = Math.max(0, box.left);
  const top = Math.max(0, box.top);
  const right = Math.min(width, box.left + box.width);
  const bottom = Math.min(height, box.top + box.height);
  return { left, top, width: right - left, height: bottom - top };
}

/**
 * What the network takes, and how large the picture is in it. One that takes any size gets the picture's, enlarged to a
 * multiple. One of a fixed size gets the whole picture in its own shape, as large as it fits: in tiles, networks that
 * normalise over the picture would give each tile another contrast.
 */
function networkSizes(part: Size, fixed: ImageNetwork['fixed'], multipleOf: number): { inner: Size; canvas: Size } {
  const multiple = (pixels: number) => Math.ceil(pixels / multipleOf) * multipleOf;
  if (fixed.width === undefined && fixed.height === undefined) {
    return { inner: part, canvas: { width: multiple(part.width), height: multiple(part.height) } };
  }
  const scale = Math.min((fixed.width ?? part.width) / part.width, (fixed.height ?? part.height) / part.height);
  const inner = {
    width: Math.max(1, Math.round(part.width * scale)),
    height: Math.max(1, Math.round(part.height * scale)),
  };
  const canvas = { width: fixed.width ?? multiple(inner.width), height: fixed.height ?? multiple(inner.height) };
  return { inner, canvas };
}

/** The picture within a box of the network's size, as its values; around it its edges go on. */
function toPlanes({ width, height, data }: RgbPicture, canvas: Box, { range, order, mean, std }: PixelValues): Planes {
  const values = new Float32Array(3 * canvas.width * canvas.height);
  const [from, to] = range;
  let at = 0;
  for (let plane = 0; plane < 3; plane++) {
    const channel = order === 'RGB' ? plane : 2 - plane;
    for (let y = 0; y < canvas.height; y++) {
      const row = Math.min(height - 1, Math.max(0, y - canvas.top)) * width;
      for (let x = 0; x < canvas.width; x++) {
        const pixel = row + Math.min(width - 1, Math.max(0, x - canvas.left));
        const value = from + ((to - from) * data[pixel * 3 + channel]!) / 255;
        values[at++] = (value - mean[plane]!) / std[plane]!;
      }
    }
  }
  return { width: canvas.width, height: canvas.height, values };
}

/** The way back; what is beyond the range becomes its end. */
function toPicture({ width, height, values }: Planes, { range, order, mean, std }: PixelValues): RgbPicture {
  const data = new Uint8ClampedArray(3 * width * height);
  const [from, to] = range;
  const pixels = width * height;
  for (let plane = 0; plane < 3; plane++) {
    const channel = order === 'RGB' ? plane : 2 - plane;
    for (let pixel = 0; pixel < pixels; pixel++) {
      const value = values[plane * pixels + pixel]! * std[plane]! + mean[plane]!;
      // Rounds and clamps.
      data[pixel * 3 + channel] = ((value - from) * 255) / (to - from);
    }
  }
  return { width, height, data: new Uint8Array(data.buffer) };
}
