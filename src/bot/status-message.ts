import type { Clock } from '../util/clock.ts';
import type { Reply } from './message-sender.ts';

/** A message that follows a changing state without flooding Discord. */
export interface StatusMessage {
  /** Shows this soon; what was wanted before and not yet sent is forgotten. */
  show(reply: Reply): void;
  /** No more edits from now on; resolves when the one under way is done. */
  close(): Promise<void>;
}

/** What a {@link StatusMessage} is made of. */
export interface StatusMessageOptions {
  send: (reply: Reply) => Promise<void>;
  clock: Clock;
  /** Between the end of one edit and the start of the next. */
  gapMs: number;
  /** Says whether to go on after a failed edit; the next one comes after the gap. */
  onError: (error: unknown) => 'go-on' | 'stop';
}

/** One edit at a time, `gapMs` apart, and only when something changed. */
export function createStatusMessage({ send, clock, gapMs, onError }: StatusMessageOptions): StatusMessage {
  let wanted: Reply | undefined;
  let shown = '';
  let nextAtMs = clock.now();
  let underWay: Promise<void> | undefined;
  let cancelTimer: (() => void) | undefined;
  let isClosed = false;

  function schedule(): void {
    if (isClosed || underWay || cancelTimer || wanted === undefined || JSON.stringify(wanted) === shown) return;
    // Even with no gap left the timer runs once around the event loop, so that news of one moment becomes one edit.
    cancelTimer = clock.after(Math.max(0, nextAtMs - clock.now()), () => {
      cancelTimer = undefined;
      underWay = edit(wanted!).finally(() => {
        underWay = undefined;
        nextAtMs = clock.now() + gapMs;
        schedule();
      });
    });
  }

  async function edit(reply: Reply): Promise<void> {
    const text = JSON.stringify(reply);
    if (text === shown) return;
    shown = text;
    try {
      await send(reply);
    } catch (error) {
      shown = '';
      if (onError(error) === 'stop') isClosed = true;
    }
  }

  return {
    show(reply) {
      wanted = reply;
      schedule();
    },
    async close() {
      isClosed = true;
      cancelTimer?.();
      await underWay;
    },
  };
}
