import { describe, expect, it } from 'vitest';
import { buildGraph, type GraphTarget } from '../../../src/inference/graph/graph-builder.ts';
import { elementCount } from '../../../src/inference/graph/value.ts';
import { unetConfigSchema } from '../../../src/inference/models/unet-config.ts';
import { buildUnetGraphs } from '../../../src/inference/models/unet-spatio-temporal-condition-model.ts';
import { conv2d } from '../../../src/inference/nn/layers.ts';
import { feedForward } from '../../../src/inference/nn/transformer-spatio-temporal.ts';
import { openWeights } from '../../../src/inference/safetensors/open-weights.ts';
import { writeCheckpoint } from '../../support/checkpoint.ts';
import { expectClose, type Numbers } from '../../support/expect-close.ts';
import { runBuilt } from '../../support/run-graph.ts';
import { svdXtConfigs } from '../../support/svd-xt-configs.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const cpu: GraphTarget = { provider: 'cpu', precision: 'float32', foldsWeights: true };
const winograd: GraphTarget = { ...cpu, winogradChannels: 1 };

function filled(shape: readonly number[], seed: number) {
  const values = Float32Array.from({ length: elementCount(shape) }, (_, at) => Math.sin(at * 1.7 + seed * seed));
  return { dtype: 'F32' as const, shape, values };
}

async function weightsOf(tensors: Record<string, readonly number[]>) {
  const folder = tempFolder();
  const entries = Object.entries(tensors).map(([name, shape], at) => [name, filled(shape, at + 1)] as const);
  writeCheckpoint(`${folder}/part.safetensors`, Object.fromEntries(entries));
  return { weights: await openWeights(folder, 'part'), values: Object.fromEntries(entries) };
}

/** A 3×3 convolution with padding 1, term by term. */
function convolved(x: ReturnType<typeof filled>, kernel: ReturnType<typeof filled>, bias?: Float32Array): Numbers {
  const [count = 0, channels = 0, height = 0, width = 0] = x.shape;
  const [outChannels = 0] = kernel.shape;
  const shape = [count, outChannels, height, width];
  const data = Float64Array.from({ length: elementCount(shape) }, (_, at) => {
    const column = at % width;
    const row = Math.floor(at / width) % height;
    const out = Math.floor(at / (width * height)) % outChannels;
    const picture = Math.floor(at / (width * height * outChannels));
    let sum = bias?.[out] ?? 0;
    for (let channel = 0; channel < channels; channel++) {
      for (let tap = 0; tap < 9; tap++) {
        const [y, z] = [row + Math.floor(tap / 3) - 1, column + (tap % 3) - 1];
        if (y < 0 || y >= height || z < 0 || z >= width) continue;
        const from = ((picture * channels + channel) * height + y) * width + z;
        sum += x.values[from]! * kernel.values[(out * channels + channel) * 9 + tap]!;
      }
    }
    return sum;
  });
  return { shape, data };
}

async function conv(target: GraphTarget, shape: readonly number[], outChannels: number, bias = true) {
  const { weights, values } = await weightsOf({
    'conv.weight': [outChannels, shape[1]!, 3, 3],
    'conv.bias': [outChannels],
  });
  const built = buildGraph('conv', { weights, target }, (graph) => {
    graph.output('y', conv2d(graph, 'conv', graph.input('x', shape), outChannels, { bias }));
  });
  const x = filled(shape, 5);
  const expected = convolved(x, values['conv.weight']!, bias ? values['conv.bias']!.values : undefined);
  const { y } = await runBuilt(built, { x: { shape, data: x.values } });
  return { y: y!, expected, operators: new Set(built.nodes.map(({ opType }) => opType)) };
}

