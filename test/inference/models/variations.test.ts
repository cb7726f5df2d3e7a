import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { checkWeights } from '../../../src/inference/graph/check-weights.ts';
import { type BuiltGraph, buildGraph } from '../../../src/inference/graph/graph-builder.ts';
import { clipVisionConfigSchema } from '../../../src/inference/models/clip-vision-config.ts';
import { clipVisionModelWithProjection } from '../../../src/inference/models/clip-vision-model-with-projection.ts';
import { crossAttentionDim, unetConfigSchema } from '../../../src/inference/models/unet-config.ts';
import {
  addedTimeIdCount,
  unetSpatioTemporalConditionModel,
} from '../../../src/inference/models/unet-spatio-temporal-condition-model.ts';
import { vaeConfigSchema, vaeScaleFactor } from '../../../src/inference/models/vae-config.ts';
import { vaeEncoder } from '../../../src/inference/models/vae-encoder.ts';
import { vaeTemporalDecoder } from '../../../src/inference/models/vae-temporal-decoder.ts';
import { type TorchGenerator, torchGenerator } from '../../../src/inference/random/torch-generator.ts';
import { openWeights, type Weights } from '../../../src/inference/safetensors/open-weights.ts';
import { type CheckpointTensor, writeCheckpoint } from '../../support/checkpoint.ts';
import { expectClose, type Numbers } from '../../support/expect-close.ts';
import { goldenPath, openGolden } from '../../support/golden.ts';
import { runBuilt } from '../../support/run-graph.ts';
import { tempFolder } from '../../support/temp-folder.ts';

interface Variation {
  network: 'unet' | 'vae' | 'image_encoder';
  name: string;
  seed: number;
  config: unknown;
}

const golden = await openGolden('variations');
const { variations } = JSON.parse(await readFile(goldenPath('variations.json'), 'utf8')) as { variations: Variation[] };
const of = (network: Variation['network']) => variations.filter((variation) => variation.network === network);
const tolerance = 1e-4;

const sizeOf = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1);

/** The rule of reference/write_variations.py: every parameter by name in order, one call of randn each. */
async function drawWeights(
  shapes: ReadonlyMap<string, readonly number[]>,
  generator: TorchGenerator,
): Promise<Weights> {
  const tensors: Record<string, CheckpointTensor> = {};
  for (const name of [...shapes.keys()].sort()) {
    const shape = shapes.get(name)!;
    const values = generator.randn(sizeOf(shape));
    const isScale = name.includes('norm') && name.endsWith('weight');
    const [from, by] = shape.length > 1 ? [0, Math.sqrt(shape[0]! / sizeOf(shape))] : isScale ? [1, 0.2] : [0, 0.3];
    for (let at = 0; at < values.length; at += 1) values[at] = from + by * values[at]!;
    tensors[name] = { dtype: 'F32', shape, values };
  }
  const path = join(tempFolder(), 'model.safetensors');
  writeCheckpoint(path, tensors);
  return openWeights(path, 'model');
}

/** Builds graphs twice: without weights to know what they ask for, then on weights drawn for them. */
async function drawn(seed: number, build: (weights: Weights) => BuiltGraph[]) {
  const generator = torchGenerator(seed);
  const shapes = new Map(build(new Map()).flatMap((graph) => [...graph.expected]));
  const weights = await drawWeights(shapes, generator);
  const graphs = build(weights);
  checkWeights('variation', weights, graphs);
  const randn = (...shape: number[]): Numbers => ({ shape, data: generator.randn(sizeOf(shape)) });
  return { graphs, randn };
}

const target = { provider: 'cpu', precision: 'float32' } as const;

describe('configs unlike those of Stable Video Diffusion, against diffusers', () => {
  it.each(of('unet'))('UNet: $name', async ({ seed, config: json }) => {
    const config = unetConfigSchema.parse(json);
    const sizes = { batch: 2, frames: config.num_frames, height: 6, width: 8 };
    const { graphs, randn } = await drawn(seed, (weights) => [
      buildGraph('unet', { weights, target }, (graph) => unetSpatioTemporalConditionModel(graph, config, sizes)),
    ]);
    const inputs = {
      sample: randn(2 * config.num_frames, config.in_channels, 6, 8),
      timestep: randn(2),
      encoder_hidden_states: randn(2, 1, crossAttentionDim(config)),
      added_time_ids: randn(2, addedTimeIdCount(config)),
    };
    const results = await runBuilt(graphs[0]!, inputs, { asWritten: true });
    const expected = golden.floats(`${seed}/out`); // [b, f, c, h, w]
    const shape = [2 * config.num_frames, ...expected.shape.slice(2)];
    expectClose(results.out_sample!, { shape, data: expected.data }, { tolerance });
  });

  it.each(of('vae'))('VAE: $name', async ({ seed, config: json }) => {
    const config = vaeConfigSchema.parse(json);
    const scale = vaeScaleFactor(config);
    const { graphs, randn } = await drawn(seed, (weights) => [
      buildGraph('encoder', { weights, target }, (graph) =>
        vaeEncoder(graph, config, { height: 5 * scale, width: 4 * scale }),
      ),
      buildGraph('decoder', { weights, target }, (graph) =>
        vaeTemporalDecoder(graph, config, { frames: 2, height: 5, width: 4 }),
      ),
    ]);
    const sample = randn(1, config.in_channels, 5 * scale, 4 * scale);
    const encoded = await runBuilt(graphs[0]!, { sample }, { asWritten: true });
    expectClose(encoded.latents!, golden.floats(`${seed}/mode`), { tolerance, name: 'encoder' });
    const decoded = await runBuilt(graphs[1]!, { z: randn(2, config.latent_channels, 5, 4) }, { asWritten: true });
    expectClose(decoded.sample!, golden.floats(`${seed}/sample`), { tolerance, name: 'decoder' });
  });

  it.each(of('image_encoder'))('image encoder with $name', async ({ seed, config: json }) => {
    const config = clipVisionConfigSchema.parse(json);
    const { graphs, randn } = await drawn(seed, (weights) => [
      buildGraph('clip', { weights, target }, (graph) => clipVisionModelWithProjection(graph, config, { batch: 2 })),
    ]);
    const results = await runBuilt(graphs[0]!, { pixel_values: randn(2, 3, config.image_size, config.image_size) });
    expectClose(results.image_embeds!, golden.floats(`${seed}/image_embeds`), { tolerance });
  });
});
