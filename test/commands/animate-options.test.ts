import { describe, expect, it } from 'vitest';
import { animateOptionNames } from '../../src/bot/languages/clip-messages.ts';
import { animate } from '../../src/commands/animate.ts';
import { readAnimateOptions, settingsFrom } from '../../src/commands/animate-options.ts';
import { imageToVideo } from '../../src/settings/image-to-video.ts';
import { tinyModel } from '../support/jobs.ts';

const typed = (values: Record<string, number | string | boolean>) => {
  const read = (name: string) => values[name] ?? null;
  return { getInteger: read, getString: read, getBoolean: read } as never;
};
const recipes = { draft: { width: 32, height: 32, numInferenceSteps: 1 }, notebook: { width: 48, height: 48 } };
const styles = [{ name: 'ink', hash: '0123456789abcdef' }];
const model = { ...tinyModel, presets: recipes, styles };

describe('readAnimateOptions', () => {
  it('passes on what was typed and leaves the rest to the model', () => {
    const { settings } = readAnimateOptions(typed({ motion: 30, seed: 0, steps: 60, fps: 12, length: 3 }), tinyModel);
    expect(settings).toEqual({ motionBucketId: 30, seed: 0, numInferenceSteps: 60, fps: 12, numFrames: 3 });
  });

  it("gives a clip the picture's own shape and no loop, in the format that goes with the loop, where nothing else is chosen", () => {
    const { fit, form } = readAnimateOptions(typed({}), tinyModel);
    expect(fit).toBe('crop');
    expect(form).toEqual({ shape: 'auto', format: 'auto', loop: 'none', smooth: false });
    expect(readAnimateOptions(typed({}), tinyModel, { format: 'gif' }).form?.format).toBe('gif');
    const looping = readAnimateOptions(typed({}), { ...tinyModel, loop: 'ping-pong' });
    expect(looping.form?.loop).toBe('ping-pong');
    const chosen = { shape: 'square', fit: 'pad', loop: 'crossfade', smooth: true, format: 'webp' };
    const { fit: chosenFit, form: chosenForm } = readAnimateOptions(typed(chosen), tinyModel);
    expect({ ...chosenForm, fit: chosenFit }).toEqual(chosen);
  });

  it('lets what was typed go before a preset, and the preset before the model', () => {
    expect(readAnimateOptions(typed({ preset: 'draft', steps: 9, seed: 1 }), model).settings).toEqual({
      width: 32,
      height: 32,
      seed: 1,
      numInferenceSteps: 9,
    });
    // The notebook's size is part of what it is.
    expect(readAnimateOptions(typed({}), model, { preset: 'notebook' }).form).not.toHaveProperty('shape');
    expect(readAnimateOptions(typed({ shape: 'auto' }), model, { preset: 'notebook' }).form).toMatchObject({
      shape: 'auto',
    });
    expect(() => readAnimateOptions(typed({ preset: 'gone' }), model)).toThrow(
      expect.objectContaining({ code: 'preset-unknown' }),
    );
  });

  it('keeps a style with its hash, and knows none that the operator does not have', () => {
    const withStyles = { ...tinyModel, styles };
    for (const style of ['ink', 'ink@0123456789abcdef']) {
      const { form } = readAnimateOptions(typed({ style }), withStyles);
      expect(form).toMatchObject({ style: 'ink@0123456789abcdef' });
    }
    expect(readAnimateOptions(typed({}), withStyles).form).not.toHaveProperty('style');
    for (const style of ['oil', 'ink@fedcba9876543210', 'not a name!']) {
      expect(() => readAnimateOptions(typed({ style }), withStyles)).toThrow(
        expect.objectContaining({ code: 'style-unknown' }),
      );
    }
    expect(() => readAnimateOptions(typed({ style: 'ink' }), tinyModel)).toThrow(
      expect.objectContaining({ code: 'style-unknown', details: { name: 'ink', known: '' } }),
    );
  });

  it('proposes styles while somebody types, as many as Discord shows, and has no such option where there are none', async () => {
    const styles = Array.from({ length: 40 }, (_, at) => ({ name: `style-${at}`, hash: '0123456789abcdef' }));
    const withStyles = { ...tinyModel, styles };
    const proposed = async (value: string, workers: readonly object[] = []) => {
      let answer: { name: string; value: string | number }[] = [];
      const interaction = {
        locale: 'en-GB',
        options: { getFocused: () => ({ name: 'style', value }) },
        respond: async (choices: typeof answer) => {
          answer = choices;
        },
      };
      await animate.autocomplete(
        interaction as never,
        { model: withStyles, jobs: { workers: () => workers } } as never,
      );
      return answer;
    };
    expect(await proposed('')).toHaveLength(25);
    expect(await proposed('STYLE-39')).toEqual([{ name: 'style-39', value: 'style-39' }]);
    // Those that somebody can draw who is there: not a network of that name that is another one, nor what is unfit or encodes.
    const workers = [
      { lane: 'render', styles: ['style-3@0123456789abcdef', 'style-4@ffffffffffffffff'] },
      { lane: 'render', styles: ['style-5@0123456789abcdef'], unfit: 'its model is another one' },
      { lane: 'encode' },
    ];
    expect(await proposed('', workers)).toEqual([{ name: 'style-3', value: 'style-3' }]);
    expect(await proposed('', [...workers, { lane: 'render' }])).toHaveLength(25);
    const names = (model: typeof tinyModel) => animate.declare(model).options.map(({ name }) => name);
    expect(names(withStyles)).toContain('style');
    expect(names(tinyModel)).not.toContain('style');
    expect(animate.declare(withStyles).options.find(({ name }) => name === 'style')).toMatchObject({
      autocomplete: true,
    });
  });

  it('draws a seed where none was typed', () => {
    const seeds = Array.from({ length: 20 }, () => readAnimateOptions(typed({}), tinyModel).settings.seed!);
    for (const seed of seeds) expect(seed).toSatisfy((value: number) => Number.isInteger(value) && value < 2 ** 32);
    expect(new Set(seeds).size).toBeGreaterThan(15);
  });

  it.each([
    ['motion', 0],
    ['motion', 256],
    ['seed', 2 ** 53],
    ['steps', 61],
    ['fps', 0],
    ['fps', 31],
    ['fps', 7.5],
    ['length', 1],
    ['length', 5],
  ])('refuses %s %d by name', (option, value) => {
    expect(() => readAnimateOptions(typed({ [option]: value }), tinyModel)).toThrow(
      expect.objectContaining({ code: 'option-range', details: expect.objectContaining({ option }) }),
    );
  });
});

