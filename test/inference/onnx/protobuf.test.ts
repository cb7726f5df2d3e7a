import { describe, expect, it } from 'vitest';
import { GraphError } from '../../../src/errors.ts';
import { createMessageWriter, type MessageWriter } from '../../../src/inference/onnx/protobuf.ts';

/** What was written, in hexadecimal. */
function written(write: (out: MessageWriter) => void): string {
  const out = createMessageWriter();
  write(out);
  return Buffer.from(out.finish()).toString('hex');
}

describe('a protobuf message', () => {
  // 150 and -1 are the examples of protobuf's own documentation; the rest follow from its rule.
  it.each([
    [0, '00'],
    [1, '01'],
    [127, '7f'],
    [128, '8001'],
    [150, '9601'],
    [16_384, '808001'],
    [2 ** 31, '8080808008'],
    [2 ** 32 + 3, '8380808010'],
    [Number.MAX_SAFE_INTEGER, 'ffffffffffffff0f'],
    [-1, 'ffffffffffffffffff01'],
    [-2, 'feffffffffffffffff01'],
    [Number.MIN_SAFE_INTEGER, '81808080808080f0ff01'],
  ])('holds the integer %d', (value, hex) => {
    expect(written((out) => out.int(1, value))).toBe(`08${hex}`);
  });

  it.each([0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])('refuses %d as an integer', (value) => {
    expect(() => written((out) => out.int(1, value))).toThrow(GraphError);
  });

  it('counts fields above 15 with two bytes', () => {
    expect(written((out) => out.int(20, 7))).toBe('a00107');
  });

  it('holds floats as 32 bits, little end first', () => {
    expect(written((out) => out.float(2, 1.5))).toBe('150000c03f');
    expect(written((out) => out.float(2, -0))).toBe('1500000080');
  });

  it('holds text as UTF-8 and counts its bytes', () => {
    expect(written((out) => out.string(2, 'testing'))).toBe('120774657374696e67');
    expect(written((out) => out.string(2, 'é'))).toBe('1202c3a9');
    expect(written((out) => out.string(2, ''))).toBe('1200');
  });

  it('holds messages within messages, their lengths before them', () => {
    const nested = written((out) => {
      out.message(3, (inner) => {
        inner.int(1, 150);
        inner.message(4, () => {});
      });
      out.int(1, 1);
    });
    expect(nested).toBe('1a05089601' + '2200' + '0801');
  });

  it('holds bytes longer than one length byte can say', () => {
    const bytes = new Uint8Array(300).fill(7);
    expect(written((out) => out.bytes(9, bytes))).toBe(`4aac02${'07'.repeat(300)}`);
  });

  it('is empty where nothing was written', () => {
    expect(written(() => {})).toBe('');
  });
});
