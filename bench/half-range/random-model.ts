import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BuiltGraph, buildGraph, type GraphSource } from '../../src/inference/graph/graph-builder.ts';
import { clipVisionModelWithProjection } from '../../src/inference/models/clip-vision-model-with-projection.ts';
import { buildUnetGraphs } from '../../src/inference/models/unet-spatio-temporal-condition-model.ts';
import { vaeEncoder } from '../../src/inference/models/vae-encoder.ts';
import { vaeTemporalDecoder } from '../../src/inference/models/vae-temporal-decoder.ts';
import { type ModelConfigs, readModelConfigs } from '../../src/inference/pipeline/load-model.ts';
import { randomTensors, type WeightScale } from '../../src/inference/random/random-weights.ts';
import { writeSvdXtConfigs } from '../../test/support/svd-xt-configs.ts';
import { writeTensors } from './write-tensors.ts';

/** Makes a folder with the configs of SVD XT 1.1 and random weights in half precision (4.5 GB), unless it is there. */
export async function makeRandomModel(folder: string, scale: WeightScale): Promise<void> {
  const mark = join(folder, 'random-weights.txt');
  if (existsSync(mark)) return;
  writeSvdXtConfigs(folder);
  const networks = Object.entries(checkpointGraphs(await readModelConfigs(folder)));
  for (const [at, [file, graphs]] of networks.entries()) {
    const expected = new Map(graphs.flatMap((graph) => [...graph.expected]));
    writeTensors(join(folder, `${file}.fp16.safetensors`), expected, randomTensors(at + 1, scale));
  }
  writeFileSync(mark, 'Random weights of full size, for measuring only.\n');
}

/** The graphs over each checkpoint, by its file without the ending; only together do they ask for every tensor. */
export function checkpointGraphs({ unet, vae, imageEncoder }: ModelConfigs): Record<string, BuiltGraph[]> {
  const source: GraphSource = { weights: new Map(), target: { provider: 'cpu', precision: 'float32' } };
  const size = { height: 8, width: 8 };
  const { conditioning, step } = buildUnetGraphs(unet, { batch: 1, frames: 1, ...size }, source);
  return {
    'unet/diffusion_pytorch_model': [conditioning, step],
    'vae/diffusion_pytorch_model': [
      buildGraph('encoder', source, (graph) => vaeEncoder(graph, vae, { height: 64, width: 64 })),
      buildGraph('decoder', source, (graph) => vaeTemporalDecoder(graph, vae, { frames: 1, ...size })),
    ],
    'image_encoder/model': [buildGraph('clip', source, (graph) => clipVisionModelWithProjection(graph, imageEncoder))],
  };
}
