import { AppError } from '../errors.ts';
import type { Observer } from '../fake-discord/types.ts';
import { createFeed } from '../fake-discord/waiting.ts';
import type { Log } from '../util/log.ts';
import type { BotState } from './protocol.ts';

/** A bot that was started on the stand-in. */
export interface StartedBot {
  /** Rejects when Discord closed the connection for good. Never resolves. */
  readonly lost: Promise<never>;
  stop(): Promise<void>;
}

/** The bot as the fault switches control it. */
export interface BotControl {
  state(): BotState;
  onState(listener: (state: BotState) => void): () => void;
  /** Resolves when the bot is ready. */
  start(): Promise<void>;
  /**
   * Stops the bot and starts it again over the same data.
   * @throws AppError `bot-busy` it is just being started or stopped
   */
  restart(): Promise<void>;
  /** Waits for a start or restart that is under way. */
  stop(): Promise<void>;
}

/** Starts and stops a bot, and knows from the stand-in whether its connection is up. */
export function createBotControl(
  startBot: () => Promise<StartedBot>,
  { discord, log }: { discord: Pick<Observer, 'onChange'>; log: Log },
): BotControl {
  const states = createFeed<BotState>();
  let state: BotState = 'stopped';
  let running: StartedBot | undefined;
  /** Settles when the last start or stop that was asked for is over. Never rejects. */
  let pending: Promise<unknown> = Promise.resolve();

  function enter(next: BotState): void {
    if (state === next) return;
    state = next;
    states.emit(next);
  }

  discord.onChange((change) => {
    if (change.kind !== 'gateway' || (state !== 'ready' && state !== 'reconnecting')) return;
    enter(change.state === 'closed' ? 'reconnecting' : 'ready');
  });

  async function startNow(): Promise<void> {
    enter('starting');
    try {
      const bot = await startBot();
      running = bot;
      bot.lost.catch((err: unknown) => {
        if (running !== bot) return;
        log.warn({ err }, 'the bot lost its connection for good');
        enter('stopped');
      });
      enter('ready');
    } catch (error) {
      enter('stopped');
      throw error;
    }
  }

  async function stopNow(): Promise<void> {
    const leaving = running;
    running = undefined;
    if (leaving === undefined) return;
    enter('stopping');
    try {
      await leaving.stop();
    } finally {
      enter('stopped');
    }
  }

  function enqueue(work: () => Promise<void>): Promise<void> {
    const done = pending.then(work);
    pending = done.catch(() => {});
    return done;
  }

  return {
    state: () => state,
    onState: states.subscribe,
    start: () => enqueue(startNow),
    restart() {
      if (state === 'starting' || state === 'stopping') {
        throw new AppError('bot-busy', 'The bot is just being restarted.');
      }
      return enqueue(async () => {
        await stopNow();
        await startNow();
      });
    },
    stop: () => enqueue(stopNow),
  };
}
