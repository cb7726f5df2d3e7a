import { join } from 'node:path';
import type { Size } from '../../util/rgb.ts';
import { checkWeights } from '../graph/check-weights.ts';
import { compileGraph } from '../graph/compile-graph.ts';
import { buildGraph } from '../graph/graph-builder.ts';
import { ifnet, ifnetSizeStep } from '../models/ifnet.ts';
import { openSession, type SessionOptions } from '../runtime/session.ts';
import { openWeights, type Weights } from '../safetensors/open-weights.ts';
import { requireFinite, requireOutput } from './guard-networks.ts';

/** RIFE for frames of one size. */
export interface Rife {
  /**
   * The picture between two, whose frames are 8-bit RGB.
   * @param timestep 0 is `from`, 1 is `to`
   * @returns [3, height, width], about 0 to 1
   */
  between(from: Uint8Array, to: Uint8Array, timestep: number): Promise<Float32Array>;
  release(): Promise<void>;
}

/** What RIFE runs on, and how thoroughly. */
export interface RifeOptions extends Pick<SessionOptions, 'provider' | 'threads'> {
  /** RIFE's own: 2 looks for motion at twice as many pixels as there are, 0.5 at half of them. Default 1. */
  scale?: number;
  /** Computes each picture a second time with both frames exchanged, and gives the mean. Left out: for all but large frames. */
  bothWays?: boolean;
}

/** The weights of models/rife; only the header is read. @throws SafetensorsError they are not there, or broken */
export function openRifeWeights(dir: string): Promise<Weights> {
  return openWeights(join(dir, 'flownet.safetensors'), 'flownet');
}

/**
 * Frames of at most so many pixels are computed both ways: RIFE errs a little towards one of its frames, so that the mean
 * of both results is nearer to what was filmed by 0.5 to 1 dB (bench/RESULTS.md). It takes twice as long.
 */
const affordableTwice = 1280 * 720;

/**
 * Builds RIFE for frames of one size, and loads it.
 * @throws WeightsMismatchError the weights are of another network
 * @throws InferenceError the provider refuses
 */
export async function openRife(weights: Weights, { width, height }: Size, options: RifeOptions): Promise<Rife> {
  const { scale = 1, bothWays = width * height <= affordableTwice, provider, threads } = options;
  const step = ifnetSizeStep(scale);
  const padded = { width: roundUp(width, step), height: roundUp(height, step) };
  const target = { provider, precision: 'float32', foldsWeights: true } as const;
  const graph = buildGraph('rife', { weights, target }, (builder) => ifnet(builder, { ...padded, scale }));
  checkWeights('RIFE', weights, [graph]);
  const session = await openSession(compileGraph(graph), { provider, threads });

  async function run(img0: Float32Array, img1: Float32Array, timestep: number): Promise<Float32Array> {
    const { merged } = await session.run({ img0, img1, timestep: Float32Array.of(timestep) });
    const picture = requireOutput(merged);
    requireFinite(picture, 'RIFE');
    return cropped(picture, { width, height }, padded);
  }

  return {
    async between(from, to, timestep) {
      const [img0, img1] = [from, to].map((frame) => planes(frame, { width, height }, padded)) as [
        Float32Array,
        Float32Array,
      ];
      const picture = await run(img0, img1, timestep);
      if (!bothWays) return picture;
      const other = await run(img1, img0, 1 - timestep);
      return picture.map((value, at) => (value + other[at]!) / 2);
    },
    release: () => session.release(),
  };
}

const roundUp = (size: number, step: number) => Math.ceil(size / step) * step;

/** RGB rows as [3, height, width] in [0, 1]; the last column and row go on where it is larger. */
function planes(pixels: Uint8Array, { width, height }: Size, padded: Size): Float32Array {
  const area = padded.width * padded.height;
  const values = new Float32Array(3 * area);
  for (let y = 0; y < padded.height; y++) {
    const row = Math.min(y, height - 1) * width;
    for (let x = 0; x < padded.width; x++) {
      const from = (row + Math.min(x, width - 1)) * 3;
      const at = y * padded.width + x;
      values[at] = pixels[from]! / 255;
      values[area + at] = pixels[from + 1]! / 255;
      values[2 * area + at] = pixels[from + 2]! / 255;
    }
  }
  return values;
}

/** The upper left of [3, …], without a copy where that is all of it. */
function cropped(values: Float32Array, { width, height }: Size, padded: Size): Float32Array {
  if (width === padded.width && height === padded.height) return values;
  const result = new Float32Array(3 * width * height);
  for (let row = 0; row < 3 * height; row++) {
    const channel = Math.floor(row / height);
    const from = (channel * padded.height + (row % height)) * padded.width;
    result.set(values.subarray(from, from + width), row * width);
  }
  return result;
}
