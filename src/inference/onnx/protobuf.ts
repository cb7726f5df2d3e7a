import { GraphError } from '../../errors.ts';

/** Grows a protobuf message. Only the wire types that ONNX uses: varint, 32-bit float and length-delimited. */
export interface MessageWriter {
  /**
   * `int32`, `int64`, `enum`: integers within ±2^53, zero included.
   * @throws GraphError another number
   */
  int(field: number, value: number): void;
  float(field: number, value: number): void;
  string(field: number, value: string): void;
  bytes(field: number, value: Uint8Array): void;
  /** A nested message, written by `write`. */
  message(field: number, write: (nested: MessageWriter) => void): void;
  finish(): Uint8Array;
}

const wireVarint = 0;
const wireLength = 2;
const wire32Bit = 5;

/** The longest varint: a negative int64. */
const maxVarintBytes = 10;

/** Makes an empty protobuf message (https://protobuf.dev/programming-guides/encoding/). */
export function createMessageWriter(): MessageWriter {
  // All nesting levels write into one buffer: a large model has hundreds of thousands of small parts.
  let buffer = Buffer.alloc(4096);
  let end = 0;
  const prefix = Buffer.alloc(maxVarintBytes);

  function reserve(sizeBytes: number): void {
    if (end + sizeBytes <= buffer.length) return;
    const larger = Buffer.alloc(Math.max(buffer.length * 2, end + sizeBytes));
    buffer.copy(larger, 0, 0, end);
    buffer = larger;
  }

  function varint(value: number): void {
    reserve(maxVarintBytes);
    end = writeVarint(buffer, end, value);
  }

  const tag = (field: number, wire: number) => varint(field * 8 + wire);

  const writer: MessageWriter = {
    int(field, value) {
      tag(field, wireVarint);
      varint(value);
    },
    float(field, value) {
      tag(field, wire32Bit);
      reserve(4);
      end = buffer.writeFloatLE(value, end);
    },
    string(field, value) {
      tag(field, wireLength);
      const sizeBytes = Buffer.byteLength(value);
      varint(sizeBytes);
      reserve(sizeBytes);
      end += buffer.write(value, end);
    },
    bytes(field, value) {
      tag(field, wireLength);
      varint(value.length);
      reserve(value.length);
      buffer.set(value, end);
      end += value.length;
    },
    message(field, write) {
      tag(field, wireLength);
      const start = end;
      write(writer);
      // The length is known only now: what was written makes room for it.
      const sizeBytes = end - start;
      reserve(maxVarintBytes);
      const prefixBytes = writeVarint(prefix, 0, sizeBytes);
      buffer.copyWithin(start + prefixBytes, start, end);
      prefix.copy(buffer, start, 0, prefixBytes);
      end += prefixBytes;
    },
    finish: () => buffer.subarray(0, end),
  };
  return writer;
}

/** @returns where the next byte goes */
function writeVarint(into: Buffer, at: number, value: number): number {
  if (!Number.isSafeInteger(value)) throw new GraphError('onnx-integer', `${value} is no integer within ±2^53.`);
  let next = at;
  if (value < 0) {
    // Ten bytes of two's complement, as protobuf's int64 asks.
    const bits = BigInt.asUintN(64, BigInt(value));
    for (; next < at + 9; next++) into[next] = Number((bits >> BigInt(7 * (next - at))) & 0x7fn) | 0x80;
    into[next] = Number(bits >> 63n);
    return next + 1;
  }
  // Division, not shifts: those are of 32 bits, and offsets into weight files need more.
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) into[next++] = (rest % 0x80) | 0x80;
  into[next] = rest;
  return next + 1;
}
