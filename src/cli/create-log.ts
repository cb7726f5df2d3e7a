import pino from 'pino';
import { AppError } from '../errors.ts';
import type { Log } from '../util/log.ts';
import type { CliStream } from './io.ts';

/** Causes beyond this depth say nothing new. */
const maxCauses = 8;

/**
 * A log of JSON lines. Of errors only chosen fields are written: discord.js hangs whole requests on its errors,
 * with tokens in their addresses and pictures in their bodies.
 */
export function createLog(level: string, stream: CliStream): Log {
  return pino({ level, base: null, serializers: { err: (error: unknown) => describe(error, 0) } }, stream);
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
