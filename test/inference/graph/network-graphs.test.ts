import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { buildNetwork, type NetworkRequest } from '../../../src/inference/pipeline/build-network.ts';
import { readModelConfigs } from '../../../src/inference/pipeline/load-model.ts';
import { goldenPath } from '../../support/golden.ts';

const sizes = { frames: 3, width: 6, height: 7 };
const requests: NetworkRequest[] = [
  { network: 'image-encoder' },
  { network: 'vae-encoder', width: 24, height: 28 },
  { network: 'vae-decoder', ...sizes },
  { network: 'unet-conditioning', batch: 2, ...sizes },
  { network: 'unet-step', batch: 2, ...sizes },
];
const models = ['tiny-a', 'tiny-b'].map((model) => goldenPath(join('models', model)));
const configs = await Promise.all(models.map(readModelConfigs));

function build(precision: 'float32' | 'float16') {
  const provider = precision === 'float16' ? 'cuda' : 'cpu';
  return Promise.all(
    configs.flatMap((config) => requests.map((request) => buildNetwork(config, request, { provider, precision }))),
  );
}

const graphs = { float32: await build('float32'), float16: await build('float16') };

describe.each(['float32', 'float16'] as const)('every network in %s', (precision) => {
  it('has no tensor of five axes, inside or from the checkpoint', () => {
    for (const graph of graphs[precision]) {
      const tensors = [...graph.values.values(), ...graph.initializers, ...graph.inputs, ...graph.outputs];
      expect(tensors.length).toBeGreaterThan(10);
      expect(tensors.filter(({ shape }) => shape.length > 4)).toEqual([]);
    }
  });

  it('is float32 outside and of that precision inside, but for the phases of timesteps', () => {
    const phases = new Set(['Cast', 'Reshape', 'Mul', 'Cos', 'Sin', 'Concat', 'Identity']);
    for (const graph of graphs[precision]) {
      const outside = [...graph.inputs, ...graph.outputs].map(({ dataType }) => dataType);
      expect(new Set(outside)).toEqual(new Set(['float32']));
      const others = graph.nodes.filter(({ outputs: [name = ''] }) => {
        const value = graph.values.get(name);
        return value !== undefined && value.dataType !== precision;
      });
      expect(others.filter(({ opType }) => !phases.has(opType))).toEqual([]);
      // Two embeddings at most, of six operators each, besides the casts at the boundaries.
      expect(others.filter(({ opType }) => opType !== 'Cast').length).toBeLessThanOrEqual(12);
    }
  });

  it('keeps each equal constant once', () => {
    for (const graph of graphs[precision]) {
      const constants = graph.initializers.flatMap(({ data, dataType, shape }) =>
        data.kind === 'raw' ? [`${dataType} ${shape} ${Buffer.from(data.bytes).toString('hex')}`] : [],
      );
      expect(new Set(constants).size).toBe(constants.length);
    }
  });
});
