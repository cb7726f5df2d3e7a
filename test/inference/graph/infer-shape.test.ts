import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { GraphError } from '../../../src/errors.ts';
import { buildGraph, type GraphBuilder } from '../../../src/inference/graph/graph-builder.ts';
import { inferShape } from '../../../src/inference/graph/infer-shape.ts';
import type { Value } from '../../../src/inference/graph/value.ts';
import { ifnet } from '../../../src/inference/models/ifnet.ts';
import { enlarger } from '../../../src/inference/models/upconv-7.ts';
import { type AttributeValue, channelsLastDomain, type DataType } from '../../../src/inference/onnx/types.ts';
import { buildNetwork, type NetworkRequest } from '../../../src/inference/pipeline/build-network.ts';
import { readModelConfigs } from '../../../src/inference/pipeline/load-model.ts';
import { openRifeWeights } from '../../../src/inference/pipeline/rife.ts';
import { openWeights } from '../../../src/inference/safetensors/open-weights.ts';
import { goldenPath } from '../../support/golden.ts';
import { runBuilt } from '../../support/run-graph.ts';

const target = { provider: 'cpu', precision: 'float32' } as const;

/** An operator with inputs of these shapes; `integers` are constants, `scales` is Resize's, `places` so many of Gather's. */
interface Case {
  opType: string;
  inputs: readonly ((number[] | { integers: number[] } | { scales: number[] } | { places: number }) | undefined)[];
  attributes?: Record<string, AttributeValue>;
  domain?: string;
  shape: number[];
}

