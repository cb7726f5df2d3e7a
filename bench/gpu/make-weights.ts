import { closeSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type BuiltGraph, buildGraph, type GraphSource } from '../../src/inference/graph/graph-builder.ts';
import { clipVisionModelWithProjection } from '../../src/inference/models/clip-vision-model-with-projection.ts';
import { buildUnetGraphs } from '../../src/inference/models/unet-spatio-temporal-condition-model.ts';
import { vaeScaleFactor } from '../../src/inference/models/vae-config.ts';
import { vaeEncoder } from '../../src/inference/models/vae-encoder.ts';
import { vaeTemporalDecoder } from '../../src/inference/models/vae-temporal-decoder.ts';
import { type ModelConfigs, readModelConfigs } from '../../src/inference/pipeline/load-model.ts';
import { type CheckpointName, checkpointBaseNames } from '../../src/inference/pipeline/open-checkpoint.ts';
import { torchGenerator } from '../../src/inference/random/torch-generator.ts';
import { toHalf } from './half.ts';

/** The networks that have weights. */
export const weightNames = Object.keys(checkpointBaseNames) as CheckpointName[];

/** Values that a tensor's own are drawn from: a power of two. */
const tableSize = 2 ** 14;

/** Values that are written at a time. */
const writtenValues = 2 ** 22;

/** Where a network's weights in half precision lie in a folder of diffusers' layout. */
function weightFile(folder: string, name: CheckpointName): string {
  return join(folder, name, `${checkpointBaseNames[name]}.fp16.safetensors`);
}

/**
 * Writes random weights in half precision for one network of a folder that holds SVD's configs; the same every time. Every
 * parameter is random, since biases of zero and norms of one would hide mistakes, and scaled by its fan-in, so that
 * activations stay of the order of one however deep the network. No tensor is in memory whole.
 */
export async function makeWeights(folder: string, name: CheckpointName): Promise<{ tensors: number; bytes: number }> {
  const shapes = parameterShapes(await readModelConfigs(folder), name);
  const header: Record<string, unknown> = { __metadata__: { format: 'pt' } };
  let at = 0;
  for (const [key, shape] of shapes) {
    const end = at + 2 * count(shape);
    header[key] = { dtype: 'F16', shape, data_offsets: [at, end] };
    at = end;
  }
  const text = Buffer.from(JSON.stringify(header));
  const padded = Buffer.concat([text, Buffer.alloc((8 - (text.length % 8)) % 8, ' ')]);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));

  const path = weightFile(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  const file = openSync(`${path}.new`, 'w');
  try {
    writeWhole(file, length);
    writeWhole(file, padded);
    const normal = torchGenerator(weightNames.indexOf(name)).randn(tableSize);
    let state = 1 + weightNames.indexOf(name);
    const values = new Uint16Array(writtenValues);
    for (const [key, shape] of shapes) {
      const { scale, shift } = distribution(key, shape);
      const half = (value: number) => toHalf(value * scale + shift);
      if (count(shape) < tableSize) {
        // A slice of the table: a small tensor needs no more.
        state = next(state);
        const from = (state >>> 1) % (tableSize - count(shape));
        const own = Uint16Array.from(normal.subarray(from, from + count(shape)), half);
        writeWhole(file, new Uint8Array(own.buffer));
        continue;
      }
      const table = Uint16Array.from(normal, half);
      for (let left = count(shape); left > 0; left -= writtenValues) {
        const part = values.subarray(0, Math.min(left, writtenValues));
        state = fill(part, table, state);
        writeWhole(file, new Uint8Array(part.buffer, 0, part.byteLength));
      }
    }
  } finally {
    closeSync(file);
  }
  renameSync(`${path}.new`, path);
  return { tensors: shapes.length, bytes: at };
}

/** The xorshift generator of 32 bits (Marsaglia 2003). */
function next(from: number): number {
  let state = from;
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return state;
}

/** Draws from a table; returns the generator's next state. */
function fill(values: Uint16Array, table: Uint16Array, from: number): number {
  let state = from;
  for (let at = 0; at < values.length; at++) {
    state = next(state);
    values[at] = table[state & (tableSize - 1)]!;
  }
  return state;
}

function distribution(key: string, shape: readonly number[]): { scale: number; shift: number } {
  const plain = (scale: number) => ({ scale, shift: 0 });
  if (key.endsWith('mix_factor')) return plain(1);
  if (key.endsWith('bias')) return plain(0.05);
  if (shape.length === 1 && key.endsWith('weight')) return { scale: 0.1, shift: 1 };
  if (key.includes('embedding') && shape.length <= 2 && !key.includes('linear')) return plain(0.02);
  return plain(1 / Math.sqrt(count(shape.slice(1))));
}

/** Names and shapes of every tensor of a checkpoint, as the graphs ask for them: in any size of a clip they are the same. */
function parameterShapes(
  { unet, vae, imageEncoder }: ModelConfigs,
  name: CheckpointName,
): [string, readonly number[]][] {
  const source: GraphSource = { weights: new Map(), target: { provider: 'cpu', precision: 'float32' } };
  const side = 2 ** 6;
  const latents = { width: side, height: side };
  const scale = vaeScaleFactor(vae);
  const pixels = { width: side * scale, height: side * scale };
  const graphs: Record<CheckpointName, () => BuiltGraph[]> = {
    unet: () => Object.values(buildUnetGraphs(unet, { batch: 1, frames: 2, ...latents }, source)),
    vae: () => [
      buildGraph('vae-encoder', source, (graph) => vaeEncoder(graph, vae, pixels)),
      buildGraph('vae-decoder', source, (graph) => vaeTemporalDecoder(graph, vae, { frames: 2, ...latents })),
    ],
    image_encoder: () => [
      buildGraph('image-encoder', source, (graph) => clipVisionModelWithProjection(graph, imageEncoder)),
    ],
  };
  const found = new Map(graphs[name]().flatMap(({ expected }) => [...expected]));
  return [...found].toSorted(([a], [b]) => (a < b ? -1 : 1));
}

function count(shape: readonly number[]): number {
  return shape.reduce((product, axis) => product * axis, 1);
}

/** The system may write less than it was given. */
function writeWhole(file: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
}
