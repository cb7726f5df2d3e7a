import { en } from './en.ts';
import { es } from './es.ts';
import type { Messages } from './messages.ts';

/** Languages by Discord locale. Adding one is its messages (as en.ts and what that imports) and one line here. */
export const languages: Readonly<Record<string, Messages>> = { 'en-US': en, 'en-GB': en, 'es-ES': es, 'es-419': es };

/** The messages for a Discord locale; English where there are none. */
export function chooseMessages(locale: string): Messages {
  return Object.hasOwn(languages, locale) ? languages[locale]! : en;
}

/** One text of every language by locale, as Discord wants it beside a command's or option's English one. */
export function localizations(pick: (messages: Messages) => string): Record<string, string> {
  return Object.fromEntries(Object.entries(languages).map(([locale, messages]) => [locale, pick(messages)]));
}
