import { GraphError } from '../../errors.ts';
import { type AttributeValue, channelsLastDomain, type DataType } from '../onnx/types.ts';
import { axisSize, elementCount, shape4, type Value } from './value.ts';

/** What a node makes, as far as the graph needs to know it. */
export interface InferredOutput {
  dataType: DataType;
  shape: readonly number[];
}

type Attributes = Readonly<Record<string, AttributeValue>>;
type Inference = (inputs: readonly Value[], attributes: Attributes) => InferredOutput;

/**
 * Shape and type inference for every operator that Kinora's graphs use (ONNX operator documentation, opset 21, and
 * ONNX Runtime's own operators).
 * @param opType with its domain before it, `domain:Type`, where another domain has an operator of the same name
 * @throws GraphError for an operator that is not known here, or inputs that it does not take
 */
export function inferShape(opType: string, inputs: readonly Value[], attributes: Attributes): InferredOutput {
  const infer = Object.hasOwn(inferences, opType) ? inferences[opType] : undefined;
  if (infer === undefined) throw new GraphError('graph-unknown-operator', `No shape inference for ${opType}.`);
  // Integer lists, Resize's scales and Gather's places are not data.
  // A GroupNorm's scale and offset are float32 whatever the data are in.
  const hasOneInput = opType === 'Resize' || opType === 'Gather' || opType === 'GroupNorm';
  const data = hasOneInput ? inputs.slice(0, 1) : inputs.filter((input) => input.integers === undefined);
  const types = new Set(data.map((input) => input.dataType));
  if (types.size > 1) {
    throw new GraphError('graph-mixed-types', `${opType} is given ${describe(inputs)}: its inputs must share a type.`);
  }
  return infer(inputs, attributes);
}

/** The shape of an element-wise operation (numpy broadcasting). */
function broadcastShapes(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const left = a[i - rank + a.length] ?? 1;
    const right = b[i - rank + b.length] ?? 1;
    if (left !== right && left !== 1 && right !== 1) {
      throw new GraphError('graph-shape', `[${a.join(', ')}] and [${b.join(', ')}] do not broadcast together.`);
    }
    return left === 1 ? right : left;
  });
}

const same: Inference = (inputs) => ({ dataType: first(inputs).dataType, shape: first(inputs).shape });

const elementWise: Inference = (inputs) => ({
  dataType: first(inputs).dataType,
  shape: inputs.map((input) => input.shape).reduce(broadcastShapes),
});

/** Its scale and offset have one value for each index of an axis. */
function normalization(opType: string, axis: number): Inference {
  return (inputs) => {
    const x = first(inputs);
    for (const vector of inputs.slice(1)) {
      if (vector.shape.length !== 1 || axisSize(vector, 0) !== axisSize(x, axis)) fail(opType, inputs);
    }
    return { dataType: x.dataType, shape: x.shape };
  };
}

