import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { resumeTorchGenerator, torchGenerator } from '../../../src/inference/random/torch-generator.ts';
import golden from '../../golden/random.json' with { type: 'json' };

const runs = golden.runs.map((run) => ({ ...run, name: `seed ${run.seed}, sizes ${run.sizes.join(', ')}` }));

describe('torchGenerator', () => {
  it.each(runs)('draws what torch draws: $name', ({ seed, sizes, values }) => {
    const generator = torchGenerator(seed);
    for (const [call, size] of sizes.entries()) {
      // Blocks are the same bits; the C library's log1p, sin and cos may end in another bit of a double below 16 values.
      const drawn = [...generator.randn(size)];
      const wanted = values[call]!;
      const difference = Math.max(...wanted.map((value, index) => Math.abs(value - drawn[index]!)));
      expect(drawn).toHaveLength(size);
      expect(difference).toBeLessThanOrEqual(size < 16 ? 1e-7 : 0);
    }
  });

  it.each(golden.large)('gives every bit of $size values for seed $seed', ({ seed, size, sha256 }) => {
    const bytes = new Uint8Array(torchGenerator(seed).randn(size).buffer);
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(sha256);
  });

  it('draws nothing for no values', () => {
    const generator = torchGenerator(7);
    expect(generator.randn(0)).toHaveLength(0);
    expect(generator.randn(16)).toEqual(torchGenerator(7).randn(16));
  });

  it.each([
    ['before anything was drawn', []],
    ['in the middle of a block of words', [1000]],
    ['after a tail that fills no block', [21]],
    ['with the second value of a pair kept', [3]],
    ['with one kept, and words drawn since', [5, 64]],
    ['at the end of the words', [624]],
  ])('goes on from a state %s as if nothing had been', (_, sizes) => {
    const generator = torchGenerator(11);
    for (const size of sizes) generator.randn(size);
    const state = generator.state();
    const resumed = resumeTorchGenerator(state);
    for (const size of [1, 700, 2, 33, 1]) expect(resumed.randn(size)).toEqual(generator.randn(size));
    // The state is a copy, whoever goes on.
    expect(resumeTorchGenerator(state).randn(1)).toEqual(resumeTorchGenerator(structuredClone(state)).randn(1));
  });

  it.each([
    { words: new Uint32Array(623), position: 0 },
    { words: new Uint32Array(624), position: 625 },
    { words: new Uint32Array(624), position: 0.5 },
  ])('refuses what is no state', (state) => {
    expect(() => resumeTorchGenerator({ ...state, keptNormal: undefined })).toThrow(/no state/);
  });

  it.each([-1, 2 ** 32, 0.5, Number.NaN])('refuses the seed %s', (seed) => {
    expect(() => torchGenerator(seed)).toThrow(/from 0 to 4294967295/);
  });
});
