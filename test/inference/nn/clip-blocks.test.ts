import { join } from 'node:path';
import { clipVisionConfigSchema } from '../../../src/inference/models/clip-vision-config.ts';
import {
  clipAttention,
  clipEncoderLayer,
  clipMlp,
  clipVisionEmbeddings,
} from '../../../src/inference/models/clip-vision-model-with-projection.ts';
import { readConfig } from '../../../src/inference/models/parse-config.ts';
import { openWeights } from '../../../src/inference/safetensors/open-weights.ts';
import { type BlockRun, describeBlockParity, type Recorded } from '../../support/block-parity.ts';
import { goldenPath, openGolden } from '../../support/golden.ts';
import { enlarged } from '../../support/permute.ts';

for (const model of ['tiny-a', 'tiny-b']) {
  const folder = goldenPath(join('models', model, 'image_encoder'));
  const config = await readConfig(join(folder, 'config.json'), clipVisionConfigSchema);
  const coarse = (await openGolden(`networks/${model}.image_encoder`)).floats('image/in/coarse');

  const layer =
    (build: (recorded: Recorded) => BlockRun['build'], output?: string) =>
    (recorded: Recorded): BlockRun => ({
      inputs: { x: recorded.input('hidden_states') },
      build: build(recorded),
      expected: recorded.output(output),
    });

  await describeBlockParity(
    `${model} image encoder`,
    {
      golden: `networks/${model}.image_encoder`,
      cases: ['image', 'small-input'],
      weights: openWeights(folder, 'model'),
    },
    {
      CLIPVisionEmbeddings: (recorded) => ({
        inputs: { x: enlarged(coarse, config.image_size) },
        build: (graph, { x }) => clipVisionEmbeddings(graph, recorded.name, x!, config),
        expected: recorded.output(),
      }),
      CLIPEncoderLayer: layer(
        ({ name }) =>
          (graph, { x }) =>
            clipEncoderLayer(graph, name, x!, config),
      ),
      CLIPAttention: layer(
        ({ name }) =>
          (graph, { x }) =>
            clipAttention(graph, name, x!, config.num_attention_heads),
        '0',
      ),
      CLIPMLP: layer(
        ({ name }) =>
          (graph, { x }) =>
            clipMlp(graph, name, x!, config),
      ),
    },
  );
}
