import { randomBytes } from 'node:crypto';
import { UserError } from '../errors.ts';
import type { Log } from '../util/log.ts';

/** What was to be answered, and what is known of it. */
export interface Failure {
  what: 'interaction' | 'reaction';
  userId: string;
  messageId?: string;
}

/** Logs what went wrong where there is no job yet, and gives the id that the person is told: it leads to that line. */
export function logFailure(log: Log, error: unknown, { what, ...fields }: Failure): string {
  const errorId = randomBytes(4).toString('hex');
  log[error instanceof UserError ? 'info' : 'error']({ errorId, ...fields, err: error }, `the ${what} failed`);
  return errorId;
}
