import { describe, expect, it } from 'vitest';
import { animate } from '../../src/commands/animate.ts';
import { readAnimateOptions } from '../../src/commands/animate-options.ts';
import { tinyModel } from '../support/jobs.ts';

const typed = (values: Record<string, number>) => ({ getInteger: (name: string) => values[name] ?? null }) as never;

describe('readAnimateOptions', () => {
  it('passes on what was typed and leaves the rest to the model', () => {
    const settings = readAnimateOptions(typed({ motion: 30, seed: 0, steps: 60, fps: 12 }), tinyModel);
    expect(settings).toEqual({ motionBucketId: 30, seed: 0, numInferenceSteps: 60, fps: 12 });
  });

  it('draws a seed where none was typed', () => {
    const seeds = Array.from({ length: 20 }, () => readAnimateOptions(typed({}), tinyModel).seed!);
    for (const seed of seeds) expect(seed).toSatisfy((value: number) => Number.isInteger(value) && value < 2 ** 32);
    expect(new Set(seeds).size).toBeGreaterThan(15);
  });

  it.each([
    ['motion', 0],
    ['motion', 256],
    ['seed', -1],
    ['seed', 2 ** 32],
    ['steps', 61],
    ['fps', 0],
    ['fps', 31],
    ['fps', 7.5],
  ])('refuses %s %d by name', (option, value) => {
    expect(() => readAnimateOptions(typed({ [option]: value }), tinyModel)).toThrow(
      expect.objectContaining({ code: 'option-range', details: expect.objectContaining({ option }) }),
    );
  });
});

describe('animate.declare', () => {
  it('says the same ranges to Discord, in every language', () => {
    const { options } = animate.declare(tinyModel);
    const ranges = options?.slice(1).map((option) => {
      const { name, min_value, max_value } = option as { name: string; min_value?: number; max_value?: number };
      return [name, min_value, max_value];
    });
    expect(ranges).toEqual([
      ['motion', 1, 255],
      ['seed', 0, 4_294_967_295],
      ['steps', 1, 60],
      ['fps', 1, 30],
    ]);
    for (const option of options ?? []) {
      expect(option.description_localizations).toMatchObject({
        'es-ES': expect.any(String),
        'es-419': expect.any(String),
      });
    }
  });
});
