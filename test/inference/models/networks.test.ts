import { join } from 'node:path';
import { describe, it } from 'vitest';
import type { GraphBuilder } from '../../../src/inference/graph/graph-builder.ts';
import { readConfig } from '../../../src/inference/models/parse-config.ts';
import { unetConfigSchema } from '../../../src/inference/models/unet-config.ts';
import { unetSpatioTemporalConditionModel } from '../../../src/inference/models/unet-spatio-temporal-condition-model.ts';
import { vaeConfigSchema } from '../../../src/inference/models/vae-config.ts';
import { vaeEncoder } from '../../../src/inference/models/vae-encoder.ts';
import { vaeTemporalDecoder } from '../../../src/inference/models/vae-temporal-decoder.ts';
import { openWeights } from '../../../src/inference/safetensors/open-weights.ts';
import { expectClose, type Numbers } from '../../support/expect-close.ts';
import { goldenPath, openGolden } from '../../support/golden.ts';
import { runGraph } from '../../support/run-graph.ts';

/** The bound: a share of the output's standard deviation. */
const tolerance = 1e-4;

/** diffusers has clips as [b, f, ...]; the graphs have [b·f, ...]. */
function mergeFrames({ shape, data }: Numbers): Numbers {
  const [batch = 1, frames = 1, ...rest] = shape;
  return { shape: [batch * frames, ...rest], data };
}

describe.each(['tiny-a', 'tiny-b'])('%s against diffusers', (model) => {
  const folder = (network: string) => goldenPath(join('models', model, network));

  it.each(['blocks', 'batch-1', 'batch-2', 'odd'])('UNet, %s', async (name) => {
    const golden = await openGolden(`networks/${model}.unet`);
    const config = await readConfig(join(folder('unet'), 'config.json'), unetConfigSchema);
    const weights = await openWeights(folder('unet'), 'diffusion_pytorch_model');
    const sample = golden.floats(`${name}/in/sample`);
    const [batch = 0, frames = 0, , height = 0, width = 0] = sample.shape;
    const results = await runGraph(
      weights,
      {
        sample,
        timestep: golden.floats(`${name}/in/timestep`),
        encoder_hidden_states: golden.floats(`${name}/in/encoder_hidden_states`),
        added_time_ids: golden.floats(`${name}/in/added_time_ids`),
      },
      (graph) => unetSpatioTemporalConditionModel(graph, config, { batch, frames, height, width }),
    );
    expectClose(results.out_sample!, mergeFrames(golden.floats(`${name}/out`)), { tolerance, name });
  });

  it('VAE encoder and decoder, on one checkpoint', async () => {
    const golden = await openGolden(`networks/${model}.vae`);
    const config = await readConfig(join(folder('vae'), 'config.json'), vaeConfigSchema);
    const weights = await openWeights(folder('vae'), 'diffusion_pytorch_model');
    const run = (inputs: Record<string, Numbers>, build: (graph: GraphBuilder) => void) =>
      runGraph(weights, inputs, build);

    const sample = golden.floats('encode/in/x');
    const [, , height = 0, width = 0] = sample.shape;
    const encoded = await run({ sample }, (graph) => vaeEncoder(graph, config, { height, width }));
    expectClose(encoded.latents!, golden.floats('encode/out'), { tolerance, name: 'encode' });

    for (const name of ['decode', 'decode-1']) {
      const z = golden.floats(`${name}/in/z`);
      const [frames = 0, , rows = 0, columns = 0] = z.shape;
      const sizes = { frames, height: rows, width: columns };
      const decoded = await run({ z }, (graph) => vaeTemporalDecoder(graph, config, sizes));
      expectClose(decoded.sample!, golden.floats(`${name}/out`), { tolerance, name });
    }
  });
});
