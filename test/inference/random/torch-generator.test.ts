import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { torchGenerator } from '../../../src/inference/random/torch-generator.ts';
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

  it.each([-1, 2 ** 32, 0.5, Number.NaN])('refuses the seed %s', (seed) => {
    expect(() => torchGenerator(seed)).toThrow(/from 0 to 4294967295/);
  });
});
