import { safetensorsError } from './json-cursor.ts';
import { parseHeader } from './parse-header.ts';
import { decodeUtf8 } from './read-safetensors.ts';

// Files of the format that are held in memory: small ones, which Kinora writes and reads itself.

/** A tensor; its values are row-major and as many as the shape says. */
export type TensorValues =
  | { dtype: 'F32'; shape: readonly number[]; values: Float32Array }
  | { dtype: 'U32'; shape: readonly number[]; values: Uint32Array };

/** Everything in a file. */
export interface SafetensorsContent {
  metadata: Readonly<Record<string, string>>;
  tensors: Readonly<Record<string, TensorValues>>;
}

/** The length of the header, as a little-endian u64, stands before it. */
const prefixBytes = 8;

/** The header is filled up with spaces to a multiple of this, so that the data begins where any value may lie. */
const alignment = 8;

/** The bytes of a .safetensors file: the header's length, the header, the tensors in their order. */
export function encodeSafetensors({ metadata, tensors }: SafetensorsContent): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: metadata };
  let dataBytes = 0;
  for (const [name, { dtype, shape, values }] of Object.entries(tensors)) {
    header[name] = { dtype, shape, data_offsets: [dataBytes, dataBytes + values.byteLength] };
    dataBytes += values.byteLength;
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const headerBytes = Math.ceil(text.length / alignment) * alignment;
  const bytes = new Uint8Array(prefixBytes + headerBytes + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerBytes), true);
  bytes.fill(0x20, prefixBytes, prefixBytes + headerBytes).set(text, prefixBytes);
  let at = prefixBytes + headerBytes;
  for (const { values } of Object.values(tensors)) {
    // The format and every platform that Kinora runs on are little-endian.
    bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), at);
    at += values.byteLength;
  }
  return bytes;
}

/**
 * Reads back what {@link encodeSafetensors} wrote; the values are copies.
 * @param name what the bytes are, for errors
 * @throws SafetensorsError the bytes are no such file, or hold a tensor of another dtype
 */
export function decodeSafetensors(bytes: Uint8Array, name: string): SafetensorsContent {
  const place = { path: name };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < prefixBytes) throw safetensorsError('truncated', place, `there are only ${bytes.length} bytes.`);
  const dataStart = prefixBytes + Number(view.getBigUint64(0, true));
  if (!(dataStart <= bytes.length)) throw safetensorsError('truncated', place, 'the header goes past the end.');
  const text = decodeUtf8(bytes.subarray(prefixBytes, dataStart), name);
  const header = parseHeader(text, name, bytes.length - dataStart);
  const tensors: Record<string, TensorValues> = {};
  for (const { name: tensor, dtype, shape, begin, end } of header.tensors) {
    // A Buffer's own slice would share what the values are to have for themselves.
    const { buffer } = new Uint8Array(bytes.subarray(dataStart + begin, dataStart + end));
    if (dtype === 'F32') tensors[tensor] = { dtype, shape, values: new Float32Array(buffer) };
    else if (dtype === 'U32') tensors[tensor] = { dtype, shape, values: new Uint32Array(buffer) };
    else throw safetensorsError('bad-dtype', { path: name, tensor }, `${dtype} is not expected here.`);
  }
  return { metadata: Object.fromEntries(header.metadata), tensors };
}