const contrib = 'com.microsoft';
/** The CPU has no kernel for it: cuda-stub.test.ts runs it. */
const channelsLastConv = `${channelsLastDomain}:Conv`;
const nearest = { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' };
const conv = (kernel: number[], pads: number[], strides: number[]) => ({ kernel_shape: kernel, pads, strides });
const same = (opType: string, rest: Partial<Case> = {}) => ({ opType, inputs: [[2, 3, 4]], shape: [2, 3, 4], ...rest });

const cases: Case[] = [
  {
    opType: 'Add',
    inputs: [
      [2, 1, 4],
      [3, 1],
    ],
    shape: [2, 3, 4],
  },
  { opType: 'Sub', inputs: [[1], [2, 3]], shape: [2, 3] },
  {
    opType: 'Mul',
    inputs: [
      [4, 3, 1, 1],
      [1, 5],
    ],
    shape: [4, 3, 1, 5],
  },
  { opType: 'Div', inputs: [[2, 3], [1]], shape: [2, 3] },
  ...['Sigmoid', 'Relu', 'Tanh', 'Cos', 'Sin', 'Floor'].map((opType) => same(opType)),
  same('QuickGelu', { domain: contrib, attributes: { alpha: { float: 1 } } }),
  same('Gelu', { attributes: { approximate: 'none' } }),
  same('Softmax', { attributes: { axis: -1 } }),
  same('InstanceNormalization', { inputs: [[2, 3, 4], [3], [3]], attributes: { epsilon: { float: 1e-5 } } }),
  same('LayerNormalization', { inputs: [[2, 3, 4], [4], [4]], attributes: { axis: -1, epsilon: { float: 1e-5 } } }),
  same('Cast', { attributes: { to: 1 } }),
  same('LeakyRelu', { attributes: { alpha: { float: 0.2 } } }),
  same('Clip', { inputs: [[2, 3, 4], [], []] }),
  {
    opType: 'ConvTranspose',
    inputs: [[2, 3, 7, 9], [3, 5, 4, 4], [5]],
    attributes: conv([4, 4], [1, 1, 1, 1], [2, 2]),
    shape: [2, 5, 14, 18],
  },
  {
    opType: 'AveragePool',
    inputs: [[2, 3, 7, 9]],
    attributes: { kernel_shape: [3, 3], strides: [1, 1] },
    shape: [2, 3, 5, 7],
  },
  {
    opType: 'AveragePool',
    inputs: [[2, 3, 7, 9]],
    attributes: { kernel_shape: [2, 3], strides: [2, 2] },
    shape: [2, 3, 3, 4],
  },
  {
    opType: 'GridSample',
    inputs: [
      [1, 3, 7, 9],
      [1, 5, 6, 2],
    ],
    attributes: { mode: 'linear', padding_mode: 'border', align_corners: 1 },
    shape: [1, 3, 5, 6],
  },
  { opType: 'Gather', inputs: [[3, 8], { places: 5 }], attributes: { axis: 1 }, shape: [3, 5] },
  {
    opType: 'Conv',
    inputs: [[2, 3, 7, 9], [5, 3, 3, 3], [5]],
    attributes: conv([3, 3], [1, 1, 1, 1], [1, 1]),
    shape: [2, 5, 7, 9],
  },
  {
    opType: 'Conv',
    inputs: [
      [2, 3, 7, 9],
      [5, 3, 3, 3],
    ],
    attributes: conv([3, 3], [1, 1, 1, 1], [2, 2]),
    shape: [2, 5, 4, 5],
  },
  {
    opType: 'Conv',
    inputs: [[1, 2, 6, 8], [2, 2, 3, 3], [2]],
    attributes: conv([3, 3], [0, 0, 1, 1], [2, 2]),
    shape: [1, 2, 3, 4],
  },
  {
    opType: 'Conv',
    inputs: [[1, 2, 5, 12], [4, 2, 3, 1], [4]],
    attributes: conv([3, 1], [1, 0, 1, 0], [1, 1]),
    shape: [1, 4, 5, 12],
  },
  {
    opType: 'Conv',
    inputs: [
      [1, 4, 9, 9],
      [6, 2, 4, 4],
    ],
    attributes: { group: 2, strides: [4, 4] },
    shape: [1, 6, 2, 2],
  },
  { opType: 'Gemm', inputs: [[6, 4], [5, 4], [5]], attributes: { transB: 1 }, shape: [6, 5] },
  {
    opType: 'Gemm',
    inputs: [
      [6, 4],
      [4, 5],
    ],
    shape: [6, 5],
  },
  {
    opType: 'MatMul',
    inputs: [
      [2, 1, 3, 4],
      [5, 4, 6],
    ],
    shape: [2, 5, 3, 6],
  },
  {
    opType: 'MultiHeadAttention',
    domain: contrib,
    inputs: [
      [2, 5, 8],
      [2, 3, 8],
      [2, 3, 8],
    ],
    attributes: { num_heads: 2 },
    shape: [2, 5, 8],
  },
  { opType: 'Reshape', inputs: [[2, 3, 4], { integers: [6, 4] }], shape: [6, 4] },
  { opType: 'Expand', inputs: [[1, 1, 4], { integers: [2, 3, 1] }], shape: [2, 3, 4] },
  { opType: 'Transpose', inputs: [[2, 3, 4]], attributes: { perm: [2, 0, 1] }, shape: [4, 2, 3] },
  {
    opType: 'Concat',
    inputs: [
      [2, 3],
      [2, 1],
      [2, 4],
    ],
    attributes: { axis: 1 },
    shape: [2, 8],
  },
  {
    opType: 'Concat',
    inputs: [
      [2, 3],
      [5, 3],
    ],
    attributes: { axis: -2 },
    shape: [7, 3],
  },
  {
    opType: 'Slice',
    inputs: [[4, 6], { integers: [1, 0] }, { integers: [6, 2] }, { integers: [1, 0] }],
    shape: [2, 5],
  },
  {
    opType: 'Resize',
    inputs: [[1, 2, 3, 5], undefined, { scales: [1, 1, 2, 2] }],
    attributes: nearest,
    shape: [1, 2, 6, 10],
  },
  {
    opType: 'Resize',
    inputs: [[1, 2, 3, 5], undefined, undefined, { integers: [1, 2, 5, 9] }],
    attributes: nearest,
    shape: [1, 2, 5, 9],
  },
  { opType: 'DepthToSpace', inputs: [[2, 12, 3, 5]], attributes: { blocksize: 2, mode: 'DCR' }, shape: [2, 3, 6, 10] },
];

function operate(graph: GraphBuilder, { opType, inputs, attributes = {}, domain = '' }: Case, name: string): Value {
  const values = inputs.map((input, at) => {
    if (input === undefined) return undefined;
    if ('integers' in input) return graph.integers(input.integers);
    if ('scales' in input) return graph.constant(Float32Array.from(input.scales), [input.scales.length], 'float32');
    if ('places' in input) return graph.cast(graph.input(`${name}.${at}`, [input.places]), 'int32');
    return graph.input(`${name}.${at}`, input);
  });
  return graph.op(opType, values, attributes, domain);
}

describe('shape inference', () => {
  it('agrees with ONNX Runtime for every operator', async () => {
    const built = buildGraph('operators', { weights: new Map(), target }, (graph) => {
      for (const [at, one] of cases.entries()) {
        const value = operate(graph, one, `case${at}`);
        expect({ ...one, shape: value.shape }).toEqual(one);
        graph.output(`out${at}`, value);
      }
    });
    const inputs = built.inputs.map(({ name, shape }) => {
      return [name, { shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(1) }] as const;
    });
    // A run refuses an output whose shape is not the declared one.
    const results = await runBuilt(built, Object.fromEntries(inputs));
    expect(Object.keys(results)).toHaveLength(cases.length);
  });

  it('is tried for every operator that the networks use', async () => {
    const configs = await readModelConfigs(goldenPath(join('models', 'tiny-b')));
    const sizes = { width: 6, height: 7, frames: 3 };
    const requests: NetworkRequest[] = [
      { network: 'image-encoder' },
      { network: 'vae-encoder', width: 24, height: 28 },
      { network: 'vae-decoder', ...sizes },
      { network: 'unet-conditioning', batch: 2, ...sizes },
      { network: 'unet-step', batch: 2, ...sizes },
    ];
    const graphs = await Promise.all(requests.map((request) => buildNetwork(configs, request, target)));
    const weights = await openRifeWeights('models/rife');
    for (const provider of ['cpu', 'webgpu'] as const) {
      const source = { weights, target: { ...target, provider } };
      graphs.push(buildGraph('rife', source, (graph) => ifnet(graph, { width: 64, height: 64, scale: 1 })));
    }
    const upscaling = await openWeights('models/upscale/photo.safetensors', '');
    graphs.push(
      buildGraph('upscale', { weights: upscaling, target }, (graph) => enlarger(graph, { width: 8, height: 8 })),
    );
    const used = new Set(graphs.flatMap((graph) => graph.nodes.map((node) => node.opType)));
    used.delete('Identity'); // an output's name, given by the builder
    const tried = new Set(cases.map(({ opType }) => opType));
    expect([...used].filter((opType) => !tried.has(opType))).toEqual([]);
  });
});

describe('shape inference refuses', () => {
  const value = (shape: number[], dataType: DataType = 'float32'): Value => ({ name: 'x', dataType, shape });
  const list = (...integers: number[]): Value => ({
    name: 'list',
    dataType: 'int64',
    shape: [integers.length],
    integers,
  });
  const picture = value([1, 2, 6, 6]);

  it.each<[string, string, Value[], Record<string, AttributeValue>]>([
    ['an operator it does not know', 'Einsum', [picture], {}],
    ['a name of every object', 'toString', [picture], {}],
    ['a missing input', 'Relu', [], {}],
    ['mixed types', 'Add', [value([2]), value([2], 'float16')], {}],
    ['shapes that do not broadcast', 'Mul', [value([2, 3]), value([2])], {}],
    ['a cast to anything but floats', 'Cast', [value([2])], { to: 7 }],
    ['places that are not whole', 'Gather', [value([2, 3]), value([4])], { axis: 1 }],
    ['a transposed convolution of other channels', 'ConvTranspose', [picture, value([4, 2, 4, 4])], {}],
    ['a window larger than the picture', 'AveragePool', [picture], { kernel_shape: [7, 7] }],
    ['a grid of three coordinates', 'GridSample', [picture, value([1, 6, 6, 3])], {}],
    ['a cast to nothing', 'Cast', [value([2])], {}],
    ['a convolution of three axes', 'Conv', [value([1, 2, 6]), value([4, 2, 3])], {}],
    ['a convolution of five axes', 'Conv', [value([1, 2, 3, 6, 6]), value([4, 2, 3, 1, 1])], {}],
    ['a kernel for other channels', 'Conv', [picture, value([4, 3, 3, 3])], {}],
    ['a kernel of another size than said', 'Conv', [picture, value([4, 2, 1, 1])], { kernel_shape: [3, 3] }],
    ['a bias for other channels', 'Conv', [picture, value([4, 2, 3, 3]), value([3])], {}],
    ['a kernel larger than the picture', 'Conv', [picture, value([4, 2, 7, 7])], {}],
    ['pads that are no list', 'Conv', [picture, value([4, 2, 3, 3])], { pads: 1 }],
    ['a kernel that lies channels last', channelsLastConv, [value([1, 6, 5, 2]), value([4, 3, 3, 2])], {}],
    ['matrices that do not chain', 'Gemm', [value([2, 3]), value([3, 4])], { transB: 1 }],
    ['a vector for a matrix', 'Gemm', [value([2]), value([2, 4])], {}],
    ['a bias of another width', 'Gemm', [value([2, 3]), value([4, 3]), value([3])], { transB: 1 }],
    ['products that do not chain', 'MatMul', [value([2, 3]), value([4, 5])], {}],
    ['a product of vectors', 'MatMul', [value([3]), value([3])], {}],
    ['attention over four axes', 'MultiHeadAttention', [picture, picture, picture], { num_heads: 1 }],
    [
      'keys of another width',
      'MultiHeadAttention',
      [value([1, 5, 8]), value([1, 5, 4]), value([1, 5, 4])],
      { num_heads: 2 },
    ],
    [
      'values unlike their keys',
      'MultiHeadAttention',
      [value([1, 5, 8]), value([1, 5, 8]), value([1, 4, 8])],
      { num_heads: 2 },
    ],
    [
      'keys of another batch',
      'MultiHeadAttention',
      [value([2, 5, 8]), value([1, 5, 8]), value([1, 5, 8])],
      { num_heads: 2 },
    ],
    [
      'heads that do not divide',
      'MultiHeadAttention',
      [value([1, 5, 8]), value([1, 5, 8]), value([1, 5, 8])],
      { num_heads: 3 },
    ],
    ['another number of elements', 'Reshape', [value([2, 3]), list(7)], {}],
    ['a size left open', 'Reshape', [value([2, 3]), list(2, -1)], {}],
    ['a shape that is not constant', 'Reshape', [value([2, 3]), value([2])], {}],
    ['an expansion of an axis above 1', 'Expand', [value([2, 3]), list(4, 3)], {}],
    ['an order with an axis too few', 'Transpose', [value([2, 3])], { perm: [0] }],
    ['an order with an axis twice', 'Transpose', [value([2, 3])], { perm: [1, 1] }],
    ['pieces of other sizes', 'Concat', [value([2, 3]), value([3, 3])], { axis: 1 }],
    ['pieces of another rank', 'Concat', [value([2, 3]), value([2])], { axis: 1 }],
    ['an axis it has not', 'Concat', [value([2, 3])], { axis: 2 }],
    ['an axis that is no number', 'Concat', [value([2, 3])], { axis: 'last' }],
    ['a slice past the end', 'Slice', [value([4]), list(2), list(5), list(0)], {}],
    ['an empty slice', 'Slice', [value([4]), list(2), list(2), list(0)], {}],
    ['a slice from the end', 'Slice', [value([4]), list(-2), list(4), list(0)], {}],
    ['a slice of an axis it has not', 'Slice', [value([4]), list(0), list(1), list(1)], {}],
    ['a resize of batch or channels', 'Resize', [picture, list(1, 4, 12, 12)], {}],
    ['a resize of three axes', 'Resize', [value([1, 2, 3]), list(1, 2, 6)], {}],
    ['a scale for other channels', 'InstanceNormalization', [picture, value([3]), value([2])], {}],
    ['an offset of another width', 'LayerNormalization', [picture, value([6]), value([2])], {}],
  ])('%s (%s)', (_, opType, inputs, attributes) => {
    expect(() => inferShape(opType, inputs, attributes)).toThrow(GraphError);
  });

  it('no convolution of pictures that lie channels last', () => {
    const attributes = conv([3, 1], [1, 0, 1, 0], [2, 1]);
    const inputs = [value([2, 6, 5, 3], 'float16'), value([4, 3, 3, 1], 'float16'), value([4], 'float16')];
    expect(inferShape(channelsLastConv, inputs, attributes)).toEqual({ dataType: 'float16', shape: [2, 3, 5, 4] });
  });

  it('with words for what it was given', () => {
    const refused = () => inferShape('Gemm', [value([2, 3]), value([3, 4], 'float32')], { transB: 1 });
    expect(refused).toThrow('Gemm cannot take x: float32 [2, 3]; x: float32 [3, 4].');
  });
});
