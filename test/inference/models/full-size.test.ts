import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { type BuiltGraph, buildGraph } from '../../../src/inference/graph/graph-builder.ts';
import { clipVisionConfigSchema } from '../../../src/inference/models/clip-vision-config.ts';
import { clipVisionModelWithProjection } from '../../../src/inference/models/clip-vision-model-with-projection.ts';
import { unetConfigSchema } from '../../../src/inference/models/unet-config.ts';
import { buildUnetGraphs } from '../../../src/inference/models/unet-spatio-temporal-condition-model.ts';
import { vaeConfigSchema } from '../../../src/inference/models/vae-config.ts';
import { vaeEncoder } from '../../../src/inference/models/vae-encoder.ts';
import { vaeTemporalDecoder } from '../../../src/inference/models/vae-temporal-decoder.ts';
import { goldenPath } from '../../support/golden.ts';
import { svdXtConfigs } from '../../support/svd-xt-configs.ts';

interface Parameters {
  tensors: number;
  parameters: number;
  sha256: string;
}

const golden = JSON.parse(await readFile(goldenPath('parameters.json'), 'utf8')) as {
  networks: Record<string, Parameters>;
};

/** What the graphs ask of a checkpoint, as reference/write_parameters.py describes what diffusers makes. */
function asked(graphs: readonly BuiltGraph[]): Parameters {
  const expected = new Map(graphs.flatMap((graph) => [...graph.expected]));
  const names = [...expected.keys()].sort();
  const hash = createHash('sha256');
  let parameters = 0;
  for (const name of names) {
    const shape = expected.get(name)!;
    parameters += shape.reduce((product, size) => product * size, 1);
    hash.update(`${name} ${shape.join(',')}\n`);
  }
  return { tensors: names.length, parameters, sha256: hash.digest('hex') };
}

// No checkpoint is needed to know what a graph asks for.
const source = { weights: new Map(), target: { provider: 'cpu', precision: 'float32' } } as const;

describe('Stable Video Diffusion XT at full size asks for exactly diffusers’ tensors', () => {
  it('UNet', () => {
    const config = unetConfigSchema.parse(svdXtConfigs['unet/config.json']);
    const sizes = { batch: 2, frames: 25, height: 72, width: 128 };
    const { conditioning, step } = buildUnetGraphs(config, sizes, source);
    expect(asked([conditioning, step])).toEqual(golden.networks.unet);
    expect(step.outputs).toEqual([{ name: 'out_sample', dataType: 'float32', shape: [50, 4, 72, 128] }]);
  });

  it('VAE', () => {
    const config = vaeConfigSchema.parse(svdXtConfigs['vae/config.json']);
    const encoder = buildGraph('encoder', source, (graph) => vaeEncoder(graph, config, { height: 576, width: 1024 }));
    const decoder = buildGraph('decoder', source, (graph) =>
      vaeTemporalDecoder(graph, config, { frames: 25, height: 72, width: 128 }),
    );
    expect(asked([encoder, decoder])).toEqual(golden.networks.vae);
    expect(decoder.outputs).toEqual([{ name: 'sample', dataType: 'float32', shape: [25, 3, 576, 1024] }]);
  });

  it('image encoder', () => {
    const config = clipVisionConfigSchema.parse(svdXtConfigs['image_encoder/config.json']);
    const graph = buildGraph('clip', source, (inner) => clipVisionModelWithProjection(inner, config));
    expect(asked([graph])).toEqual(golden.networks.image_encoder);
    expect(graph.outputs).toEqual([{ name: 'image_embeds', dataType: 'float32', shape: [1, 1024] }]);
  });
});
