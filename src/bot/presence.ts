import type { QueueOverview } from '../queue/types.ts';
import type { Clock } from '../util/clock.ts';
import type { Messages } from './languages/messages.ts';

/** What {@link startPresence} works with. */
export interface PresenceOptions {
  overview: () => QueueOverview;
  /** Shows a line beside the bot's name. */
  show: (text: string) => void;
  messages: Messages['presence'];
  clock: Clock;
}

/** The line beside the bot's name. */
interface Presence {
  /** Shows it again at the next look: a new session at Discord knows nothing of it. */
  renew(): void;
  stop(): void;
}

/** Between two looks: Discord takes five changes in 20 s. */
const lookEveryMs = 15_000;

/** Shows beside the bot's name what runs and waits. */
export function startPresence({ overview, show, messages, clock }: PresenceOptions): Presence {
  let shown: string | undefined;
  let cancelTimer = () => {};
  function look(): void {
    cancelTimer = clock.after(lookEveryMs, look);
    const { mode, hostFault, running, waiting } = overview();
    const count = { running: running.length, waiting: waiting.length };
    const isBusy = count.running + count.waiting > 0;
    const working = isBusy ? messages.busy(count) : messages.idle;
    const text = hostFault ? messages.hostPaused : mode === 'paused' ? messages.paused : working;
    if (text === shown) return;
    shown = text;
    show(text);
  }
  look();
  return {
    renew() {
      shown = undefined;
    },
    stop: () => cancelTimer(),
  };
}
