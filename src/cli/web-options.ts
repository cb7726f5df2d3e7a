import { setTimeout as sleep } from 'node:timers/promises';
import type { RetryPolicy } from '../hub/http-client.ts';

/** Without a byte for so long, a connection counts as cut. */
export const idleTimeoutMs = 30_000;

/** Five further attempts within about a minute; a transfer that moved on in between starts counting anew. */
export const retryPolicy: RetryPolicy = {
  delaysMs: [1_000, 2_000, 5_000, 15_000, 30_000],
  sleep: (ms, signal) => sleep(ms, undefined, { signal }),
};
