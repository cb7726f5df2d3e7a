import { JobCancelledError } from '../errors.ts';
import { type Clock, sleep } from '../util/clock.ts';
import { isTransient } from './discord-errors.ts';

/** Waits between tries. */
const delaysMs: readonly number[] = [1_000, 3_000, 8_000, 20_000, 45_000, 60_000];

/** What {@link withBackOff} works with. */
export interface BackOffOptions {
  clock: Clock;
  /** Aborted: gives up instead of waiting. */
  signal?: AbortSignal;
  /** Goes on with the longest wait instead of giving up after about two minutes. */
  isEndless?: boolean;
  onRetry: (error: unknown, delayMs: number) => void;
}

/**
 * Does `work`, and again after growing waits while Discord or the connection is at fault. discord.js retries 5xx at once,
 * which a hiccup outlives, and reset connections not at all. `work` must be safe to do twice.
 *
 * @throws the last error, or JobCancelledError when `signal` was aborted during a wait
 */
export async function withBackOff<T>(
  work: () => Promise<T>,
  { clock, signal, isEndless = false, onRetry }: BackOffOptions,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (error) {
      const isLast = !isEndless && tries > delaysMs.length;
      if (isLast || !isTransient(error)) throw error;
      const delayMs = delaysMs[Math.min(tries, delaysMs.length) - 1]!;
      onRetry(error, delayMs);
      await sleep(clock, delayMs, signal);
      if (signal?.aborted) throw new JobCancelledError('Given up between two tries.', { cause: error });
    }
  }
}
