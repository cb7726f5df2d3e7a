import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type FiniteCount, findNonFinite } from '../../../src/inference/safetensors/find-non-finite.ts';
import { readSafetensors } from '../../../src/inference/safetensors/read-safetensors.ts';
import { type CheckpointTensor, writeCheckpoint } from '../../support/checkpoint.ts';
import { tempFolder } from '../../support/temp-folder.ts';

async function countsOf(tensors: Record<string, CheckpointTensor>, everything: boolean) {
  const path = join(tempFolder(), 'weights.safetensors');
  writeCheckpoint(path, tensors);
  const counts: Record<string, FiniteCount> = {};
  const entries = [...(await readSafetensors(path)).tensors.values()];
  const onTensor = ({ name }: { name: string }, count: FiniteCount) => {
    counts[name] = count;
  };
  await findNonFinite(path, entries, { everything, onTensor });
  return counts;
}

/** `count` zeros of a kind, with values put in by place. */
function half(dtype: 'F16' | 'BF16', count: number, values: Record<number, number>): CheckpointTensor {
  const bits = new Uint16Array(count);
  for (const [at, value] of Object.entries(values)) bits[Number(at)] = value;
  return { dtype, shape: [count], values: bits };
}

describe('findNonFinite', () => {
  it('knows NaN and both infinities from the largest finite values, in every float type', async () => {
    const floats = Float32Array.of(0, 3.4e38, -3.4e38, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY);
    const counts = await countsOf(
      {
        f32: { dtype: 'F32', shape: [6], values: floats },
        f16: half('F16', 6, { 0: 0x7bff, 1: 0xfbff, 2: 0x7c00, 3: 0xfc00, 4: 0x7e00, 5: 0x7c01 }),
        bf16: half('BF16', 4, { 0: 0x7f7f, 1: 0xff7f, 2: 0x7f80, 3: 0xffc0 }),
        // E4M3 has no infinity: 0x7e is 448. E5M2 is as IEEE has it: 0x7b is finite.
        e4m3: { dtype: 'F8_E4M3', shape: [4], values: Uint8Array.of(0x7e, 0xfe, 0x7f, 0xff) },
        e5m2: { dtype: 'F8_E5M2', shape: [4], values: Uint8Array.of(0x7b, 0x7c, 0xfc, 0x7e) },
        ids: { dtype: 'I64', shape: [1], values: BigInt64Array.of(-1n) },
      },
      true,
    );
    expect(counts).toEqual({
      f32: { values: 6, nonFinite: 3 },
      f16: { values: 6, nonFinite: 4 },
      bf16: { values: 4, nonFinite: 2 },
      e4m3: { values: 4, nonFinite: 2 },
      e5m2: { values: 4, nonFinite: 3 },
      ids: { values: 0, nonFinite: 0 },
    });
  });

  it('keeps tensors apart that lie together in the file, aligned or not', async () => {
    const weights: Record<string, CheckpointTensor> = {};
    for (let at = 0; at < 300; at++) {
      // One byte more each time: every other tensor of 16 bits begins at an odd place.
      weights[`byte ${at}`] = { dtype: 'F8_E4M3', shape: [1], values: Uint8Array.of(at % 7 === 0 ? 0x7f : 0x7e) };
      weights[`half ${at}`] = half('F16', 3 * at + 1, at % 5 === 0 ? { [3 * at]: 0x7e00 } : {});
    }
    for (const everything of [false, true]) {
      const counts = await countsOf(weights, everything);
      for (let at = 0; at < 300; at++) {
        expect(counts[`byte ${at}`]).toEqual({ values: 1, nonFinite: at % 7 === 0 ? 1 : 0 });
        expect(counts[`half ${at}`]).toEqual({ values: 3 * at + 1, nonFinite: at % 5 === 0 ? 1 : 0 });
      }
    }
  });

  it('samples a large tensor from its first value to its last', async () => {
    const count = 1_000_003;
    for (const at of [0, 5, count - 1]) {
      const { weight } = await countsOf({ weight: half('F16', count, { [at]: 0x7e00 }) }, false);
      expect(weight, String(at)).toEqual({ values: 8_192, nonFinite: 1 });
    }
  });

  it('reads everything where asked', async () => {
    const count = 1_000_003;
    const weights = { weight: half('F16', count, { 300001: 0x7e00, 700000: 0x7e00 }) };
    expect(await countsOf(weights, false)).toEqual({ weight: { values: 8_192, nonFinite: 0 } });
    expect(await countsOf(weights, true)).toEqual({ weight: { values: count, nonFinite: 2 } });
  });
});
