import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { BuiltGraph, GraphTarget } from '../../../src/inference/graph/graph-builder.ts';
import { buildGraph } from '../../../src/inference/graph/graph-builder.ts';
import { geglu } from '../../../src/inference/nn/transformer-spatio-temporal.ts';
import { channelsLastDomain } from '../../../src/inference/onnx/types.ts';
import { buildNetwork, modelTarget, type NetworkRequest } from '../../../src/inference/pipeline/build-network.ts';
import { readModelConfigs } from '../../../src/inference/pipeline/load-model.ts';
import { openWeights } from '../../../src/inference/safetensors/open-weights.ts';
import { writeCheckpoint } from '../../support/checkpoint.ts';
import { expandContrib } from '../../support/expand-contrib.ts';
import { goldenPath } from '../../support/golden.ts';
import { runBuilt } from '../../support/run-graph.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const sizes = { frames: 3, width: 6, height: 7 };
const requests: NetworkRequest[] = [
  { network: 'vae-encoder', width: 24, height: 28 },
  { network: 'vae-decoder', ...sizes },
  { network: 'unet-step', batch: 2, ...sizes },
  { network: 'unet-step', batch: 2, ...sizes, deepFeatures: 'give' },
];
const plain: GraphTarget = { provider: 'cpu', precision: 'float32' };
const channelsLast: GraphTarget = { ...plain, channelsLast: true };

/** Numbers that fill a shape, the same in every run. */
function filled(shape: readonly number[], seed: number) {
  const count = shape.reduce((product, size) => product * size, 1);
  return { shape, data: Float32Array.from({ length: count }, (_, index) => Math.sin(index * 1.7 + seed)) };
}

/** The largest difference of the outputs, in standard deviations of the first graph's. */
async function difference(first: BuiltGraph, second: BuiltGraph): Promise<number> {
  const inputs = Object.fromEntries(first.inputs.map(({ name, shape }, at) => [name, filled(shape, at)]));
  const run = (graph: BuiltGraph) => runBuilt(graph, inputs, { asWritten: true });
  const [wanted, found] = [await run(first), await run(second)];
  let worst = 0;
  for (const [name, { data: values }] of Object.entries(wanted)) {
    if (name === 'deep_features') continue;
    const data = Float32Array.from(values);
    const mean = data.reduce((sum, value) => sum + value, 0) / data.length;
    const deviation = Math.sqrt(data.reduce((sum, value) => sum + (value - mean) ** 2, 0) / data.length);
    const other = found[name]!.data;
    for (const [index, value] of data.entries()) worst = Math.max(worst, Math.abs(value - other[index]!) / deviation);
  }
  return worst;
}

const count = ({ nodes }: BuiltGraph, opType: string) => nodes.filter((node) => node.opType === opType).length;

/** The channels of every norm over groups, by its weight. */
const widthsOfNorms = ({ expected, nodes }: BuiltGraph) =>
  [...expected].flatMap(([key, [channels = 0]]) => {
    const name = key.replace(/\.weight$/, '');
    const isNorm = nodes.some((node) => node.name.startsWith(`${name}/`) && /^(Group|Instance)Norm/.test(node.opType));
    return isNorm && key.endsWith('.weight') ? [channels] : [];
  });

