import { safetensorsError } from './json-cursor.ts';
import { openRegularFile, readFully, type TensorEntry } from './read-safetensors.ts';

/**
 * Reads one tensor's values as float32, for tests and small host-side uses; networks read their weights by offset.
 * @returns the values in row-major order; their count is the product of `entry.shape`
 * @throws SafetensorsError the dtype is not F32, F16, BF16 or fp8, or the file has shrunk
 */
export async function readTensor(entry: TensorEntry): Promise<Float32Array> {
  const values = decode(entry, await readBytes(entry));
  const [rows, columns] = entry.shape;
  if (entry.transposed !== true || rows === undefined || columns === undefined) return values;
  return values.map((_, at) => values[(at % columns) * rows + Math.floor(at / columns)]!);
}

async function readBytes({
  file: path,
  offset,
  sizeBytes,
  bytes: held,
}: TensorEntry): Promise<Uint8Array<ArrayBuffer>> {
  if (held !== undefined) return Uint8Array.from(held);
  const bytes = new Uint8Array(sizeBytes);
  const { handle } = await openRegularFile(path);
  try {
    await readFully(handle, path, bytes, offset);
  } finally {
    await handle.close();
  }
  return bytes;
}

function decode({ file: path, name: tensor, dtype }: TensorEntry, bytes: Uint8Array<ArrayBuffer>): Float32Array {
  // Typed arrays read in the machine's order; every platform Node runs Kinora on is little-endian, as the format is.
  if (dtype === 'F32') return new Float32Array(bytes.buffer);
  if (dtype === 'F16') return Float32Array.from(new Uint16Array(bytes.buffer), halfToFloat);
  if (dtype === 'F8_E4M3') return Float32Array.from(bytes, float8e4m3ToFloat);
  // The upper half of a half: 1 sign, 5 exponent and 2 fraction bits.
  if (dtype === 'F8_E5M2') return Float32Array.from(bytes, (bits) => halfToFloat(bits << 8));
  if (dtype === 'BF16') return bfloatToFloat(new Uint16Array(bytes.buffer));
  throw safetensorsError('bad-dtype', { path, tensor }, `${dtype} values cannot be read as float32.`);
}

/** IEEE half precision: 1 sign, 5 exponent (bias 15), 10 fraction bits. */
function halfToFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** 1 sign, 4 exponent (bias 7), 3 fraction bits; no infinity, and one NaN of each sign (OCP 8-bit floating point). */
function float8e4m3ToFloat(bits: number): number {
  const sign = bits & 0x80 ? -1 : 1;
  const exponent = (bits >> 3) & 0xf;
  const fraction = bits & 0x7;
  if (exponent === 0) return sign * fraction * 2 ** -9;
  if ((bits & 0x7f) === 0x7f) return Number.NaN;
  return sign * (8 + fraction) * 2 ** (exponent - 10);
}

/** bfloat16 is the upper half of a float32. */
function bfloatToFloat(halves: Uint16Array): Float32Array {
  return new Float32Array(Uint32Array.from(halves, (half) => half << 16).buffer);
}
