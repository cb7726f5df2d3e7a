import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/** How late the machine wakes a thread that does nothing else, in milliseconds. */
export interface WakeDelays {
  median: number;
  p99: number;
}

/** A thread with a timer every 10 ms, which tells how late the timer was. */
const source = `
const { monitorEventLoopDelay } = require('node:perf_hooks');
const { parentPort } = require('node:worker_threads');
const resolution = 10;
const histogram = monitorEventLoopDelay({ resolution });
histogram.enable();
parentPort.once('message', () => {
  histogram.disable();
  const lateMs = (percent) => Math.max(0, Math.round(histogram.percentile(percent) / 1e6 - resolution));
  parentPort.postMessage({ median: lateMs(50), p99: lateMs(99) });
});`;

/**
 * Measures how late threads are woken up while everything else runs: what answers take beyond that is the bot's doing,
 * the rest the machine's.
 */
export function watchWakeDelays(): { stop(): Promise<WakeDelays> } {
  const thread = new Worker(source, { eval: true });
  return {
    async stop() {
      const answer = once(thread, 'message');
      thread.postMessage('stop');
      const [delays] = (await answer) as [WakeDelays];
      await thread.terminate();
      return delays;
    },
  };
}
