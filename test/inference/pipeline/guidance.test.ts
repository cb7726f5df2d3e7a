import { describe, expect, it } from 'vitest';
import { applyGuidance, guidedSteps, linspace } from '../../../src/inference/pipeline/guidance.ts';

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

describe('guided steps', () => {
  const sigmas = Float32Array.of(700, 50, 4, 0.5, 0);
  const steps = 4;

  it.each([
    ['all of them without an interval', undefined, [true, true, true, true]],
    ['those above its lower and not above its upper end', [0.5, 50], [false, true, true, false]],
    ['none in an interval between two steps', [5, 40], [false, false, false, false]],
  ] as const)('are %s', (_, interval, expected) => {
    expect(guidedSteps(Float32Array.of(1, 3), sigmas, { steps, interval })).toEqual(expected);
  });

  it('are none where no frame has a scale above 1', () => {
    expect(guidedSteps(Float32Array.of(1, 0.5), sigmas, { steps })).toEqual([false, false, false, false]);
  });
});
