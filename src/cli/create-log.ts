import pino from 'pino';
import { AppError } from '../errors.ts';
import type { Log } from '../util/log.ts';
import type { CliStream } from './io.ts';
import { prettyLine } from './pretty-line.ts';

/** Causes beyond this depth say nothing new. */
const maxCauses = 8;

/** What {@link createLog} may be told besides. */
export interface LogOptions {
  /** `auto`, the default: pretty on a terminal, JSON elsewhere. */
  format?: 'auto' | 'json' | 'pretty';
  /** Words that must never be written, whatever holds them: tokens. */
  secrets?: readonly (string | undefined)[];
}

/**
 * A log of lines, one for each event. Of errors only chosen fields are written: discord.js hangs whole requests on its
 * errors, with tokens in their addresses and pictures in their bodies. What looks like a token or a signed link is taken
 * out of every line besides, since texts of errors may quote anything.
 */
export function createLog(level: string, stream: CliStream, { format = 'auto', secrets = [] }: LogOptions = {}): Log {
  const isPretty = format === 'pretty' || (format === 'auto' && stream.isTTY === true);
  const hidden = secrets.filter((secret) => secret !== undefined && secret.length >= shortestSecret) as string[];
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: (error: unknown) => describe(error, 0) },
      hooks: { streamWrite: (line) => withoutSecrets(line, hidden) },
    },
    isPretty
      ? { write: (line: string) => stream.write(prettyLine(line, { hasColours: stream.isTTY === true })) }
      : stream,
  );
}

/** A shorter word would be taken out of the middle of others. */
const shortestSecret = 8;

/** What must not be written, and what stands there instead. Lines are JSON: a text ends at `"`, or at a backslash. */
const secretPatterns: readonly (readonly [RegExp, string])[] = [
  // Tokens of interactions and webhooks in routes.
  [/\b(webhooks|interactions)\/(\d{5,20})\/[\w.%-]{10,}/g, '$1/$2/[token]'],
  // An interaction's token by itself is base64 of "interaction:…".
  [/\baW50ZXJhY3Rpb24[\w+/=-]{8,}/g, '[token]'],
  // A bot's token: id, time and signature.
  [/\b[\w-]{18,30}\.[\w-]{6,7}\.[\w-]{27,}/g, '[token]'],
  [/\b(Bot|Bearer) [\w.-]{16,}/g, '$1 [token]'],
  // What a link of a blob store is signed with.
  [/\?(?=[^\s"\\<>]*\bX-Amz-)[^\s"\\<>]*/g, '?[signature]'],
  // The signature of an attachment's link.
  [/\?(?=[^\s"\\<>]*\b(?:ex|is|hm)=)[^\s"\\<>]*/g, '?[signature]'],
];

function withoutSecrets(line: string, secrets: readonly string[]): string {
  const named = secrets.reduce((text, secret) => text.replaceAll(secret, '[secret]'), line);
  return secretPatterns.reduce((text, [pattern, instead]) => text.replace(pattern, instead), named);
}

function describe(error: unknown, depth: number): unknown {
  if (!(error instanceof Error)) return { message: String(error) };
  return {
    type: error.name,
    ...('code' in error && { code: error.code }),
    ...('status' in error && { status: error.status }),
    message: error.message,
    ...(error instanceof AppError && { details: error.details }),
    stack: error.stack,
    ...(error.cause !== undefined && depth < maxCauses && { cause: describe(error.cause, depth + 1) }),
  };
}