describe.each(['tiny-a', 'tiny-b'])('the networks of %s, channels last with the operators of CUDA', (model) => {
  it.each(requests)('compute what the plain graph computes: $network $deepFeatures', async (request) => {
    const configs = await readModelConfigs(goldenPath(join('models', model)));
    const [first, second] = [
      await buildNetwork(configs, request, plain),
      await buildNetwork(configs, request, channelsLast),
    ];
    expect(await difference(first, expandContrib(second))).toBeLessThan(1e-5);
    expect(second.inputs).toEqual(first.inputs);
    // CUDA's operator takes groups of an even number of channels; toy models have others too.
    const norms = widthsOfNorms(second);
    expect(count(second, 'GroupNorm')).toBe(norms.filter((channels) => channels % 64 === 0).length);
    expect(count(second, 'GroupNorm') + count(second, 'InstanceNormalization')).toBe(norms.length);
    expect(norms.length).toBe(count(first, 'InstanceNormalization'));
    const domains = second.nodes.filter(({ opType }) => opType === 'Conv').map(({ domain }) => domain);
    expect(domains).toEqual(Array.from({ length: count(first, 'Conv') }, () => channelsLastDomain));
  });

  it('leave no weight to be turned when the session is made, which one thread of the processor would do', async () => {
    const configs = await readModelConfigs(goldenPath(join('models', model)));
    for (const request of requests) {
      const { nodes, initializers, values } = await buildNetwork(configs, request, channelsLast);
      const constants = new Set(initializers.map(({ name }) => name));
      for (const { opType, inputs, outputs } of nodes) {
        if (opType === 'Cast' && inputs.every((name) => constants.has(name)))
          outputs.map((name) => constants.add(name));
      }
      const turned = nodes.filter(({ opType, inputs: [x = ''] }) => opType === 'Transpose' && constants.has(x));
      // CLIP's and other matrices are read as they lie: only kernels have four axes.
      expect(turned.filter(({ outputs: [name = ''] }) => values.get(name)!.shape.length === 4)).toEqual([]);
      const kernels = nodes.flatMap(({ opType, inputs }) => (opType === 'Conv' ? inputs.slice(1, 2) : []));
      expect(kernels.filter((name) => !constants.has(name))).toEqual([]);
    }
  });

  it('narrow no value that was just widened, and widen none that was just narrowed', async () => {
    const configs = await readModelConfigs(goldenPath(join('models', model)));
    const target = modelTarget({ provider: 'cuda', precision: 'float16' });
    for (const request of requests) {
      const { nodes } = await buildNetwork(configs, request, target);
      const casts = nodes.filter(({ opType }) => opType === 'Cast');
      const cast = new Set(casts.flatMap(({ outputs }) => outputs));
      expect(casts.length).toBeGreaterThan(0);
      expect(casts.filter(({ inputs: [x = ''] }) => cast.has(x))).toEqual([]);
    }
  });

  it('transpose at the borders, where the frames of a pixel attend to each other, and around norms that CUDA lacks', async () => {
    const configs = await readModelConfigs(goldenPath(join('models', model)));
    const graph = await buildNetwork(configs, requests[2]!, channelsLast);
    const weights = new Set(graph.initializers.map(({ name }) => name));
    const ofWeights = ({ inputs: [from = ''] }: BuiltGraph['nodes'][number]) =>
      weights.has(from) || graph.nodes.some(({ opType, outputs }) => opType === 'Cast' && outputs.includes(from));
    const transposes = graph.nodes.filter((node) => node.opType === 'Transpose' && !ofWeights(node));
    const temporal = transposes.filter(({ name }) => /temporal_transformer_blocks\.\d+\.attn1\//.test(name));
    const attentions = new Set(temporal.map(({ name }) => name.replace(/\/.*/, '')));
    expect(temporal.length).toBe(2 * attentions.size);
    const turnedForNorms = 2 * count(graph, 'InstanceNormalization');
    expect(transposes.length).toBe(2 + temporal.length + turnedForNorms);
  });
});

it('takes the operator for the gate where its widths are those of SVD, with the same numbers', async () => {
  const [channels, inner] = [8, 1280];
  const path = join(tempFolder(), 'model.safetensors');
  writeCheckpoint(path, {
    'proj.weight': { dtype: 'F32', shape: [2 * inner, channels], values: filled([2 * inner, channels], 1).data },
    'proj.bias': { dtype: 'F32', shape: [2 * inner], values: filled([2 * inner], 2).data },
  });
  const weights = await openWeights(path, 'model');
  const build = (target: GraphTarget) =>
    buildGraph('test', { weights, target }, (graph) =>
      graph.output('y', geglu(graph, 'proj', graph.input('x', [1, 5, channels]), inner)),
    );
  const graph = build(channelsLast);
  expect(count(graph, 'BiasSplitGelu')).toBe(1);
  expect(await difference(build(plain), expandContrib(graph))).toBeLessThan(1e-5);
});

it('is the form of CUDA alone, and not where the plain one is asked for', () => {
  const float16 = { provider: 'cuda', precision: 'float16' } as const;
  expect(modelTarget(float16).channelsLast).toBe(true);
  expect(modelTarget({ ...float16, cudaGraph: 'plain' }).channelsLast).toBe(false);
  expect(modelTarget({ provider: 'cpu', precision: 'float32' }).channelsLast).toBe(false);
});
