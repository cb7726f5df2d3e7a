import { AppError } from '../errors.ts';
import type { HostFault } from '../storage/host-fault.ts';
import type { Clock } from '../util/clock.ts';
import type { Log } from '../util/log.ts';
import { type RetryPolicy, retryDelayMs } from '../util/retry.ts';

/** Stops work while the host is at fault, and tries again after growing waits. */
export interface CircuitBreaker {
  /** Undefined while it is closed: work may begin. During a trial the fault is still named. */
  fault(): HostFault | undefined;
  /** The error that it was opened for last; undefined while it is closed. */
  cause(): unknown;
  /** Whether no work may begin: open, and not in a trial. */
  isBlocking(): boolean;
  /** The host failed: no more work until {@link CircuitBreakerOptions.onTrial}. */
  open(error: unknown): void;
  /** Work succeeded: the host is well. */
  close(): void;
  /** Tries now instead of when the wait is over. */
  tryNow(): void;
  /** No more trials. */
  stop(): void;
}

/** What {@link createCircuitBreaker} works with. */
export interface CircuitBreakerOptions {
  clock: Clock;
  log: Log;
  /** What fails, where it is one of several workers; left out: the host. */
  worker?: string;
  /** The fault began, changed or ended. */
  onChange: (fault: HostFault | undefined) => void;
  /** One piece of work may be tried. It ends in `open` or `close`; false where there is nothing to try. Never rejects. */
  onTrial: () => Promise<boolean>;
}

/** A broken machine is mended by people, in minutes: trying more rarely than once in one would only delay the clips. */
const policy: RetryPolicy = { firstMs: 5_000, factor: 2, maxMs: 60_000, jitter: 0 };

/**
 * A breaker that is closed. The operator is told in the log once when it opens and once when it closes. Meanwhile each
 * further reason is a warning, once: a model folder that is gone is missed first by the process that renders, and then, in
 * other words, by the next one's start.
 */
export function createCircuitBreaker({ clock, log, worker, onChange, onTrial }: CircuitBreakerOptions): CircuitBreaker {
  let fault: HostFault | undefined;
  let cause: unknown;
  let isTrial = false;
  let failures = 0;
  /** The codes of the reasons that were told since it opened. */
  const told = new Set<string>();
  const about = worker === undefined ? {} : { worker };
  let cancelTimer = () => {};

  function wait(): void {
    cancelTimer();
    const waitMs = retryDelayMs(policy, ++failures);
    if (fault) fault = { ...fault, retryAtMs: clock.now() + waitMs };
    cancelTimer = clock.after(waitMs, () => void tryNow());
  }

  async function tryNow(): Promise<void> {
    if (fault === undefined || isTrial) return;
    cancelTimer();
    isTrial = true;
    const hasWork = await onTrial();
    // It may have ended meanwhile.
    if (!hasWork && isTrial) close();
  }

  function close(): void {
    if (fault === undefined) return;
    cancelTimer();
    const ms = clock.now() - fault.sinceMs;
    log.info({ ...about, code: fault.code, ms }, worker === undefined ? 'the queue goes on' : 'a worker goes on');
    fault = undefined;
    cause = undefined;
    isTrial = false;
    failures = 0;
    told.clear();
    onChange(undefined);
  }

  return {
    fault: () => fault,
    cause: () => cause,
    isBlocking: () => fault !== undefined && !isTrial,
    open(error) {
      const { code, message } = describe(error);
      const level = fault === undefined ? 'error' : told.has(code) ? 'debug' : 'warn';
      log[level](
        { ...about, code, err: error },
        worker === undefined
          ? 'this machine cannot make clips: the queue waits and tries again by itself'
          : 'a worker cannot make clips: it is taken out and tried again by itself',
      );
      told.add(code);
      fault = { code, message, sinceMs: fault?.sinceMs ?? clock.now(), retryAtMs: clock.now() };
      cause = error;
      isTrial = false;
      wait();
      onChange(fault);
    },
    close,
    tryNow: () => void tryNow(),
    stop: () => cancelTimer(),
  };
}

/** The code and message of the deepest cause that has a code: an operator acts on that one. */
function describe(error: unknown): { code: string; message: string } {
  let found = { code: 'unknown', message: String(error) };
  for (let cause = error, depth = 0; cause instanceof Error && depth < 8; cause = cause.cause, depth++) {
    const code = cause instanceof AppError || 'code' in cause ? String((cause as { code: unknown }).code) : undefined;
    if (depth === 0) found = { code: code ?? cause.name, message: cause.message };
    else if (code !== undefined) found = { code, message: `${found.message} ${cause.message}` };
  }
  return found;
}
