import { join } from 'node:path';
import { describe, it } from 'vitest';
import { checkWeights } from '../../../src/inference/graph/check-weights.ts';
import { buildGraph, type GraphTarget } from '../../../src/inference/graph/graph-builder.ts';
import { clipVisionConfigSchema } from '../../../src/inference/models/clip-vision-config.ts';
import { clipVisionModelWithProjection } from '../../../src/inference/models/clip-vision-model-with-projection.ts';
import { readConfig } from '../../../src/inference/models/parse-config.ts';
import { unetConfigSchema } from '../../../src/inference/models/unet-config.ts';
import {
  buildUnetGraphs,
  unetSpatioTemporalConditionModel,
} from '../../../src/inference/models/unet-spatio-temporal-condition-model.ts';
import { vaeConfigSchema } from '../../../src/inference/models/vae-config.ts';
import { vaeEncoder } from '../../../src/inference/models/vae-encoder.ts';
import { vaeTemporalDecoder } from '../../../src/inference/models/vae-temporal-decoder.ts';
import { openWeights } from '../../../src/inference/safetensors/open-weights.ts';
import { expectClose, type Numbers } from '../../support/expect-close.ts';
import { goldenPath, openGolden } from '../../support/golden.ts';
import { enlarged } from '../../support/permute.ts';
import { runBuilt, runGraph } from '../../support/run-graph.ts';

/** The bound: a share of the output's standard deviation. */
const tolerance = 1e-4;
const target: GraphTarget = { provider: 'cpu', precision: 'float32' };

/** diffusers has clips as [b, f, ...]; the graphs have [b·f, ...]. */
function mergeFrames({ shape, data }: Numbers): Numbers {
  const [batch = 1, frames = 1, ...rest] = shape;
  return { shape: [batch * frames, ...rest], data };
}

describe.each(['tiny-a', 'tiny-b'])('%s against diffusers', (model) => {
  const folder = (network: string) => goldenPath(join('models', model, network));

  async function unetCase(name: string) {
    const golden = await openGolden(`networks/${model}.unet`);
    const config = await readConfig(join(folder('unet'), 'config.json'), unetConfigSchema);
    const weights = await openWeights(folder('unet'), 'diffusion_pytorch_model');
    const sample = golden.floats(`${name}/in/sample`);
    const [batch = 0, frames = 0, , height = 0, width = 0] = sample.shape;
    const perStep = { sample, timestep: golden.floats(`${name}/in/timestep`) };
    const perClip = {
      encoder_hidden_states: golden.floats(`${name}/in/encoder_hidden_states`),
      added_time_ids: golden.floats(`${name}/in/added_time_ids`),
    };
    const expected = mergeFrames(golden.floats(`${name}/out`));
    return { config, weights, sizes: { batch, frames, height, width }, perStep, perClip, expected };
  }

  // Some as ONNX Runtime rewrites them; Winograd's form is loaded so in convolutions.test.ts.
  it.each([
    ['blocks', { asWritten: true }],
    ['batch-1', { asWritten: true }],
    ['batch-2', {}],
    ['batch-2', { asWritten: true, foldsWeights: true, winogradChannels: 1 }],
    ['odd', { asWritten: true }],
    ['odd', { asWritten: true, foldsWeights: true, winogradChannels: 1 }],
  ])('UNet, %s %o', async (name, forms) => {
    const { config, weights, sizes, perStep, perClip, expected } = await unetCase(name);
    const results = await runGraph(
      weights,
      { ...perStep, ...perClip },
      (graph) => unetSpatioTemporalConditionModel(graph, config, sizes),
      { strict: true, ...forms },
    );
    expectClose(results.out_sample!, expected, { tolerance, name });
  });

  it('UNet in two graphs, what is the same for a whole clip apart', async () => {
    const { config, weights, sizes, perStep, perClip, expected } = await unetCase('batch-2');
    const { conditioning, step } = buildUnetGraphs(config, sizes, { weights, target });
    checkWeights('unet', weights, [conditioning, step]);
    const constants = await runBuilt(conditioning, perClip, { asWritten: true });
    const split = await runBuilt(step, { ...perStep, ...constants }, { asWritten: true });
    expectClose(split.out_sample!, expected, { tolerance, name: 'split' });

    const whole = await runGraph(
      weights,
      { ...perStep, ...perClip },
      (graph) => unetSpatioTemporalConditionModel(graph, config, sizes),
      { asWritten: true },
    );
    expectClose(split.out_sample!, whole.out_sample!, { tolerance: 1e-6, name: 'split against whole' });
  });

  it('VAE encoder and decoder, on one checkpoint', async () => {
    const golden = await openGolden(`networks/${model}.vae`);
    const config = await readConfig(join(folder('vae'), 'config.json'), vaeConfigSchema);
    const weights = await openWeights(folder('vae'), 'diffusion_pytorch_model');

    const sample = golden.floats('encode/in/x');
    const [, , height = 0, width = 0] = sample.shape;
    const encoder = buildGraph('encoder', { weights, target }, (graph) => vaeEncoder(graph, config, { height, width }));
    const encoded = await runBuilt(encoder, { sample });
    expectClose(encoded.latents!, golden.floats('encode/out'), { tolerance, name: 'encode' });

    for (const name of ['decode', 'decode-1']) {
      const z = golden.floats(`${name}/in/z`);
      const [frames = 0, , rows = 0, columns = 0] = z.shape;
      const decoder = buildGraph('decoder', { weights, target }, (graph) =>
        vaeTemporalDecoder(graph, config, { frames, height: rows, width: columns }),
      );
      checkWeights('vae', weights, [encoder, decoder]);
      const decoded = await runBuilt(decoder, { z }, { asWritten: name === 'decode-1' });
      expectClose(decoded.sample!, golden.floats(`${name}/out`), { tolerance, name });
    }
  });

  it('image encoder', async () => {
    const golden = await openGolden(`networks/${model}.image_encoder`);
    const config = await readConfig(join(folder('image_encoder'), 'config.json'), clipVisionConfigSchema);
    const weights = await openWeights(folder('image_encoder'), 'model');
    const results = await runGraph(
      weights,
      { pixel_values: enlarged(golden.floats('image/in/coarse'), config.image_size) },
      (graph) => clipVisionModelWithProjection(graph, config),
      { strict: true },
    );
    expectClose(results.image_embeds!, golden.floats('image/out'), { tolerance, name: 'image_embeds' });
  });
});
