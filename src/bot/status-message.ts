import type { Clock } from '../util/clock.ts';
import type { EditBudget } from './edit-budget.ts';
import type { Reply } from './message-sender.ts';

/** A message that follows a changing state without flooding Discord. */
export interface StatusMessage {
  /** Shows this soon; what was wanted before and not yet sent is forgotten. The smaller `rank`, the sooner. */
  show(reply: Reply, rank?: number): void;
  /** No more edits from now on; resolves when the one under way is done. */
  close(): Promise<void>;
}

/** What a {@link StatusMessage} is made of. */
export interface StatusMessageOptions {
  send: (reply: Reply) => Promise<void>;
  clock: Clock;
  /** Between the end of one edit and the start of the next. */
  gapMs: number;
  /** What all status messages have in common. */
  budget: EditBudget;
  /** The channel whose limits the next edit counts against; undefined: none. */
  channelId: () => string | undefined;
  /** Says whether to go on after a failed edit; the next one comes after the gap. */
  onError: (error: unknown) => 'go-on' | 'stop';
}

/** Ranks grow old: so long a wait, in milliseconds, is worth as much as one place in the queue. */
const msPerRank = 1_000;

/** One edit at a time, `gapMs` apart, within the budget, and only when something changed. */
export function createStatusMessage(options: StatusMessageOptions): StatusMessage {
  const { send, clock, gapMs, budget, channelId, onError } = options;
  let wanted: { reply: Reply; rank: number } | undefined;
  let shown = '';
  let nextAtMs = clock.now();
  let underWay: Promise<void> | undefined;
  /** Of the timer, then of the request for a part of the budget. */
  let cancelWait: (() => void) | undefined;
  let isClosed = false;

  const isShown = () => wanted === undefined || keyOf(wanted.reply) === shown;

  function schedule(): void {
    if (isClosed || underWay || cancelWait || isShown()) return;
    // Even with no gap left the timer runs once around the event loop, so that news of one moment becomes one edit.
    cancelWait = clock.after(Math.max(0, nextAtMs - clock.now()), () => {
      const askedAtMs = clock.now();
      let isServed = false;
      const withdraw = budget.request({
        channelId: channelId(),
        rank: () => (wanted?.rank ?? 0) - (clock.now() - askedAtMs) / msPerRank,
        edit() {
          isServed = true;
          return begin();
        },
      });
      cancelWait = isServed ? undefined : withdraw;
    });
  }

  function begin(): boolean {
    cancelWait = undefined;
    if (isClosed || isShown()) return false;
    underWay = edit(wanted!.reply).finally(() => {
      underWay = undefined;
      nextAtMs = clock.now() + gapMs;
      schedule();
    });
    return true;
  }

  async function edit(reply: Reply): Promise<void> {
    shown = keyOf(reply);
    try {
      await send(reply);
    } catch (error) {
      shown = '';
      if (onError(error) === 'stop') isClosed = true;
    }
  }

  return {
    show(reply, rank = 0) {
      wanted = { reply, rank };
      schedule();
    },
    async close() {
      isClosed = true;
      cancelWait?.();
      await underWay;
    },
  };
}

/** The same for replies that look the same: files are told by their names. */
function keyOf({ files = [], ...reply }: Reply): string {
  return JSON.stringify([reply, files.map(({ name }) => name)]);
}
