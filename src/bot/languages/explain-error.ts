import { UserError } from '../../errors.ts';
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
  const { permissions, freeAtMs } = details;
  return {
    ...details,
    ...(typeof permissions === 'string' && { permissions: translatePermissions(permissions, messages) }),
    // It counts down on the reader's screen.
    ...(typeof freeAtMs === 'number' && { moment: `<t:${Math.ceil(freeAtMs / 1000)}:R>` }),
  };
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
