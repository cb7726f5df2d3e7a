import { expect, it } from 'vitest';
import { InferenceError } from '../../../src/errors.ts';
import { stageClock } from '../../../src/inference/pipeline/stages.ts';

it('times stages and the steps within them', () => {
  let nowMs = 1000;
  const clock = stageClock(() => nowMs);
  expect(clock.begin('prepare', 1)).toEqual({ stage: 'prepare', step: 0, steps: 1, secondsPerStep: undefined });
  nowMs += 500;
  expect(clock.begin('denoise', 2)).toEqual({ stage: 'denoise', step: 0, steps: 2, secondsPerStep: undefined });
  nowMs += 3000;
  expect(clock.stepDone()).toEqual({ stage: 'denoise', step: 1, steps: 2, secondsPerStep: 3 });
  nowMs += 1000;
  expect(clock.stepDone()).toEqual({ stage: 'denoise', step: 2, steps: 2, secondsPerStep: 2 });
  nowMs += 250;
  expect(clock.finish()).toEqual({ prepare: 0.5, 'encode-image': 0, denoise: 4.25, decode: 0 });
});

it('counts no step before a stage has begun', () => {
  expect(() => stageClock(() => 0).stepDone()).toThrow(InferenceError);
});
