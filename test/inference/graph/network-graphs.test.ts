import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type BuiltGraph, buildGraph, type GraphTarget } from '../../../src/inference/graph/graph-builder.ts';
import { elementCount } from '../../../src/inference/graph/value.ts';
import { unetConfigSchema } from '../../../src/inference/models/unet-config.ts';
import { buildUnetGraphs } from '../../../src/inference/models/unet-spatio-temporal-condition-model.ts';
import { vaeConfigSchema } from '../../../src/inference/models/vae-config.ts';
import { vaeTemporalDecoder } from '../../../src/inference/models/vae-temporal-decoder.ts';
import { buildCheckpoint, type NetworkRequest } from '../../../src/inference/pipeline/build-network.ts';
import { readModelConfigs } from '../../../src/inference/pipeline/load-model.ts';
import { goldenPath } from '../../support/golden.ts';
import { providerKernels } from '../../support/provider-kernels.ts';
import { svdXtConfigs } from '../../support/svd-xt-configs.ts';

const sizes = { frames: 3, width: 6, height: 7 };
/** One network of each checkpoint; the others of it are built with it. */
const requests: NetworkRequest[] = [
  { network: 'image-encoder' },
  { network: 'vae-decoder', ...sizes },
  { network: 'unet-step', batch: 2, ...sizes },
];
const models = ['tiny-a', 'tiny-b'].map((model) => goldenPath(join('models', model)));
const configs = await Promise.all(models.map(readModelConfigs));

/** Every network of every model, as a provider gets it. */
const targets: readonly GraphTarget[] = [
  { provider: 'cpu', precision: 'float32' },
  { provider: 'cpu', precision: 'float32', foldsWeights: true },
  { provider: 'cpu', precision: 'float32', foldsWeights: true, winogradChannels: 1 },
  { provider: 'cuda', precision: 'float32' },
  { provider: 'cuda', precision: 'float16' },
  { provider: 'cuda', precision: 'float32', channelsLast: true },
  { provider: 'cuda', precision: 'float16', channelsLast: true },
  { provider: 'webgpu', precision: 'float32' },
  { provider: 'webgpu', precision: 'float16' },
];

describe.each(targets)('every network for $provider in $precision, folded: $foldsWeights', (target) => {
  const { provider, precision } = target;
  let graphs: BuiltGraph[];
  beforeAll(async () => {
    const checkpoints = await Promise.all(
      configs.flatMap((config) => requests.map((request) => buildCheckpoint(config, request, target))),
    );
    graphs = checkpoints.flatMap((built) => Object.values(built));
    expect(graphs.length).toBe(5 * configs.length);
  });

  it('has no tensor of five axes, inside or from the checkpoint', () => {
    for (const graph of graphs) {
      const tensors = [...graph.values.values(), ...graph.initializers, ...graph.inputs, ...graph.outputs];
      expect(tensors.length).toBeGreaterThan(10);
      expect(tensors.filter(({ shape }) => shape.length > 4)).toEqual([]);
    }
  });

  it('is float32 outside and of that precision inside, but for the phases of timesteps', () => {
    const phases = new Set(['Cast', 'Reshape', 'Mul', 'Cos', 'Sin', 'Concat', 'Identity']);
    for (const graph of graphs) {
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

  it('keeps the noise level and the time ids in float32 up to their sines and cosines', () => {
    const times = new Set(['timestep', 'added_time_ids']);
    const takers = graphs.flatMap(({ nodes }) => nodes.filter(({ inputs }) => inputs.some((name) => times.has(name))));
    expect(takers.length).toBe(2 * configs.length);
    expect(takers.filter(({ opType }) => opType === 'Cast')).toEqual([]);
  });

  it('has no operator that the provider has no kernel for', () => {
    const known = providerKernels[`${provider} ${precision}`];
    const used = new Set(graphs.flatMap((graph) => graph.nodes.map(({ opType }) => opType)));
    expect([...used].filter((opType) => known?.has(opType) !== true)).toEqual([]);
  });

  it('has no reshape that nothing reads, and none of a reshape', () => {
    for (const graph of graphs) {
      const reshapes = graph.nodes.filter(({ opType }) => opType === 'Reshape');
      const made = new Set(reshapes.flatMap(({ outputs }) => outputs));
      const read = new Set([...graph.nodes.flatMap(({ inputs }) => inputs), ...graph.outputs.map(({ name }) => name)]);
      expect([...made].filter((value) => !read.has(value))).toEqual([]);
      expect(reshapes.filter(({ inputs: [from = ''] }) => made.has(from))).toEqual([]);
    }
  });

  it('keeps each equal constant once', () => {
    for (const graph of graphs) {
      const constants = graph.initializers.flatMap(({ data, dataType, shape }) =>
        data.kind === 'raw' ? [`${dataType} ${shape} ${Buffer.from(data.bytes).toString('hex')}`] : [],
      );
      expect(new Set(constants).size).toBe(constants.length);
    }
  });
});

/** SVD XT's clip: 25 frames of 1024×576 with guidance. Without a checkpoint: shapes are known from the config. */
describe.each(targets)('SVD XT at 1024×576 for $provider in $precision', (target) => {
  it('has no tensor of attention scores above 64 Mi values, and no fused attention where that is wrong', () => {
    const source = { weights: new Map(), target };
    const unet = unetConfigSchema.parse(svdXtConfigs['unet/config.json']);
    const vae = vaeConfigSchema.parse(svdXtConfigs['vae/config.json']);
    const { step } = buildUnetGraphs(unet, { batch: 2, frames: 25, height: 72, width: 128 }, source);
    const decoder = buildGraph('decoder', source, (graph) =>
      vaeTemporalDecoder(graph, vae, { frames: 25, height: 72, width: 128 }),
    );
    for (const graph of [step, decoder]) {
      const scores = graph.nodes.flatMap(({ opType, outputs }) => (opType === 'Softmax' ? outputs : []));
      const sizes = scores.map((name) => elementCount(graph.values.get(name)?.shape ?? []));
      expect(Math.max(0, ...sizes)).toBeLessThanOrEqual(64 * 2 ** 20);
      const fused = graph.nodes.filter(({ opType }) => opType === 'MultiHeadAttention').length;
      expect(fused > 0).toBe(target.provider !== 'webgpu');
    }
  });
});
