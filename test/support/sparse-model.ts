import { closeSync, ftruncateSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type BuiltGraph, buildGraph } from '../../src/inference/graph/graph-builder.ts';
import { clipVisionModelWithProjection } from '../../src/inference/models/clip-vision-model-with-projection.ts';
import { buildUnetGraphs } from '../../src/inference/models/unet-spatio-temporal-condition-model.ts';
import { vaeEncoder } from '../../src/inference/models/vae-encoder.ts';
import { vaeTemporalDecoder } from '../../src/inference/models/vae-temporal-decoder.ts';
import { type ModelConfigs, readModelConfigs } from '../../src/inference/pipeline/load-model.ts';
import { writeSvdXtConfigs } from './svd-xt-configs.ts';

/** The checkpoints of a model, and their files as diffusers names them. */
export const checkpointFiles = {
  image_encoder: 'model.safetensors',
  vae: 'diffusion_pytorch_model.safetensors',
  unet: 'diffusion_pytorch_model.safetensors',
} as const;

/** Every tensor that a checkpoint of the model has, by what the graphs ask for. */
export function tensorsOf(
  configs: ModelConfigs,
  checkpoint: keyof typeof checkpointFiles,
): Map<string, readonly number[]> {
  return new Map(graphsOf(configs, checkpoint).flatMap(({ expected }) => [...expected]));
}

function graphsOf(configs: ModelConfigs, checkpoint: keyof typeof checkpointFiles): BuiltGraph[] {
  const source = { weights: new Map(), target: { provider: 'cpu', precision: 'float32' } } as const;
  const small = { frames: 1, width: 8, height: 8 };
  switch (checkpoint) {
    case 'image_encoder':
      return [buildGraph('clip', source, (graph) => clipVisionModelWithProjection(graph, configs.imageEncoder))];
    case 'vae':
      return [
        buildGraph('encoder', source, (graph) => vaeEncoder(graph, configs.vae, { width: 64, height: 64 })),
        buildGraph('decoder', source, (graph) => vaeTemporalDecoder(graph, configs.vae, small)),
      ];
    case 'unet':
      return Object.values(buildUnetGraphs(configs.unet, { batch: 1, ...small }, source));
  }
}

/** The head of a .safetensors file with tensors of these shapes, one after another, and the bytes of their data. */
export function safetensorsHead(shapes: ReadonlyMap<string, readonly number[]>, dtype: 'F16' | 'F32') {
  const header: Record<string, unknown> = {};
  let dataBytes = 0;
  for (const [name, shape] of shapes) {
    const start = dataBytes;
    dataBytes += shape.reduce((product, size) => product * size, dtype === 'F16' ? 2 : 4);
    header[name] = { dtype, shape, data_offsets: [start, dataBytes] };
  }
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return { head: Buffer.concat([length, json]), dataBytes };
}

/** Writes SVD XT at full size with files of holes, which take no room on the disk: for what only reads configs and headers. */
export async function writeSparseSvdXt(folder: string): Promise<void> {
  writeSvdXtConfigs(folder);
  const configs = await readModelConfigs(folder);
  for (const [checkpoint, name] of Object.entries(checkpointFiles)) {
    const { head, dataBytes } = safetensorsHead(tensorsOf(configs, checkpoint as keyof typeof checkpointFiles), 'F16');
    const path = join(folder, checkpoint, name);
    mkdirSync(dirname(path), { recursive: true });
    const file = openSync(path, 'w');
    writeSync(file, head);
    ftruncateSync(file, head.length + dataBytes);
    closeSync(file);
  }
}
