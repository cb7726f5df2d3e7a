import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { ConfigError } from '../../errors.ts';
import { foreignFileFormat } from '../safetensors/foreign-file.ts';
import { danglingTarget, danglingText } from '../safetensors/read-safetensors.ts';

/** Stands for NaN until the text is parsed; no config holds such a string. */
const notANumber = '\u0000NaN';

/**
 * JSON as Python writes and reads it: with `Infinity`, `-Infinity` and `NaN`, and maybe a byte order mark before it.
 * diffusers' configs have them, e.g. `"lambda_min_clipped": -Infinity` in those of some schedulers.
 * @throws SyntaxError the text is not even that
 */
export function parsePythonJson(text: string): unknown {
  // Strings are matched as well, so that words inside them stay as they are, and one without an end runs to the end, so
  // that nothing is looked at twice. 1e999 is infinite in JavaScript.
  const tokens = /"(?:[^"\\]|\\.)*\\?(?:"|$)|(?<![\w.])(?:NaN|Infinity)(?![\w.])/gs;
  const json = text.replace(tokens, (token) => {
    if (token.startsWith('"')) return token;
    return token === 'NaN' ? JSON.stringify(notANumber) : '1e999';
  });
  return JSON.parse(json.replace(/^\ufeff/, ''), (_, value: unknown) => (value === notANumber ? Number.NaN : value));
}

/**
 * Reads a model's config.json and checks it with its schema. Keys that the schema does not name are let through, as
 * diffusers does.
 * @throws ConfigError the file is missing, is not JSON, or does not fit; the message names the path and every key
 */
export async function readConfig<Schema extends z.ZodType>(path: string, schema: Schema): Promise<z.infer<Schema>> {
  let json: unknown;
  try {
    json = parsePythonJson(await readFile(path, 'utf8'));
  } catch (cause) {
    throw new ConfigError('model-config-unreadable', await describeUnreadable(path, cause), { cause });
  }
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  throw new ConfigError('model-config-invalid', `${path} does not fit:\n${z.prettifyError(result.error)}`);
}

async function describeUnreadable(path: string, cause: unknown): Promise<string> {
  if (cause instanceof SyntaxError) {
    const foreign = await foreignFileFormat(path);
    return foreign === undefined ? `${path} is not JSON.` : `${path}: ${foreign.text}`;
  }
  const target = await danglingTarget(path);
  return target === undefined ? `${path} cannot be read.` : `${path}: ${danglingText(target)}`;
}

/** A count of channels, layers, heads… */
export const positiveInteger = z.number().int().positive().max(1_000_000);

/** Spreads "one number or one per block" over the blocks. */
export function perBlock<T>(value: T | readonly T[], count: number): T[] {
  return Array.isArray(value) ? [...value] : Array.from({ length: count }, () => value as T);
}
