import { UserError } from '../errors.ts';

const usageCode = 'usage';

/** The command line was not understood: the process says why and exits with 2. */
export function usageError(message: string, cause?: unknown): UserError {
  return new UserError(usageCode, message, { cause });
}

/** Whether `error` came from {@link usageError}. */
export function isUsageError(error: unknown): error is UserError {
  return error instanceof UserError && error.code === usageCode;
}
