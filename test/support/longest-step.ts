import { existsSync, readFileSync } from 'node:fs';

/** The longest that one step may hold the event loop of the process that has the Discord connection, in milliseconds. */
export const longestStepMs = 50;

/**
 * How long this process's main thread has had a processor so far, in milliseconds (Linux; elsewhere all time counts). What
 * others do on a busy machine, and how quick its disk is, does not count.
 */
function processorMs(): number {
  const file = `/proc/self/task/${process.pid}/schedstat`;
  // proc(5): nanoseconds on a processor, nanoseconds waiting for one.
  return existsSync(file) ? Number(readFileSync(file, 'utf8').split(' ')[0]) / 1e6 : performance.now();
}

/**
 * How often the watch looks, in milliseconds. Steps between two looks are counted as one, so what it tells is too long by
 * this much at most; looking in every turn would keep the loop, and so a whole core, busy.
 */
const lookEveryMs = 2;

/** Watches how long the turns of this process's event loop are. */
export interface StepWatch {
  /** The longest since the last time that it was asked for, in milliseconds of a processor. */
  longestMs(): number;
  stop(): void;
}

/** Begins to watch. */
export function watchSteps(): StepWatch {
  let longest = 0;
  let before = processorMs();
  const look = () => {
    const now = processorMs();
    longest = Math.max(longest, now - before);
    before = now;
  };
  const looking = setInterval(look, lookEveryMs);
  return {
    longestMs() {
      look();
      const found = longest;
      longest = 0;
      return found;
    },
    stop() {
      look();
      clearInterval(looking);
    },
  };
}
