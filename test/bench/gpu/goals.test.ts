import { describe, expect, it } from 'vitest';
import { judge } from '../../../bench/gpu/goals.ts';
import { areWhole, compareFrames, lookAtFrames } from '../../../bench/gpu/look-at-frames.ts';
import type { Results } from '../../../bench/gpu/results.ts';
import { fullSizes } from '../../../bench/gpu/sizes.ts';

/** Results as a run on a card would have kept them. */
function resultsOf(measures: Record<string, Record<string, unknown>>): Results {
  return {
    read: (section) => ({ measures: measures[section] ?? {}, failures: {}, isWhole: true }),
    measure: async () => undefined,
    finish() {},
    forget() {},
  };
}

const whole = { count: 25, mean: 120, leastStd: 40, black: 0, motion: 3 };

function clips(seconds: readonly number[], { frames = whole, cardBytes = 14e9 } = {}) {
  return { clips: seconds.map((one) => ({ seconds: one, firstStepSeconds: one / 2, frames })), cardBytes, log: [] };
}

function card(name: string) {
  return { machine: { machine: { cards: [{ name }] } } };
}

function calls(...seconds: number[]) {
  return { answer: { seconds } };
}

const good = {
  ...card('NVIDIA H200'),
  clip: { 'model-offload': clips([30, 14.5]), resident: clips([31, 12]), split: clips([40]) },
  step: { 'channels-last, batched': calls(0.4, 0.5, 0.45) },
  decode: { 'channels-last, 8': calls(0.2) },
  diffusers: { diffusers: { calls: { step: { seconds: [0.5] }, decode: { seconds: [0.3] } } } },
  networks: { 'unet-1, channels-last': { difference: { maxOverStd: 0.02 } } },
};

function verdicts(measures: Record<string, Record<string, unknown>>, isRehearsal = false): string[] {
  return judge(resultsOf(measures), { clip: fullSizes.clip, isRehearsal }).map(({ verdict }) => verdict);
}

describe('the goals on a card', () => {
  it('are met by a clip of 12 s, a first step after 15 s, 14 GB, and a step quicker than diffusers', () => {
    expect(verdicts(good)).toEqual(Array(7).fill('met'));
  });

  it('are missed one by one', () => {
    const late = { clip: { 'model-offload': clips([50, 16]), resident: clips([31, 15.1]), split: clips([40]) } };
    expect(verdicts({ ...good, ...late }).slice(0, 3)).toEqual(['MISSED', 'MISSED', 'met']);
    const large = { clip: { ...good.clip, split: clips([40], { cardBytes: 17e9 }) } };
    expect(verdicts({ ...good, ...large })[2]).toBe('MISSED');
    const slow = { step: { 'channels-last, batched': calls(0.51) } };
    expect(verdicts({ ...good, ...slow })[3]).toBe('MISSED');
    const off = { networks: { 'unet-1, plain': { difference: { maxOverStd: Number.NaN } } } };
    expect(verdicts({ ...good, ...off })[5]).toBe('MISSED');
    const black = { clip: { ...good.clip, split: clips([40], { frames: { ...whole, black: 1 } }) } };
    expect(verdicts({ ...good, ...black })[6]).toBe('MISSED');
  });

  it('are not judged where the seconds are of a smaller card, or of a rehearsal, and not met where nothing was measured', () => {
    expect(verdicts({ ...good, ...card('NVIDIA GeForce RTX 4090') })[0]).toBe('not judged');
    expect(verdicts(good, true)).toEqual(Array(7).fill('not judged'));
    expect(verdicts({})).toEqual(Array(7).fill('not measured'));
    const alone = { diffusers: { diffusers: { notCompared: 'no torch', calls: {} } } };
    expect(verdicts({ ...good, ...alone }).slice(3, 5)).toEqual(['not measured', 'not measured']);
  });
});

describe('lookAtFrames', () => {
  const gradient = Uint8Array.from({ length: 30 }, (_, at) => at * 8);

  it('finds frames that are black or of one colour among whole ones', () => {
    expect(areWhole(lookAtFrames([gradient, gradient]))).toBe(true);
    expect(areWhole(lookAtFrames([gradient, new Uint8Array(30)]))).toBe(false);
    expect(areWhole(lookAtFrames([gradient, new Uint8Array(30).fill(128)]))).toBe(false);
    expect(areWhole(lookAtFrames([]))).toBe(false);
  });

  it('tells how far frames are from one another', () => {
    const lighter = gradient.map((value) => value + 2);
    expect(lookAtFrames([gradient, lighter]).motion).toBe(2);
    expect(compareFrames([gradient], [lighter.with(0, 50)])).toEqual({ mean: (58 + 50) / 30, most: 50 });
    expect(() => compareFrames([gradient], [])).toThrow('1 frames beside 0');
  });
});
