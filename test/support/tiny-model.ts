import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** A model folder for quick renders, which no test may change. */
    tinyModel: string;
  }
}

/** What is taken from a tiny network, so that its graphs have half of the nodes: most of a tiny clip is compiling them. */
interface Smaller {
  /** What the config says of it then. */
  config: Record<string, unknown>;
  /** Tensors that it does without. */
  without: RegExp;
  /** Its only file of weights. */
  file: string;
}

const smaller: Record<string, Smaller> = {
  unet: {
    config: {
      down_block_types: ['DownBlockSpatioTemporal', 'DownBlockSpatioTemporal'],
      up_block_types: ['UpBlockSpatioTemporal', 'UpBlockSpatioTemporal'],
    },
    without: /^(down|up)_blocks\.\d\.attentions\./,
    file: 'diffusion_pytorch_model.safetensors',
  },
  vae: {
    config: { layers_per_block: 1 },
    without: /^(encoder\.down_blocks\.\d\.resnets\.1|decoder\.(up_blocks\.\d\.resnets\.2|mid_block\.resnets\.1))\./,
    file: 'diffusion_pytorch_model.safetensors',
  },
  image_encoder: {
    config: { num_hidden_layers: 1 },
    without: /^vision_model\.encoder\.layers\.1\./,
    file: 'model.safetensors',
  },
};

/**
 * Fills a folder with a checkpoint of random weights, and proposals for clips as small. Its weights are those of tiny-a in
 * float32: every session of float16 weights converts them first, which is a quarter of what it costs to make one.
 */
export function writeTinyModel(modelDir: string): void {
  cpSync('test/golden/models/tiny-a', modelDir, { recursive: true });
  for (const [network, change] of Object.entries(smaller)) makeSmaller(join(modelDir, network), change);
  const proposals = { name: 'tiny', width: 24, height: 24, num_frames: 2, num_inference_steps: 2 };
  writeFileSync(join(modelDir, 'kinora.json'), JSON.stringify(proposals));
}

/** Leaves blocks of a network out, in its config and in its weights. */
function makeSmaller(folder: string, { config, without, file }: Smaller): void {
  const configFile = join(folder, 'config.json');
  writeFileSync(configFile, JSON.stringify({ ...JSON.parse(readFileSync(configFile, 'utf8')), ...config }));
  const tensors = readdirSync(folder)
    .filter((name) => name.endsWith('.safetensors'))
    .flatMap((name) => readTensors(join(folder, name)))
    .filter(({ name }) => !without.test(name))
    .map((tensor) => (tensor.dtype === 'F16' ? { ...tensor, dtype: 'F32', bytes: widened(tensor.bytes) } : tensor));
  for (const name of readdirSync(folder)) if (name.includes('.safetensors')) rmSync(join(folder, name));
  writeTensors(join(folder, file), tensors);
}

/** float16 (1 sign, 5 exponent and 10 fraction bits) as float32, which holds every value of it. */
function widened(halves: Buffer): Buffer {
  const floats = Float32Array.from({ length: halves.length / 2 }, (_, at) => {
    const bits = halves.readUInt16LE(at * 2);
    const [exponent, fraction] = [(bits >> 10) & 0x1f, bits & 0x3ff];
    const size = exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25);
    return bits & 0x8000 ? -size : size;
  });
  return Buffer.from(floats.buffer);
}

interface StoredTensor {
  name: string;
  dtype: string;
  shape: number[];
  bytes: Buffer;
}

/** A .safetensors file: the length of its header as u64, the header as JSON, the tensors. */
function readTensors(path: string): StoredTensor[] {
  const file = readFileSync(path);
  const start = 8 + Number(file.readBigUInt64LE());
  const { __metadata__: _, ...header } = JSON.parse(file.subarray(8, start).toString('utf8')) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >;
  return Object.entries(header).map(
    ([
      name,
      {
        dtype,
        shape,
        data_offsets: [from, to],
      },
    ]) => {
      return { name, dtype, shape, bytes: file.subarray(start + from, start + to) };
    },
  );
}

function writeTensors(path: string, tensors: readonly StoredTensor[]): void {
  let at = 0;
  const header = tensors.map(({ name, dtype, shape, bytes }) => {
    const from = at;
    at += bytes.length;
    return [name, { dtype, shape, data_offsets: [from, at] }] as const;
  });
  const json = Buffer.from(JSON.stringify(Object.fromEntries(header)));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  writeFileSync(path, Buffer.concat([length, json, ...tensors.map(({ bytes }) => bytes)]));
}

/** Before all tests: makes the tiny model that files share; it is gone after them. */
export default function makeSharedModel(project: TestProject): () => void {
  const modelDir = resolve(`out/test-tiny-${process.pid}`);
  mkdirSync(modelDir, { recursive: true });
  writeTinyModel(modelDir);
  project.provide('tinyModel', modelDir);
  return () => rmSync(modelDir, { recursive: true, force: true });
}
