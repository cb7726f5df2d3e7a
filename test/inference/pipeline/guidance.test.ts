import { describe, expect, it } from 'vitest';
import { applyGuidance, linspace } from '../../../src/inference/pipeline/guidance.ts';

describe('linspace', () => {
  // Printed by `torch.linspace(from, to, count).tolist()`, torch 2.13.
  it.each([
    [1, 3, [1, 1.3333333730697632, 1.6666667461395264, 2, 2.3333332538604736, 2.6666667461395264, 3]],
    [1.5, 2.5, [1.5, 1.75, 2, 2.25, 2.5]],
    [2, 1.2, [2, 1.2000000476837158]],
    [1, 1, [1, 1, 1]],
    [2.5, 9, [2.5]],
  ])('from %d to %d is torch’s', (from, to, expected) => {
    expect([...linspace(from, to, expected.length)]).toEqual(expected);
  });
});

describe('guidance', () => {
  it('goes from the unconditional prediction past the conditional one, by a scale per frame', () => {
    const unconditional = [0, 10, 0, 10];
    const conditional = [1, 20, 1, 20];
    const guided = applyGuidance(Float32Array.from([...unconditional, ...conditional]), Float32Array.of(1, 3));
    expect([...guided]).toEqual([1, 20, 3, 40]);
  });
});
