import { GraphError } from '../../errors.ts';
import type { DataType } from '../onnx/types.ts';
import type { Dtype } from '../safetensors/format.ts';
import type { Weights } from '../safetensors/open-weights.ts';
import { elementCount, type Value } from './value.ts';

/** How a parameter is seen by the graph where that differs from how the checkpoint keeps it; the bytes stay the same. */
export interface ParameterOptions {
  /** Another shape with as many elements, e.g. a Conv3d kernel [o, i, 3, 1, 1] as [o, i, 3, 1]. */
  as?: readonly number[];
  /** Rows from…to (exclusive) of the first axis; the initializer is then named `key[from:to]`. */
  rows?: readonly [from: number, to: number];
  /**
   * The caller can also work with the transpose of the matrix, where the checkpoint has that: the value then says so. Left
   * out: such a matrix is transposed when the session is made, which copies it.
   */
  mayBeTransposed?: boolean;
  /** What the graph sees it in; left out: the target's precision. */
  precision?: 'float32';
}

/** A constant of the graph: bytes of its own, or a range of a checkpoint file. */
export interface GraphInitializer {
  name: string;
  dataType: DataType;
  shape: readonly number[];
  data: { kind: 'raw'; bytes: Uint8Array } | { kind: 'file'; file: string; offset: number; sizeBytes: number };
}

/** Collects what a graph takes from its checkpoint, and the constants it brings itself. */
export interface ParameterTable {
  readonly expected: Map<string, readonly number[]>;
  expect(key: string, shape: readonly number[]): void;
  parameter(key: string, shape: readonly number[], options: ParameterOptions): Value;
  constant(values: Float32Array, shape: readonly number[]): Value;
  /** A matrix that no checkpoint has, under a name of its own. */
  matrix(name: string, dtype: Dtype, bytes: Uint8Array, shape: readonly [number, number]): Value;
  integers(values: readonly number[]): Value;
  initializers(): GraphInitializer[];
}

/** How ONNX calls the dtypes that weights may have. */
export const weightDataTypes: Readonly<Partial<Record<Dtype, DataType>>> = {
  F32: 'float32',
  F16: 'float16',
  BF16: 'bfloat16',
  F8_E4M3: 'float8e4m3fn',
  F8_E5M2: 'float8e5m2',
};

/** @param weights the checkpoint's tensors by key */
export function createParameterTable(weights: Weights): ParameterTable {
  const expected = new Map<string, readonly number[]>();
  const initializers = new Map<string, GraphInitializer>();
  const constants = new Map<string, Value>();

  /** @param identity what tells the constant from all others */
  function addRaw(
    identity: string,
    dataType: 'float32' | 'int64',
    { shape, bytes }: { shape: readonly number[]; bytes: () => Uint8Array },
  ): Value {
    const known = constants.get(identity);
    if (known !== undefined) return known;
    const kind = dataType === 'int64' ? 'integers' : 'constant';
    const name = `${kind}_${constants.size}`;
    initializers.set(name, { name, dataType, shape, data: { kind: 'raw', bytes: bytes() } });
    const value: Value = { name, dataType, shape };
    constants.set(identity, value);
    return value;
  }

  return {
    expected,
    expect(key, shape) {
      const known = expected.get(key);
      if (known !== undefined && known.join() !== shape.join()) {
        throw new GraphError('graph-parameter', `${key} is asked for as [${known}] and as [${shape}].`);
      }
      expected.set(key, shape);
    },
    parameter(key, shape, { as, rows }) {
      this.expect(key, shape);
      const stored = weights.get(key)?.transposed === true;
      if (stored && (as !== undefined || rows !== undefined || shape.length !== 2)) {
        throw new GraphError('graph-parameter', `${key} lies transposed and cannot be seen in parts.`);
      }
      const [from, to] = rows ?? [0, shape[0] ?? 1];
      const seen = as ?? (rows === undefined ? shape : shape.with(0, to - from));
      const rowCount = shape[0] ?? 1;
      const elements = (elementCount(shape) / rowCount) * (to - from);
      if (elementCount(seen) !== elements) {
        throw new GraphError('graph-parameter', `${key} [${shape}] cannot be seen as [${seen}].`);
      }
      const entry = weights.get(key);
      const name = rows === undefined ? key : `${key}[${from}:${to}]`;
      const laid = stored ? shape.toReversed() : seen;
      const dataType = entry === undefined ? 'float32' : (weightDataTypes[entry.dtype] ?? 'float32');
      // A missing or mis-shaped tensor is reported by checkWeights, with all others.
      if (entry !== undefined && !initializers.has(name)) {
        const rowBytes = entry.sizeBytes / rowCount;
        const offset = entry.offset + from * rowBytes;
        const sizeBytes = (to - from) * rowBytes;
        const data =
          entry.bytes === undefined
            ? ({ kind: 'file', file: entry.file, offset, sizeBytes } as const)
            : ({ kind: 'raw', bytes: entry.bytes.subarray(from * rowBytes, to * rowBytes) } as const);
        initializers.set(name, { name, dataType, shape: laid, data });
      }
      return { name, dataType, shape: laid, ...(stored && { transposed: true }) };
    },
    constant(values, shape) {
      const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
      return addRaw(`float32[${shape.join()}]${bytes.toString('latin1')}`, 'float32', { shape, bytes: () => bytes });
    },
    matrix(name, dtype, bytes, shape) {
      const dataType = weightDataTypes[dtype] ?? 'float32';
      initializers.set(name, { name, dataType, shape, data: { kind: 'raw', bytes } });
      return { name, dataType, shape };
    },
    integers(values) {
      const bytes = () => new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
      return { ...addRaw(`int64 ${values.join()}`, 'int64', { shape: [values.length], bytes }), integers: values };
    },
    initializers: () => [...initializers.values()],
  };
}
