import { setImmediate as nextTurn } from 'node:timers/promises';
import { JobCancelledError } from '../errors.ts';

/** The error of work that `signal` cancelled: the signal's own reason where it is one, so that its words are kept. */
export function cancelledBy(signal: AbortSignal, cause: unknown = signal.reason): JobCancelledError {
  return signal.reason instanceof JobCancelledError ? signal.reason : new JobCancelledError(undefined, { cause });
}

/** @throws JobCancelledError `signal` was aborted */
export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw cancelledBy(signal);
}

/**
 * A place where work can be cancelled: between two steps, before a network or a block is loaded, before an encoder
 * starts. Such work blocks the event loop, so the loop turns here first, and a message that asks to cancel is read.
 * Twice, since the first turn may begin after the loop has already looked for messages.
 * @throws JobCancelledError `signal` was aborted
 */
export async function cancellationPoint(signal: AbortSignal | undefined): Promise<void> {
  await nextTurn();
  await nextTurn();
  throwIfCancelled(signal);
}
