import type { Clock } from '../../src/util/clock.ts';

/** A clock that moves only when told. */
export interface FakeClock extends Clock {
  /** Moves on, calling what falls due in order and letting promises settle after each. */
  advance(ms: number): Promise<void>;
  /** Sets it back, as an operator or a time server does; timers go on as if nothing had happened. */
  setBack(ms: number): void;
  /** Timers that wait. */
  pending(): number;
}

/** A clock that stands at `startMs`. */
export function createFakeClock(startMs = 1_700_000_000_000): FakeClock {
  let nowMs = startMs;
  let nextId = 0;
  const timers = new Map<number, { atMs: number; callback: () => void }>();

  return {
    now: () => nowMs,
    after(delayMs, callback) {
      const id = nextId++;
      timers.set(id, { atMs: nowMs + delayMs, callback });
      return () => timers.delete(id);
    },
    setBack(ms) {
      nowMs -= ms;
      for (const timer of timers.values()) timer.atMs -= ms;
    },
    pending: () => timers.size,
    async advance(ms) {
      const endMs = nowMs + ms;
      await settle();
      for (;;) {
        const due = [...timers].filter(([, { atMs }]) => atMs <= endMs).sort(([, a], [, b]) => a.atMs - b.atMs)[0];
        if (due === undefined) break;
        const [id, { atMs, callback }] = due;
        timers.delete(id);
        nowMs = Math.max(nowMs, atMs);
        callback();
        await settle();
      }
      nowMs = endMs;
    },
  };
}

/** Lets promise chains run to where they wait for something real. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** A clock on which every wait is over at once. */
export const instantClock: Clock = {
  now: () => 1_700_000_000_000,
  after(_, callback) {
    let isCancelled = false;
    queueMicrotask(() => isCancelled || callback());
    return () => {
      isCancelled = true;
    };
  },
};
