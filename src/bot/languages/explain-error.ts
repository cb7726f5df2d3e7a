import { UserError } from '../../errors.ts';
import { clipForm } from '../../settings/clip-form.ts';
import { shownSettings } from '../../settings/discord-options.ts';
import { imageToVideo } from '../../settings/image-to-video.ts';
import type { ErrorDetails, Messages } from './messages.ts';

/**
 * What a person is told of an error. Only a `UserError` speaks, translated by its code;
 * of everything else they see `id`, which leads to the log.
 */
export function explainError(error: unknown, messages: Messages, id: string): string {
  if (!(error instanceof UserError)) return messages.broke(id);
  const explain = lookUp(messages.errors, error.code);
  return `⚠️ ${explain ? explain(translateDetails(error.details, messages)) : error.message}`;
}

function translateDetails(details: ErrorDetails, messages: Messages): ErrorDetails {
  const { permissions, freeAtMs, option, setting } = details;
  return {
    ...details,
    ...(typeof permissions === 'string' && { permissions: translatePermissions(permissions, messages) }),
    ...(typeof option === 'string' && { option: optionName(option, messages) }),
    ...(typeof setting === 'string' && { setting: optionName(setting, messages) }),
    // It counts down on the reader's screen.
    ...(typeof freeAtMs === 'number' && { moment: `<t:${Math.ceil(freeAtMs / 1000)}:R>` }),
  };
}

/** Names of options by the settings that they are for. */
const optionOf = new Map(
  [...shownSettings(imageToVideo), ...shownSettings(clipForm)].map(({ setting, name }) => [setting, name]),
);

/** What Discord calls an option of `/animate` in the reader's language; other words stay. */
function optionName(word: string, { animate }: Messages): string {
  return lookUp(animate.options, optionOf.get(word) ?? word)?.name ?? word;
}

function translatePermissions(permissions: string, messages: Messages): string {
  return permissions
    .split(',')
    .map((name) => lookUp(messages.permissions, name) ?? name)
    .join(', ');
}

/** A table's entry for a key that may be any word, also one that every object inherits. */
function lookUp<T>(table: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}
