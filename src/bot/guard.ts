import type { Clock } from '../util/clock.ts';
import type { Log } from '../util/log.ts';

/** Where failures go that nobody waits for. */
type Failures = Pick<Log, 'error'>;

/**
 * An event's handler whose failure, thrown or rejected, is logged with the event's name and goes no further: an emitter
 * would pass it to whoever emitted, which ends the process.
 */
export function guardHandler<Args extends unknown[]>(
  log: Failures,
  event: string,
  handler: (...args: Args) => unknown,
): (...args: Args) => void {
  const fail = (err: unknown) => log.error({ event, err }, 'the handler of an event failed; the bot goes on');
  return (...args) => {
    try {
      const result = handler(...args);
      if (result instanceof Promise) result.catch(fail);
    } catch (err) {
      fail(err);
    }
  };
}

/** The same for timers: a clock whose callbacks cannot end the process. */
export function guardTimers(clock: Clock, log: Failures): Clock {
  return {
    now: () => clock.now(),
    after(delayMs, callback) {
      return clock.after(delayMs, () => {
        try {
          callback();
        } catch (err) {
          log.error({ delayMs, err }, 'what a timer began failed; the bot goes on');
        }
      });
    },
  };
}
