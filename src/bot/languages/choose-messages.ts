import { en } from './en.ts';
import { es } from './es.ts';
import type { Texts } from './messages.ts';

/** Languages by Discord locale. Adding one is its texts (as en.ts and what that imports) and one line here. */
export const languages: Readonly<Record<string, Texts>> = { 'en-US': en, 'en-GB': en, 'es-ES': es, 'es-419': es };

/** The texts for a Discord locale; English where there are none. */
export function chooseTexts(locale: string): Texts {
  return Object.hasOwn(languages, locale) ? languages[locale]! : en;
}

/** One text of every language by locale, as Discord wants it beside a command's or option's English one. */
export function localizations(pick: (texts: Texts) => string): Record<string, string> {
  return Object.fromEntries(Object.entries(languages).map(([locale, texts]) => [locale, pick(texts)]));
}
