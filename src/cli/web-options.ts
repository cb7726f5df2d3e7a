import { foregroundClock } from '../util/clock.ts';
import type { RetryOptions } from '../util/retry.ts';

/** Without a byte for so long, a connection counts as cut. */
export const idleTimeoutMs = 30_000;

/** Five further attempts within about a minute; a transfer that moved on in between starts counting anew. */
export const downloadRetry = {
  policy: { firstMs: 1_000, factor: 2.5, maxMs: 30_000, tries: 6 },
  clock: foregroundClock,
} as const satisfies Pick<RetryOptions, 'policy' | 'clock'>;