interface Declared {
  name: string;
  type: number;
  name_localizations: Record<string, string>;
  description_localizations: Record<string, string>;
  min_value?: number;
  max_value?: number;
  autocomplete?: boolean;
  choices?: { name: string; value: string; name_localizations: Record<string, string> }[];
}

describe('animate.declare', () => {
  const options = animate.declare(model).options as unknown as Declared[];

  it('says the same ranges to Discord', () => {
    const ranges = options
      .filter(({ type }) => type === 4)
      .map(({ name, min_value, max_value }) => [name, min_value, max_value]);
    expect(ranges).toEqual([
      ['motion', 1, 255],
      ['seed', Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
      ['steps', 1, 60],
      ['fps', 1, 30],
      ['length', 2, 4],
      ['variations', 2, 4],
    ]);
  });

  it('gives every option a name, a description and choices in every language, and bounds to all that are typed', () => {
    expect(options.map(({ name }) => name)).toEqual([...animateOptionNames]);
    for (const option of options) {
      for (const locale of ['en-US', 'es-ES', 'es-419']) {
        expect(option.name_localizations[locale]).toMatch(/^[\p{Ll}_]{1,32}$/u);
        expect(option.description_localizations[locale]).toMatch(/^.{5,100}$/);
        for (const choice of option.choices ?? []) expect(choice.name_localizations[locale]).toMatch(/^.{3,100}$/);
      }
      if (option.type === 3) expect(option.autocomplete || (option.choices?.length ?? 0) > 1).toBe(true);
      if (option.type === 4) expect(option.max_value).toBeGreaterThan(option.min_value!);
    }
    expect(options.find(({ name }) => name === 'motion')?.autocomplete).toBe(true);
  });

  it('leaves out presets where the model has none', () => {
    expect(animate.declare(tinyModel).options.map(({ name }) => name)).not.toContain('preset');
  });
});

describe('animate.autocomplete', () => {
  const propose = async (focused: string, locale = 'en-US') => {
    const choices: { name: string; value: number }[] = [];
    const options = { getFocused: () => ({ name: 'motion', value: focused }) };
    const respond = async (proposed: typeof choices) => void choices.push(...proposed);
    await animate.autocomplete({ locale, options, respond } as never, { model } as never);
    return choices;
  };

  it('proposes motion by name and by number, in the language of whoever types', async () => {
    expect((await propose('')).map(({ value }) => value)).toEqual(
      Object.values(imageToVideo.motionBucketId.discord.named),
    );
    expect(await propose('w')).toEqual([{ name: 'wild (240)', value: 240 }]);
    expect(await propose('sal', 'es-ES')).toEqual([{ name: 'salvaje (240)', value: 240 }]);
    expect(await propose('99')).toEqual([{ name: '99', value: 99 }]);
    expect(await propose('999')).toEqual([]);
  });
});

it.each([
  [-1, 4_294_967_295],
  [156_680_208_700_286, 156_680_208_700_286 % 2 ** 32],
])('takes the seed %i as torch does', (seed, taken) => {
  expect(settingsFrom({ seed }, tinyModel).seed).toBe(taken);
});
