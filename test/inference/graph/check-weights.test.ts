import { join } from 'node:path';
import { expect, it } from 'vitest';
import { WeightsMismatchError } from '../../../src/errors.ts';
import { checkWeights } from '../../../src/inference/graph/check-weights.ts';
import { buildGraph } from '../../../src/inference/graph/graph-builder.ts';
import { clipVisionConfigSchema } from '../../../src/inference/models/clip-vision-config.ts';
import { clipVisionModelWithProjection } from '../../../src/inference/models/clip-vision-model-with-projection.ts';
import { readConfig } from '../../../src/inference/models/parse-config.ts';
import { openWeights, type Weights } from '../../../src/inference/safetensors/open-weights.ts';
import type { TensorEntry } from '../../../src/inference/safetensors/read-safetensors.ts';
import { goldenPath } from '../../support/golden.ts';

const folder = goldenPath(join('models', 'tiny-a', 'image_encoder'));
const config = await readConfig(join(folder, 'config.json'), clipVisionConfigSchema);
const whole = await openWeights(folder, 'model');

function imageEncoder(weights: Weights) {
  const target = { provider: 'cpu', precision: 'float32' } as const;
  return buildGraph('image-encoder', { weights, target }, (graph) => clipVisionModelWithProjection(graph, config));
}

/** The header of tiny-a's image encoder with some entries replaced, added or (undefined) taken away. */
function mutated(changes: Record<string, Partial<TensorEntry> | undefined>): Weights {
  const weights = new Map(whole);
  const [sample] = whole.values();
  for (const [name, change] of Object.entries(changes)) {
    if (change === undefined) weights.delete(name);
    else weights.set(name, { ...sample!, ...weights.get(name), name, ...change });
  }
  return weights;
}

function check(weights: Weights): void {
  checkWeights('somewhere/image_encoder', weights, [imageEncoder(weights)]);
}

const bias = 'vision_model.encoder.layers.0.mlp.fc1.bias';
const projection = 'visual_projection.weight';
const token = 'vision_model.embeddings.class_embedding';

it('takes a whole checkpoint', () => {
  expect(() => check(whole)).not.toThrow();
});

it('lists what is missing, wrong and left over together, and where', () => {
  const shape = whole.get(projection)!.shape;
  const weights = mutated({
    [bias]: undefined,
    [projection]: { shape: shape.toReversed() },
    [token]: { dtype: 'I32' },
    'vision_model.encoder.layers.99.mlp.fc1.bias': {},
  });
  let thrown: unknown;
  try {
    check(weights);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(WeightsMismatchError);
  expect(thrown).toMatchObject({ code: 'weights-mismatch', details: { missing: 1, wrong: 2, unused: 1 } });
  expect((thrown as Error).message.split('\n')).toEqual([
    'somewhere/image_encoder does not fit its config:',
    `  missing: ${bias} [${config.intermediate_size}]`,
    `  wrong: ${token} is I32, should be F32, F16 or BF16`,
    `  wrong: ${projection} is [${shape.toReversed().join(', ')}], should be [${shape.join(', ')}]`,
    '  not in the config: vision_model.encoder.layers.99.mlp.fc1.bias',
  ]);
});

it('reports every tensor of a checkpoint that is another model’s', () => {
  const other = new Map([...whole].map(([name, entry]) => [`model.${name}`, entry] as const));
  expect(() => check(other)).toThrow(
    expect.objectContaining({ details: { missing: whole.size, wrong: 0, unused: whole.size } }),
  );
});

it.each(['module.', 'unet.', '_orig_mod.', 'model.'])(
  'names the prefix %s that every name has, in one sentence',
  (prefix) => {
    const other = new Map([...whole].map(([name, entry]) => [prefix + name, entry] as const));
    expect(() => check(other)).toThrow(
      new RegExp(
        `^somewhere/image_encoder: every tensor's name begins with "${prefix}", which does not belong there: `,
      ),
    );
  },
);

it('says of the layout of single files that the file itself is to be named', () => {
  const [sample] = whole.values();
  const names = ['model.diffusion_model.time_embed.0.weight', 'first_stage_model.encoder.conv_in.weight'];
  const other = new Map(names.map((name) => [name, { ...sample!, name }] as const));
  expect(() => check(other)).toThrow(/named model\.diffusion_model\.….*--model FILE\.safetensors/);
});

it('lists the tensors where only some have a prefix', () => {
  const weights = new Map(whole);
  weights.set(`module.${token}`, whole.get(token)!);
  weights.delete(token);
  expect(() => check(weights)).toThrow(`missing: ${token}`);
});

it('passes over the buffers that older transformers wrote', () => {
  expect(() => check(mutated({ 'vision_model.embeddings.position_ids': { dtype: 'I64' } }))).not.toThrow();
});

it('lets several graphs share a checkpoint', () => {
  const target = { provider: 'cpu', precision: 'float32' } as const;
  const extra = mutated({ extra: { shape: [4] } });
  const second = buildGraph('second', { weights: extra, target }, (graph) => {
    graph.output('y', graph.parameter('extra', [4]));
  });
  expect(() => checkWeights('here', extra, [imageEncoder(extra), second])).not.toThrow();
  expect(() => check(extra)).toThrow(WeightsMismatchError);
});
