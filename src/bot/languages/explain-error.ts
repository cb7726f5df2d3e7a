import { UserError } from '../../errors.ts';
import type { ErrorDetails, Texts } from './texts.ts';

/**
 * What a person is told of an error. Only a `UserError` speaks, translated by its code;
 * of everything else they see `id`, which leads to the log.
 */
export function explainError(error: unknown, texts: Texts, id: string): string {
  if (!(error instanceof UserError)) return texts.broke(id);
  const explain = lookUp(texts.errors, error.code);
  return `⚠️ ${explain ? explain(translateDetails(error.details, texts)) : error.message}`;
}

function translateDetails(details: ErrorDetails, texts: Texts): ErrorDetails {
  if (typeof details.permissions !== 'string') return details;
  const names = details.permissions.split(',').map((name) => lookUp(texts.permissions, name) ?? name);
  return { ...details, permissions: names.join(', ') };
}

/** A table's entry for a key that may be any word, also one that every object inherits. */
function lookUp<T>(table: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}
