import { Locale } from 'discord.js';
import { describe, expect, it } from 'vitest';
import { chooseMessages, languages, localizations } from '../../../src/bot/languages/choose-messages.ts';
import { en } from '../../../src/bot/languages/en.ts';
import { es } from '../../../src/bot/languages/es.ts';

/** Paths of every text of a language. */
function keysOf(value: object, prefix = ''): string[] {
  return Object.entries(value).flatMap(([key, entry]) =>
    typeof entry === 'object' ? keysOf(entry, `${prefix}${key}.`) : [`${prefix}${key}`],
  );
}

describe('languages', () => {
  it('have the same texts, and none is left in English', () => {
    expect(keysOf(es)).toEqual(keysOf(en));
    const sample = { position: 1, waiting: 2, step: 1, steps: 2 };
    const say = (text: unknown) => (typeof text === 'function' ? String(text(sample)) : text);
    const pairs = keysOf(en).map((path) => {
      const [a, b] = [en, es].map((root) => path.split('.').reduce<unknown>((at, key) => (at as never)[key], root));
      return [path, say(a), say(b)];
    });
    // What Spanish writes as English does.
    const same = pairs.filter(([, a, b]) => a === b).map(([path]) => path);
    expect(same).toEqual([
      'animate.options.fps.name',
      'animate.choices.motion.normal',
      'config.shown.roles',
      'config.shown.no',
    ]);
  });

  it('are chosen by locale, English where there is none', () => {
    expect(chooseMessages('es-ES')).toBe(es);
    expect(chooseMessages('es-419')).toBe(es);
    expect(chooseMessages('de')).toBe(en);
    expect(chooseMessages('constructor')).toBe(en);
  });

  it('are named by locales that Discord knows, and fit its limits', () => {
    const known: readonly string[] = Object.values(Locale);
    expect(Object.keys(languages).filter((locale) => !known.includes(locale))).toEqual([]);
    for (const texts of Object.values(languages)) {
      const { animate, clip } = texts;
      for (const path of keysOf(animate)) {
        const text = path.split('.').reduce<unknown>((at, key) => (at as never)[key], animate);
        expect(String(text).length).toBeLessThanOrEqual(path.endsWith('.name') ? 32 : 100);
      }
      for (const label of [texts.cancelButton, ...Object.values(clip.buttons)]) expect(label.length).toBeLessThan(80);
      for (const label of Object.values(clip.edit)) expect(label.length).toBeLessThanOrEqual(45);
      for (const name of Object.values(clip.menus)) expect(name.length).toBeLessThanOrEqual(32);
    }
    expect(Object.keys(localizations((texts) => texts.cancelButton))).toEqual(Object.keys(languages));
  });
});
