import { cancelledBy, throwIfCancelled } from './cancellation.ts';
import { type Clock, sleep } from './clock.ts';

/** How patiently something is tried again: waits that grow by a factor up to a longest one. */
export interface RetryPolicy {
  /** The wait after the first failure, in milliseconds. */
  firstMs: number;
  /** Each wait is so many times the one before. */
  factor: number;
  /** The longest wait, in milliseconds. */
  maxMs: number;
  /** Tries altogether; left out: no end. */
  tries?: number;
  /**
   * The share of a wait, 0 to 1, by which chance may shorten it, so that not everything that failed together comes back
   * together. Default 0.2.
   */
  jitter?: number;
}

/** Cuts waits short: what was away is back. */
export interface Waker {
  /** Aborted by the next {@link Waker.wake}. */
  readonly signal: AbortSignal;
  /** Ends every wait that goes on now. */
  wake(): void;
}

/** What {@link retry} works with. */
export interface RetryOptions {
  policy: RetryPolicy;
  clock: Clock;
  /** Aborted: no further try. */
  signal?: AbortSignal | undefined;
  waker?: Waker;
  /** 0 to 1, as `Math.random`, which is the default. */
  random?: (() => number) | undefined;
  /** Whether another try may succeed. Default: yes. */
  shouldRetry?: (error: unknown) => boolean;
  /** A wait that the other side asked for (Retry-After), in milliseconds; the policy's own where it is longer. */
  retryAfterMs?: (error: unknown) => number;
  /** Called before each wait, with how many tries have failed. */
  onRetry?: (error: unknown, wait: { failures: number; delayMs: number }) => void;
}

/** The other side is not believed beyond this. */
const maxRetryAfterMs = 120_000;

/** A waker; any number of waits may listen to it. */
export function createWaker(): Waker {
  let controller = new AbortController();
  return {
    get signal() {
      return controller.signal;
    },
    wake() {
      controller.abort();
      controller = new AbortController();
    },
  };
}

/** The wait after so many failures (1, 2, …), in whole milliseconds. */
export function retryDelayMs(
  { firstMs, factor, maxMs, jitter = 0.2 }: RetryPolicy,
  failures: number,
  random: () => number = Math.random,
): number {
  const planned = Math.min(maxMs, firstMs * factor ** (failures - 1));
  return Math.round(planned * (1 - jitter * random()));
}

/**
 * Waits before the next try.
 * @param failures how many tries in a row have failed, `error` being how the last one did
 * @returns false: no try is left, or none would help
 * @throws JobCancelledError the signal was aborted
 */
export async function waitForRetry(failures: number, error: unknown, options: RetryOptions): Promise<boolean> {
  const { policy, clock, signal, waker, random, shouldRetry, retryAfterMs = () => 0, onRetry } = options;
  throwIfCancelled(signal);
  if (failures >= (policy.tries ?? Number.POSITIVE_INFINITY) || shouldRetry?.(error) === false) return false;
  const delayMs = Math.max(retryDelayMs(policy, failures, random), Math.min(retryAfterMs(error) || 0, maxRetryAfterMs));
  onRetry?.(error, { failures, delayMs });
  const signals = [signal, waker?.signal].filter((given) => given !== undefined);
  await sleep(clock, delayMs, AbortSignal.any(signals));
  if (signal?.aborted) throw cancelledBy(signal, error);
  return true;
}

/**
 * Does `work`, and again after growing waits while it fails. `work` must be safe to do twice.
 * @throws the last error, once no try is left or none would help
 * @throws JobCancelledError the signal was aborted
 */
export async function retry<T>(work: () => Promise<T>, options: RetryOptions): Promise<T> {
  for (let failures = 1; ; failures++) {
    throwIfCancelled(options.signal);
    try {
      return await work();
    } catch (error) {
      if (!(await waitForRetry(failures, error, options))) throw error;
    }
  }
}
