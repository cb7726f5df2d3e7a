import type { Clock } from '../../src/util/clock.ts';

/** A clock whose time passes by jumping from one timer to the next, however many there are. */
export interface SimulatedClock extends Clock {
  /** Jumps to the next timer, calls it and lets promises settle; false where none is due by `untilMs`. */
  step(untilMs: number): Promise<boolean>;
}

interface Timer {
  atMs: number;
  /** Timers of one moment are called in the order in which they were set. */
  order: number;
  callback: (() => void) | undefined;
}

/** A clock of whole milliseconds that stands at `startMs`. Its timers are a binary heap. */
export function createSimulatedClock(startMs = 1_700_000_000_000): SimulatedClock {
  const heap: Timer[] = [];
  let nowMs = startMs;
  let timers = 0;

  const isEarlier = (a: Timer, b: Timer) => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);

  function push(timer: Timer): void {
    let at = heap.push(timer) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isEarlier(timer, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = timer;
  }

  function pop(): Timer | undefined {
    const [first] = heap;
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      const [left, right] = [2 * at + 1, 2 * at + 2];
      if (left >= heap.length) break;
      const child = right < heap.length && isEarlier(heap[right]!, heap[left]!) ? right : left;
      if (!isEarlier(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
    return first;
  }

  return {
    now: () => nowMs,
    after(delayMs, callback) {
      const timer: Timer = { atMs: nowMs + Math.ceil(Math.max(0, delayMs)), order: timers++, callback };
      push(timer);
      return () => {
        timer.callback = undefined;
      };
    },
    async step(untilMs) {
      for (;;) {
        const next = heap[0];
        if (next === undefined || next.atMs > untilMs) return false;
        pop();
        // Cancelled.
        if (next.callback === undefined) continue;
        nowMs = next.atMs;
        next.callback();
        await new Promise((resolve) => setImmediate(resolve));
        return true;
      }
    },
  };
}
