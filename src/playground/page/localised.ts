import type { JsonObject } from '../../fake-discord/payloads.ts';

interface Named extends JsonObject {
  name: string;
}

/** The name of a command, option or choice in a language, as Discord's client chooses it. */
export function localisedName(thing: Named, locale: string): string {
  return pick(thing.name_localizations, locale) ?? thing.name;
}

/** The same for descriptions; message commands have none. */
export function localisedDescription(thing: Named & { description?: string }, locale: string): string {
  return pick(thing.description_localizations, locale) ?? thing.description ?? '';
}

function pick(localizations: JsonObject[string], locale: string): string | undefined {
  if (typeof localizations !== 'object' || localizations === null || Array.isArray(localizations)) return undefined;
  const text = localizations[locale];
  return typeof text === 'string' ? text : undefined;
}
