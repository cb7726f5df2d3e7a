/** Options of every {@link AppError}. */
export interface AppErrorOptions {
  /** What led to this error; logged, never shown in Discord. */
  cause?: unknown;
  /** Values that a translated message may name, e.g. `{ limitMb: 10 }`. */
  details?: Readonly<Record<string, string | number>>;
}

/** The root of Kinora's own errors: a stable `code` for machines, an English `message` for people. */
export class AppError extends Error {
  readonly code: string;
  readonly details: Readonly<Record<string, string | number>>;

  constructor(code: string, message: string, { cause, details = {} }: AppErrorOptions = {}) {
    super(message, cause === undefined ? {} : { cause });
    this.name = new.target.name;
    this.code = code;
    this.details = details;
  }
}

/** The person who asked can mend it. The only errors whose text (translated by `code`) reaches Discord. */
export class UserError extends AppError {}

/** The operator can mend it: a setting is missing or wrong. The message names the variable and a valid value. */
export class ConfigError extends AppError {}

/** A .safetensors file is not what the format allows. The message names the path and, where known, the tensor. */
export class SafetensorsError extends AppError {}

/** A checkpoint's tensors do not fit its config: missing, unused and mis-shaped ones, listed together. */
export class WeightsMismatchError extends AppError {}

/** A file could not be fetched whole and right: network, access, disk or checksum. The message says what to do. */
export class DownloadError extends AppError {}

/** A graph was built wrongly: a bug in Kinora or a config that diffusers would not accept either. */
export class GraphError extends AppError {}

/** A session could not be made or run. */
export class InferenceError extends AppError {}

/** Frames could not be turned into a video. */
export class EncodeError extends AppError {}

/** The job was cancelled, by a person or by shutdown. */
export class JobCancelledError extends AppError {
  constructor(message = 'The job was cancelled.', options: AppErrorOptions = {}) {
    super('job-cancelled', message, options);
  }
}