describe('a 3×3 convolution gives what its definition gives', () => {
  it.each([
    ['Winograd’s form', winograd, [2, 5, 4, 6], 7, true],
    ['Winograd’s form of one tile, without a bias', winograd, [1, 3, 2, 2], 2, false],
    ['Winograd’s form of a wide picture', winograd, [1, 2, 2, 12], 3, true],
    ['one product of patches', cpu, [2, 512, 3, 5], 4, true],
    ['one product of patches of single pixels, without a bias', cpu, [3, 512, 1, 1], 2, false],
  ] as const)('as %s', async (_, target, shape, outChannels, bias) => {
    const { y, expected, operators } = await conv(target, shape, outChannels, bias);
    expect(operators.has('Conv')).toBe(false);
    expectClose(y, expected, { tolerance: 1e-5 });
  });

  it.each([
    ['an odd side', winograd, [1, 4, 4, 5], 4],
    ['too few channels', { ...cpu, winogradChannels: 5 }, [1, 4, 4, 4], 4],
    ['weights that stay in their file', cpu, [1, 4, 4, 4], 4],
    ['few channels of few pixels', cpu, [1, 511, 3, 3], 2],
    ['many channels of enough pixels', cpu, [1, 512, 8, 8], 2],
  ] as const)('as the plain operator, where it has %s', async (_, target, shape, outChannels) => {
    const { y, expected, operators } = await conv(target, shape, outChannels);
    expect(operators.has('Conv')).toBe(true);
    expectClose(y, expected, { tolerance: 1e-5 });
  });
});

const unet = unetConfigSchema.parse(svdXtConfigs['unet/config.json']);
function step(target: GraphTarget, height: number, width: number, frames = 14) {
  return buildUnetGraphs(unet, { batch: 1, frames, height, width }, { weights: new Map(), target }).step;
}

describe('SVD XT’s UNet on a CPU', () => {
  it.each([
    [32, 32],
    [64, 64],
    [72, 128],
  ])('takes Winograd’s form at %i×%i for kernels that grow by 0.2 GB in all', (height, width) => {
    const graph = step({ ...cpu, winogradChannels: 512 }, height, width);
    const splits = graph.nodes.filter(({ opType }) => opType === 'Split');
    const grown = splits
      .flatMap(({ outputs }) => outputs)
      .map((name) => elementCount(graph.values.get(name)!.shape) * 4);
    const bytes = grown.reduce((sum, size) => sum + size, 0) * (7 / 16);
    expect(splits.length).toBeGreaterThan(5);
    expect(bytes).toBeLessThan(0.2e9);
  });

  it.each([
    [32, 32, 14],
    [72, 128, 25],
  ])('has at %i×%i and %i frames a quarter of the largest inner tensor of feed-forwards', (height, width, frames) => {
    const [whole, chunks] = [undefined, cpu].map((target) => {
      const all = { ...cpu, feedForwardChunk: frames * height * width };
      const graph = step(target ?? all, height, width, frames);
      const inner = graph.nodes.flatMap(({ opType, outputs }) => (opType === 'Gelu' ? outputs : []));
      const values = Math.max(...inner.map((name) => elementCount(graph.values.get(name)!.shape)));
      return { values, nodes: graph.nodes.length };
    });
    expect(chunks!.values).toBeLessThanOrEqual(whole!.values / 4);
    // Each node takes time when the graph is loaded.
    expect(chunks!.nodes).toBeLessThan(2 * whole!.nodes);
  });
});

it('a feed-forward on a CPU gives the same numbers whole and in the chunks that it is cut into', async () => {
  const [tokens, channels] = [2051, 4];
  const { weights } = await weightsOf({
    'ff.net.0.proj.weight': [8 * channels, channels],
    'ff.net.0.proj.bias': [8 * channels],
    'ff.net.2.weight': [channels, 4 * channels],
    'ff.net.2.bias': [channels],
  });
  const x = { shape: [1, tokens, channels], data: filled([1, tokens, channels], 3).values };
  const run = async (feedForwardChunk?: number) => {
    const built = buildGraph('ff', { weights, target: { ...cpu, feedForwardChunk } }, (graph) => {
      graph.output('y', feedForward(graph, 'ff', graph.input('x', x.shape)));
    });
    const { y } = await runBuilt(built, { x });
    return { y: y!, gelus: built.nodes.filter(({ opType }) => opType === 'Gelu').length };
  };
  const [whole, chunks] = [await run(tokens), await run()];
  expect([whole.gelus, chunks.gelus]).toEqual([1, 2]);
  expectClose(chunks.y, whole.y, { tolerance: 1e-7 });
});
