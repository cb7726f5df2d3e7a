import { z } from 'zod';
import {
  AppError,
  ConfigError,
  DecodeError,
  DownloadError,
  EncodeError,
  type ErrorScope,
  GraphError,
  InferenceError,
  JobCancelledError,
  SafetensorsError,
  UserError,
  WeightsMismatchError,
} from '../errors.ts';

/** Longer texts are cut: an error must not become the largest message. */
const maxTextLength = 4000;
const maxCauses = 8;

const text = z.string().max(maxTextLength);

/** An error as it crosses the border between the processes. */
export interface WireError {
  /** The class's name, e.g. `UserError`. */
  name: string;
  /** Kinora's own code, or the system's (`ENOSPC`). */
  code?: string;
  /** Whose fault it is, where the error says. */
  scope?: ErrorScope;
  message: string;
  details?: Record<string, string | number>;
  stack?: string;
  cause?: WireError;
}

/** The shape of an error that came over the channel: the other process is not believed. */
export const wireErrorSchema: z.ZodType<WireError> = z.object({
  name: text,
  code: text.exactOptional(),
  scope: z.enum(['job', 'host', 'transient']).exactOptional(),
  message: text,
  details: z.record(text, z.union([text, z.number()])).exactOptional(),
  stack: text.exactOptional(),
  cause: z.lazy(() => wireErrorSchema).exactOptional(),
});

const classes = {
  UserError,
  ConfigError,
  SafetensorsError,
  WeightsMismatchError,
  DownloadError,
  GraphError,
  InferenceError,
  DecodeError,
  EncodeError,
} as const;

/** Describes an error, its details and its chain of causes as plain data. */
export function toWireError(error: unknown, depth = 0): WireError {
  if (!(error instanceof Error)) return { name: 'Error', message: cut(String(error)) };
  const wire: WireError = { name: cut(error.name), message: cut(error.message) };
  if (error.stack !== undefined) wire.stack = cut(error.stack);
  if (error instanceof AppError) {
    wire.code = cut(error.code);
    if (error.scope !== undefined) wire.scope = error.scope;
    wire.details = Object.fromEntries(
      Object.entries(error.details).map(([name, value]) => [name, typeof value === 'string' ? cut(value) : value]),
    );
  }
  if (!(error instanceof AppError) && 'code' in error && typeof error.code === 'string') wire.code = cut(error.code);
  if (error.cause !== undefined && depth < maxCauses) wire.cause = toWireError(error.cause, depth + 1);
  return wire;
}

/** Makes the error again, of the same class and with the stack it had in the other process. */
export function fromWireError(wire: WireError): Error {
  const error = construct(wire);
  if (wire.stack !== undefined) error.stack = wire.stack;
  return error;
}

function construct({ name, code, message, details = {}, scope, cause: wireCause }: WireError): Error {
  const cause = wireCause === undefined ? undefined : fromWireError(wireCause);
  if (name === 'JobCancelledError') return new JobCancelledError(message, { cause, details });
  const KnownError = isKnown(name) ? classes[name] : undefined;
  if (KnownError !== undefined && code !== undefined) return new KnownError(code, message, { cause, details, scope });
  const error = new Error(message, cause === undefined ? {} : { cause });
  if (code !== undefined) Object.assign(error, { code });
  error.name = name;
  return error;
}

function isKnown(name: string): name is keyof typeof classes {
  return Object.hasOwn(classes, name);
}

function cut(value: string): string {
  return value.length > maxTextLength ? `${value.slice(0, maxTextLength - 1)}…` : value;
}