const inferences: Readonly<Record<string, Inference>> = {
  Add: elementWise,
  Sub: elementWise,
  Mul: elementWise,
  Div: elementWise,
  Sigmoid: same,
  Clip: same,
  Floor: same,
  QuickGelu: same,
  Gelu: same,
  Relu: same,
  LeakyRelu: same,
  Tanh: same,
  Cos: same,
  Sin: same,
  Softmax: same,
  InstanceNormalization: normalization('InstanceNormalization', 1),
  LayerNormalization: normalization('LayerNormalization', -1),

  Cast(inputs, attributes) {
    const dataType = ({ 1: 'float32', 6: 'int32', 10: 'float16' } as const)[numberOf(attributes, 'to')];
    if (dataType === undefined) throw new GraphError('graph-shape', 'Cast goes to float32, float16 or int32 here.');
    return { dataType, shape: first(inputs).shape };
  },

  Conv(inputs, attributes) {
    const [batch, channels, height, width] = shape4(first(inputs));
    const [outChannels, inChannels, kernelHeight, kernelWidth] = shape4(nth(inputs, 1));
    const kernel = listOf(attributes, 'kernel_shape');
    if (channels !== inChannels * numberOf(attributes, 'group', 1)) fail('Conv', inputs);
    if (kernel.length > 0 && kernel.join() !== [kernelHeight, kernelWidth].join()) fail('Conv', inputs);
    if (inputs.length > 2 && nth(inputs, 2).shape.join() !== `${outChannels}`) fail('Conv', inputs);
    const [top = 0, left = 0, bottom = 0, right = 0] = listOf(attributes, 'pads');
    const [strideY = 1, strideX = 1] = listOf(attributes, 'strides');
    const outHeight = Math.floor((height + top + bottom - kernelHeight) / strideY) + 1;
    const outWidth = Math.floor((width + left + right - kernelWidth) / strideX) + 1;
    if (outHeight < 1 || outWidth < 1) fail('Conv', inputs);
    return { dataType: first(inputs).dataType, shape: [batch, outChannels, outHeight, outWidth] };
  },

  /** [n, h, w, c], with the kernel of Conv. */
  [`${channelsLastDomain}:Conv`](inputs, attributes) {
    const [batch, height, width, channels] = shape4(first(inputs));
    const planes: Value = { ...first(inputs), shape: [batch, channels, height, width] };
    const { dataType, shape } = inferShape('Conv', [planes, ...inputs.slice(1)], attributes);
    const [, outChannels = 0, outHeight = 0, outWidth = 0] = shape;
    return { dataType, shape: [batch, outHeight, outWidth, outChannels] };
  },

  /** [n, h, w, c] with float32 scale and offset per channel, and SiLU where `activation` is 1; com.microsoft. */
  GroupNorm(inputs, attributes) {
    const [, , , channels] = shape4(first(inputs));
    const groups = numberOf(attributes, 'groups');
    const vectors = inputs.slice(1);
    const fits = vectors.every(({ shape, dataType }) => shape.join() === `${channels}` && dataType === 'float32');
    if (vectors.length !== 2 || !fits || channels % groups !== 0) fail('GroupNorm', inputs);
    return { dataType: first(inputs).dataType, shape: first(inputs).shape };
  },

  /** (x + bias), whose first half is multiplied with gelu of its second: [n, tokens, 2c] -> [n, tokens, c]; com.microsoft. */
  BiasSplitGelu(inputs) {
    const { shape, dataType } = first(inputs);
    const inner = axisSize(first(inputs), 2);
    if (shape.length !== 3 || nth(inputs, 1).shape.join() !== `${inner}`) fail('BiasSplitGelu', inputs);
    return { dataType, shape: shape.with(2, inner / 2) };
  },

  /** Whole rows or columns by their places, int32. */
  Gather(inputs, attributes) {
    const [data, places] = [first(inputs), nth(inputs, 1)];
    const axis = numberOf(attributes, 'axis');
    if (places.dataType !== 'int32' || axis < 0 || axis >= data.shape.length) fail('Gather', inputs);
    return { dataType: data.dataType, shape: data.shape.toSpliced(axis, 1, ...places.shape) };
  },

  /** Without output padding, dilation or groups; its kernel lies [in, out, height, width]. */
  ConvTranspose(inputs, attributes) {
    const [batch, channels, height, width] = shape4(first(inputs));
    const [inChannels, outChannels, kernelHeight, kernelWidth] = shape4(nth(inputs, 1));
    if (channels !== inChannels) fail('ConvTranspose', inputs);
    if (inputs.length > 2 && nth(inputs, 2).shape.join() !== `${outChannels}`) fail('ConvTranspose', inputs);
    const [top = 0, left = 0, bottom = 0, right = 0] = listOf(attributes, 'pads');
    const [strideY = 1, strideX = 1] = listOf(attributes, 'strides');
    const outHeight = (height - 1) * strideY + kernelHeight - top - bottom;
    const outWidth = (width - 1) * strideX + kernelWidth - left - right;
    if (outHeight < 1 || outWidth < 1) fail('ConvTranspose', inputs);
    return { dataType: first(inputs).dataType, shape: [batch, outChannels, outHeight, outWidth] };
  },

  /** Without padding. */
  AveragePool(inputs, attributes) {
    const [batch, channels, height, width] = shape4(first(inputs));
    const [kernelHeight = 1, kernelWidth = 1] = listOf(attributes, 'kernel_shape');
    const [strideY = 1, strideX = 1] = listOf(attributes, 'strides');
    const outHeight = Math.floor((height - kernelHeight) / strideY) + 1;
    const outWidth = Math.floor((width - kernelWidth) / strideX) + 1;
    if (outHeight < 1 || outWidth < 1) fail('AveragePool', inputs);
    return { dataType: first(inputs).dataType, shape: [batch, channels, outHeight, outWidth] };
  },

  GridSample(inputs) {
    const [batch, channels] = shape4(first(inputs));
    const [gridBatch, height, width, coordinates] = shape4(nth(inputs, 1));
    if (gridBatch !== batch || coordinates !== 2) fail('GridSample', inputs);
    return { dataType: first(inputs).dataType, shape: [batch, channels, height, width] };
  },

  Gemm(inputs, attributes) {
    const [rows, inner] = first(inputs).shape;
    const weight = nth(inputs, 1).shape;
    const transposed = numberOf(attributes, 'transB', 0) === 1;
    const columns = transposed ? weight[0] : weight[1];
    if (rows === undefined || columns === undefined || inner !== (transposed ? weight[1] : weight[0])) {
      return fail('Gemm', inputs);
    }
    if (inputs.length > 2 && nth(inputs, 2).shape.join() !== `${columns}`) fail('Gemm', inputs);
    return { dataType: first(inputs).dataType, shape: [rows, columns] };
  },

  MatMul(inputs) {
    const [a, b] = [first(inputs), nth(inputs, 1)];
    if (axisSize(a, -1) !== axisSize(b, -2)) fail('MatMul', inputs);
    const batch = broadcastShapes(a.shape.slice(0, -2), b.shape.slice(0, -2));
    return { dataType: a.dataType, shape: [...batch, axisSize(a, -2), axisSize(b, -1)] };
  },

  MultiHeadAttention(inputs, attributes) {
    const [query, key, value] = [first(inputs), nth(inputs, 1), nth(inputs, 2)];
    const [batch, , channels = 0] = query.shape;
    const fits = query.shape.length === 3 && key.shape.length === 3 && key.shape.join() === value.shape.join();
    if (!fits || axisSize(key, 0) !== batch || axisSize(key, 2) !== channels) fail('MultiHeadAttention', inputs);
    if (channels % numberOf(attributes, 'num_heads') !== 0) fail('MultiHeadAttention', inputs);
    return { dataType: query.dataType, shape: query.shape };
  },

  Reshape(inputs) {
    const shape = integersOf(nth(inputs, 1));
    if (elementCount(shape) !== elementCount(first(inputs).shape)) fail('Reshape', inputs);
    return { dataType: first(inputs).dataType, shape };
  },

  Expand(inputs) {
    const shape = broadcastShapes(first(inputs).shape, integersOf(nth(inputs, 1)));
    return { dataType: first(inputs).dataType, shape };
  },

  Transpose(inputs, attributes) {
    const order = listOf(attributes, 'perm');
    const axes = first(inputs).shape.map((_, axis) => axis);
    if (order.toSorted((a, b) => a - b).join() !== axes.join()) fail('Transpose', inputs);
    return { dataType: first(inputs).dataType, shape: order.map((axis) => axisSize(first(inputs), axis)) };
  },

  Concat(inputs, attributes) {
    const axis = numberOf(attributes, 'axis');
    const total = inputs.reduce((sum, input) => sum + axisSize(input, axis), 0);
    const others = inputs.map(({ shape }) => shape.with(axis, 0).join());
    if (new Set(others).size > 1) fail('Concat', inputs);
    return { dataType: first(inputs).dataType, shape: first(inputs).shape.with(axis, total) };
  },

  /** Forwards, within the axis: these graphs have no other. */
  Slice(inputs) {
    const [starts, ends, axes] = [1, 2, 3].map((index) => integersOf(nth(inputs, index)));
    const shape = [...first(inputs).shape];
    for (const [i, axis] of (axes ?? []).entries()) {
      const [from = -1, to = -1] = [starts?.[i], ends?.[i]];
      if (from < 0 || to <= from || to > axisSize(first(inputs), axis)) fail('Slice', inputs);
      shape[axis] = to - from;
    }
    return { dataType: first(inputs).dataType, shape };
  },

  /** To the sizes given, or twice as high and wide where scales are given: these networks have no other. */
  Resize(inputs) {
    const [batch, channels, height, width] = shape4(first(inputs));
    const shape = nth(inputs, 1).integers ?? [batch, channels, height * 2, width * 2];
    // The channels stay: the second axis, or the last of pictures that lie channels last.
    const keepsChannels = shape[1] === channels || shape[3] === width;
    if (shape.length !== 4 || shape[0] !== batch || !keepsChannels) fail('Resize', inputs);
    return { dataType: first(inputs).dataType, shape };
  },

  DepthToSpace(inputs, attributes) {
    const [batch, channels, height, width] = shape4(first(inputs));
    const block = numberOf(attributes, 'blocksize');
    if (channels % block ** 2 !== 0) fail('DepthToSpace', inputs);
    const shape = [batch, channels / block ** 2, height * block, width * block];
    return { dataType: first(inputs).dataType, shape };
  },
};

