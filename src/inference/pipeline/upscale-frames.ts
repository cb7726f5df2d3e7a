import { join } from 'node:path';
import { cancellationPoint } from '../../util/cancellation.ts';
import type { RgbFrames, RgbPicture, Size } from '../../util/rgb.ts';
import { checkWeights } from '../graph/check-weights.ts';
import { compileGraph } from '../graph/compile-graph.ts';
import { buildGraph } from '../graph/graph-builder.ts';
import { enlarger, enlargerSizes } from '../models/upconv-7.ts';
import { type NetworkSession, openSession, type SessionOptions } from '../runtime/session.ts';
import { openWeights } from '../safetensors/open-weights.ts';
import { defaultPrecision } from './build-network.ts';
import { requireFinite, requireOutput } from './guard-networks.ts';
import { keepLocalMeans } from './keep-local-means.ts';

const { scale, margin } = enlargerSizes;

/**
 * Pixels of a tile's side, at most. The network's widest layer takes 1 KB for each of a tile's pixels; a smaller tile
 * would spend more on the margins that its neighbours compute too.
 */
const largestTile = 256;

/** How frames are enlarged. */
export interface UpscaleOptions {
  /** A power of two: the network doubles, as often as needed. */
  factor: number;
  /** The network, by the name of its file without the ending. */
  network: string;
  /** The folder of the networks. */
  folder: string;
  session: SessionOptions;
  signal?: AbortSignal | undefined;
  /** Told after each frame, how many are done. */
  onFrame?: (done: number) => void;
  /** Pixels of a tile's side, at most; {@link largestTile} unless given. */
  tile?: number;
}

/**
 * Enlarges frames by a network that was trained for it (waifu2x's), tile by tile, so that the memory beside the frames
 * depends on the tile and not on their size. A frame that stands in the clip more than once is enlarged once.
 * @throws JobCancelledError the signal was aborted; looked at before each tile
 * @throws SafetensorsError | WeightsMismatchError | InferenceError the network cannot be read or run
 */
export async function upscaleFrames(clip: RgbFrames, options: UpscaleOptions): Promise<RgbFrames> {
  const { factor, onFrame = () => {} } = options;
  const passes: Pass[] = [];
  try {
    let size: Size = clip;
    for (let by = 1; by < factor; by *= scale) {
      passes.push(await openPass(size, options));
      size = { width: size.width * scale, height: size.height * scale };
    }
    const known = new Map<Uint8Array, Uint8Array>();
    const frames: Uint8Array[] = [];
    for (const data of clip.frames) {
      let picture: RgbPicture = { width: clip.width, height: clip.height, data };
      const before = known.get(data);
      if (before === undefined) for (const pass of passes) picture = await pass.run(picture);
      known.set(data, before ?? picture.data);
      frames.push(before ?? picture.data);
      onFrame(frames.length);
    }
    return { ...clip, ...size, frames };
  } finally {
    for (const pass of passes) await pass.release();
  }
}

interface Pass {
  run(picture: RgbPicture): Promise<RgbPicture>;
  release(): Promise<void>;
}

/** The network in the shape of one tile: all tiles are equal, so that one session serves them. */
async function openPass({ width, height }: Size, options: UpscaleOptions): Promise<Pass> {
  const { folder, network, session: sessionOptions, signal, tile: largest = largestTile } = options;
  await cancellationPoint(signal);
  const columns = tileStarts(width, largest);
  const rows = tileStarts(height, largest);
  const tile = { width: columns.size, height: rows.size };
  const session = await openUpscaler(join(folder, `${network}.safetensors`), tile, sessionOptions);
  return {
    async run(picture) {
      const values = new Float32Array(picture.data.length * scale ** 2);
      for (const top of rows.starts) {
        for (const left of columns.starts) {
          await cancellationPoint(signal);
          const { enlarged } = await session.run({ sample: cutTile(picture, { left, top, ...tile }) });
          const pixels = requireOutput(enlarged);
          requireFinite(pixels, `The network ${network}`);
          pasteTile({ values, width: width * scale }, pixels, { left, top, ...tile });
        }
      }
      return { width: width * scale, height: height * scale, data: keepLocalMeans(picture, { values, scale }) };
    },
    release: session.release,
  };
}

async function openUpscaler(file: string, tile: Size, options: SessionOptions): Promise<NetworkSession> {
  const weights = await openWeights(file, '');
  const target = { provider: options.provider, precision: defaultPrecision(options.provider) };
  const graph = buildGraph('upscale', { weights, target }, (builder) => enlarger(builder, tile));
  checkWeights(file, weights, [graph]);
  return openSession(compileGraph(graph), options);
}

/** As few equal tiles as cover the length; the last one lies at its end, over a part of the one before. */
function tileStarts(length: number, largest: number): { size: number; starts: number[] } {
  const count = Math.ceil(length / largest);
  const size = Math.ceil(length / count);
  return { size, starts: Array.from({ length: count }, (_, index) => Math.min(index * size, length - size)) };
}

interface Tile extends Size {
  left: number;
  top: number;
}

/** The tile with its margin as [1, 3, height, width] in 0…1; beyond the picture its edge goes on. */
function cutTile({ width, height, data }: RgbPicture, tile: Tile): Float32Array {
  const across = tile.width + 2 * margin;
  const down = tile.height + 2 * margin;
  const values = new Float32Array(3 * across * down);
  const plane = across * down;
  for (let y = 0; y < down; y++) {
    const row = Math.min(height - 1, Math.max(0, tile.top + y - margin)) * width;
    for (let x = 0; x < across; x++) {
      const from = (row + Math.min(width - 1, Math.max(0, tile.left + x - margin))) * 3;
      const to = y * across + x;
      for (let channel = 0; channel < 3; channel++) values[channel * plane + to] = data[from + channel]! / 255;
    }
  }
  return values;
}

/** Puts an enlarged tile where it belongs, in grey levels. */
function pasteTile(into: { values: Float32Array; width: number }, pixels: Float32Array, tile: Tile): void {
  const across = tile.width * scale;
  const down = tile.height * scale;
  for (let y = 0; y < down; y++) {
    let to = ((tile.top * scale + y) * into.width + tile.left * scale) * 3;
    for (let x = 0; x < across; x++) {
      for (let channel = 0; channel < 3; channel++)
        into.values[to++] = pixels[(channel * down + y) * across + x]! * 255;
    }
  }
}
