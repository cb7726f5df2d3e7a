/**
 * Whose fault an error is, and so what becomes of the job that met it.
 * `job`: this job ends with a message to its requester. `host`: this machine cannot make any clip now; the job is put
 * back and the queue waits until the machine is well again. `transient`: the same thing works later by itself.
 */
export type ErrorScope = 'job' | 'host' | 'transient';

/** Options of every {@link AppError}. */
export interface AppErrorOptions {
  /** What led to this error; logged, never shown in Discord. */
  cause?: unknown;
  /** Values that a translated message may name, e.g. `{ limitMb: 10 }`. */
  details?: Readonly<Record<string, string | number>>;
  /** Left out: that of the class, see {@link AppError.scope}. */
  scope?: ErrorScope | undefined;
}

/** The root of Kinora's own errors: a stable `code` for machines, an English `message` for people. */
export class AppError extends Error {
  readonly code: string;
  readonly details: Readonly<Record<string, string | number>>;
  /** Undefined: not known where it arose. The queue then decides by who else met it. */
  readonly scope: ErrorScope | undefined;

  constructor(code: string, message: string, { cause, details = {}, scope }: AppErrorOptions = {}) {
    super(message, cause === undefined ? {} : { cause });
    this.name = new.target.name;
    this.code = code;
    this.details = details;
    this.scope = scope ?? this.defaultScope();
  }

  /** The scope of this class where the thrower names none. */
  protected defaultScope(): ErrorScope | undefined {
    return undefined;
  }
}

/** The person who asked can mend it. The only errors whose text (translated by `code`) reaches Discord. */
export class UserError extends AppError {
  protected override defaultScope(): ErrorScope {
    return 'job';
  }
}

/** The operator can mend it: a setting is missing or wrong. The message names the variable and a valid value. */
export class ConfigError extends AppError {
  protected override defaultScope(): ErrorScope {
    return 'host';
  }
}

/** A .safetensors file is not what the format allows. The message names the path and, where known, the tensor. */
export class SafetensorsError extends AppError {
  protected override defaultScope(): ErrorScope {
    return 'host';
  }
}

/** A checkpoint's tensors do not fit its config: missing, unused and mis-shaped ones, listed together. */
export class WeightsMismatchError extends AppError {
  protected override defaultScope(): ErrorScope {
    return 'host';
  }
}

/** A file could not be fetched whole and right: network, access, disk or checksum. The message says what to do. */
export class DownloadError extends AppError {
  protected override defaultScope(): ErrorScope {
    return 'host';
  }
}

/** A graph was built wrongly: a bug in Kinora or a config that diffusers would not accept either. */
export class GraphError extends AppError {
  protected override defaultScope(): ErrorScope {
    return 'host';
  }
}

/** A session could not be made or run. */
export class InferenceError extends AppError {}

/** What is stored cannot be read, or may not be written any more. */
export class StorageError extends AppError {
  protected override defaultScope(): ErrorScope {
    return 'host';
  }
}

/** A picture could not be read, and not by its own fault. */
export class DecodeError extends AppError {}

/** Frames could not be turned into a video. */
export class EncodeError extends AppError {}

/** Discord, or the network on the way to it, did not do what was asked. */
export class DiscordError extends AppError {}

/** The job was cancelled, by a person or by shutdown. */
export class JobCancelledError extends AppError {
  constructor(message = 'The job was cancelled.', options: AppErrorOptions = {}) {
    super('job-cancelled', message, options);
  }
}

/** Codes of the operating system and of SQLite that speak of the machine, not of the work. */
const hostCodes = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EIO', 'ENOMEM', 'EMFILE', 'ENFILE', 'EACCES', 'EPERM']);

/** How deep a chain of causes is followed. */
const maxCauses = 8;

/**
 * The scope of any error: its own, else that of what caused it; a system's or SQLite's code for a full, read-only or
 * broken disk or for missing memory is the host's. Undefined where nothing in the chain says.
 */
export function scopeOf(error: unknown): ErrorScope | undefined {
  for (let cause = error, depth = 0; cause instanceof Error && depth < maxCauses; cause = cause.cause, depth++) {
    if (cause instanceof AppError && cause.scope !== undefined) return cause.scope;
    const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
    // libsql calls the codes that it does not know UNKNOWN_SQLITE_ERROR_<number>.
    if (hostCodes.has(code) || /^(UNKNOWN_)?SQLITE_/.test(code)) return 'host';
  }
  return undefined;
}