function first(inputs: readonly Value[]): Value {
  return nth(inputs, 0);
}

function nth(inputs: readonly Value[], index: number): Value {
  const value = inputs[index];
  if (value === undefined) throw new GraphError('graph-shape', `An operator lacks its input ${index}.`);
  return value;
}

function numberOf(attributes: Attributes, name: string, otherwise?: number): number {
  const value = attributes[name] ?? otherwise;
  if (typeof value !== 'number') throw new GraphError('graph-shape', `Attribute ${name} must be an integer.`);
  return value;
}

function listOf(attributes: Attributes, name: string): readonly number[] {
  const value = attributes[name] ?? [];
  if (!Array.isArray(value)) throw new GraphError('graph-shape', `Attribute ${name} must be a list.`);
  return value;
}

function integersOf(value: Value): readonly number[] {
  if (value.integers === undefined) throw new GraphError('graph-shape', `${value.name} is not an integer constant.`);
  return value.integers;
}

function describe(inputs: readonly Value[]): string {
  return inputs.map((input) => `${input.name}: ${input.dataType} [${input.shape.join(', ')}]`).join('; ');
}

function fail(opType: string, inputs: readonly Value[]): never {
  throw new GraphError('graph-shape', `${opType} cannot take ${describe(inputs)}.`);
}
