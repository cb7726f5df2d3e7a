import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { ConfigError } from '../../errors.ts';

/**
 * Reads a model's config.json and holds it against its schema. Keys that the schema does not name are let through, as
 * diffusers does.
 * @throws ConfigError the file is missing, is not JSON, or does not fit; the message names the path and every key
 */
export async function readConfig<Schema extends z.ZodType>(path: string, schema: Schema): Promise<z.infer<Schema>> {
  let json: unknown;
  try {
    json = JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    const reason = cause instanceof SyntaxError ? 'is not JSON' : 'cannot be read';
    throw new ConfigError('model-config-unreadable', `${path} ${reason}.`, { cause });
  }
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  throw new ConfigError('model-config-invalid', `${path} does not fit:\n${z.prettifyError(result.error)}`);
}

/** A count of channels, layers, heads… */
export const positiveInteger = z.number().int().positive().max(1_000_000);

/** Spreads "one number or one per block" over the blocks. */
export function perBlock<T>(value: T | readonly T[], count: number): T[] {
  return Array.isArray(value) ? [...value] : Array.from({ length: count }, () => value as T);
}
