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

function encodeVarint(value: number): number[] {
  if (!Number.isSafeInteger(value)) throw new GraphError('onnx-integer', `${value} is no integer within ±2^53.`);
  if (value < 0) return encodeNegative(value);
  const out: number[] = [];
  // Division, not shifts: those are of 32 bits, and offsets into weight files need more.
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) out.push((rest % 0x80) | 0x80);
  out.push(rest);
  return out;
}

/** Ten bytes of two's complement, as protobuf's int64 asks. */
function encodeNegative(value: number): number[] {
  const bits = BigInt.asUintN(64, BigInt(value));
  return Array.from({ length: 10 }, (_, i) => Number((bits >> BigInt(7 * i)) & 0x7fn) | (i < 9 ? 0x80 : 0));
}

/** Makes an empty protobuf message (https://protobuf.dev/programming-guides/encoding/). */
export function createMessageWriter(): MessageWriter {
  // Small parts are plain arrays: a large model has hundreds of thousands, and typed ones are slow to make.
  const parts: (Uint8Array | number[])[] = [];
  const tag = (field: number, wire: number) => parts.push(encodeVarint(field * 8 + wire));
  const encoder = new TextEncoder();

  const writer: MessageWriter = {
    int(field, value) {
      tag(field, wireVarint);
      parts.push(encodeVarint(value));
    },
    float(field, value) {
      tag(field, wire32Bit);
      const out = new Uint8Array(4);
      new DataView(out.buffer).setFloat32(0, value, true);
      parts.push(out);
    },
    string(field, value) {
      writer.bytes(field, encoder.encode(value));
    },
    bytes(field, value) {
      tag(field, wireLength);
      parts.push(encodeVarint(value.length), value);
    },
    message(field, write) {
      const nested = createMessageWriter();
      write(nested);
      writer.bytes(field, nested.finish());
    },
    finish() {
      const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
      let at = 0;
      for (const part of parts) {
        out.set(part, at);
        at += part.length;
      }
      return out;
    },
  };
  return writer;
}
