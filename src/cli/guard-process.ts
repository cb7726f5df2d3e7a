import type { Log } from '../util/log.ts';

/** The events of a process that {@link guardProcess} takes over. */
interface ProcessEvents {
  on(event: 'uncaughtException' | 'unhandledRejection', listener: (error: unknown) => void): unknown;
  off(event: 'uncaughtException' | 'unhandledRejection', listener: (error: unknown) => void): unknown;
}

/** What {@link guardProcess} gives. */
export interface ProcessGuard {
  /** Rejects when something was thrown where nothing catches: the bot has to end, in order. Never resolves. */
  readonly crashed: Promise<never>;
  /** Gives the process its own behaviour back. */
  release(): void;
}

/**
 * Says in the log what nobody caught; Node itself would write a raw stack past the log and end at once. A promise that nobody
 * waits for ends nothing: whatever it belonged to is over, and the rest does not depend on it. After an exception the
 * state of what threw is unknown: the bot is stopped, which keeps its jobs for the next start.
 */
export function guardProcess(log: Pick<Log, 'error'>, events: ProcessEvents = process): ProcessGuard {
  let crash = (_: unknown) => {};
  const crashed = new Promise<never>((_, reject) => {
    crash = reject;
  });
  crashed.catch(() => {});
  const onRejection = (err: unknown) => log.error({ err }, 'something failed that nobody waits for; the bot goes on');
  const onException = (err: unknown) => {
    log.error({ err }, 'something failed where nothing was ready for it; the bot stops');
    crash(err);
  };
  events.on('unhandledRejection', onRejection);
  events.on('uncaughtException', onException);
  return {
    crashed,
    release() {
      events.off('unhandledRejection', onRejection);
      events.off('uncaughtException', onException);
    },
  };
}
