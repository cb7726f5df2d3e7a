import type { QueueOverview } from '../queue/job-queue.ts';
import type { Clock } from '../util/clock.ts';
import type { Texts } from './languages/messages.ts';

/** What {@link startPresence} works with. */
export interface PresenceOptions {
  overview: () => QueueOverview;
  /** Shows a line beside the bot's name. */
  show: (text: string) => void;
  texts: Texts['presence'];
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
export function startPresence({ overview, show, texts, clock }: PresenceOptions): Presence {
  let shown: string | undefined;
  let callOff = () => {};
  function look(): void {
    callOff = clock.after(lookEveryMs, look);
    const { mode, hostFault, running, waiting } = overview();
    const count = { running: running.length, waiting: waiting.length };
    const isBusy = count.running + count.waiting > 0;
    const working = isBusy ? texts.busy(count) : texts.idle;
    const text = hostFault ? texts.hostPaused : mode === 'paused' ? texts.paused : working;
    if (text === shown) return;
    shown = text;
    show(text);
  }
  look();
  return {
    renew() {
      shown = undefined;
    },
    stop: () => callOff(),
  };
}
