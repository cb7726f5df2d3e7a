import { describe, expect, it } from 'vitest';
import { JobCancelledError } from '../../src/errors.ts';
import { createWaker, type RetryOptions, type RetryPolicy, retry, retryDelayMs } from '../../src/util/retry.ts';
import { createFakeClock } from '../support/fake-clock.ts';

const policy: RetryPolicy = { firstMs: 1_000, factor: 2, maxMs: 10_000 };

/** Work that fails so often, and when it was tried, in seconds since the start. */
function setUp(failures: number, options: Partial<RetryOptions> = {}) {
  const clock = createFakeClock();
  const startMs = clock.now();
  const triedAt: number[] = [];
  const done = retry(
    async () => {
      triedAt.push((clock.now() - startMs) / 1000);
      if (triedAt.length <= failures) throw new Error(`failure ${triedAt.length}`);
      return 'done';
    },
    { clock, policy, random: () => 0, ...options },
  );
  done.catch(() => {});
  return { clock, done, triedAt };
}

describe('retry', () => {
  it('waits twice as long after each failure, up to the longest wait', async () => {
    const { clock, done, triedAt } = setUp(6);
    await clock.advance(60_000);
    await expect(done).resolves.toBe('done');
    expect(triedAt).toEqual([0, 1, 3, 7, 15, 25, 35]);
  });

  it('goes on for as long as it takes where no number of tries is given', async () => {
    const { clock, done } = setUp(1_000);
    await clock.advance(3 * 3_600_000);
    await expect(done).resolves.toBe('done');
  });

  it('gives up with the last error after its tries', async () => {
    const { clock, done, triedAt } = setUp(9, { policy: { ...policy, tries: 3 } });
    await clock.advance(60_000);
    await expect(done).rejects.toThrow('failure 3');
    expect(triedAt).toEqual([0, 1, 3]);
  });

  it('does not repeat what another try cannot mend', async () => {
    const { done, triedAt } = setUp(9, { shouldRetry: (error) => !String(error).includes('failure 1') });
    await expect(done).rejects.toThrow('failure 1');
    expect(triedAt).toEqual([0]);
  });

  it('tells of each wait before it begins', async () => {
    const told: unknown[] = [];
    const { clock } = setUp(2, { onRetry: (error, wait) => told.push([String(error), wait]) });
    await clock.advance(60_000);
    expect(told).toEqual([
      ['Error: failure 1', { failures: 1, delayMs: 1_000 }],
      ['Error: failure 2', { failures: 2, delayMs: 2_000 }],
    ]);
  });

  it.each([
    ['as long as the other side asks', 7_000, 7],
    ['not less than its own wait', 500, 1],
    ['not longer than two minutes, whatever is asked', 999_999_999, 120],
    ['its own wait where what is asked is no number', Number.NaN, 1],
  ])('waits %s', async (_, retryAfterMs, seconds) => {
    const { clock, triedAt } = setUp(1, { retryAfterMs: () => retryAfterMs });
    await clock.advance(200_000);
    expect(triedAt).toEqual([0, seconds]);
  });

  it('tries at once when it is woken, and waits on as before after that', async () => {
    const waker = createWaker();
    const { clock, triedAt } = setUp(3, { waker });
    await clock.advance(500);
    waker.wake();
    await clock.advance(0);
    await clock.advance(2_000);
    expect(triedAt).toEqual([0, 0.5, 2.5]);
  });

  it('ends in its wait when it is cancelled, and says what failed', async () => {
    const abort = new AbortController();
    const { clock, done, triedAt } = setUp(9, { signal: abort.signal });
    await clock.advance(500);
    abort.abort();
    const error: unknown = await done.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(JobCancelledError);
    expect(error).toMatchObject({ cause: { message: 'failure 1' } });
    await clock.advance(60_000);
    expect(triedAt).toEqual([0]);
    expect(clock.pending()).toBe(0);
  });

  it('does nothing where it is cancelled already', async () => {
    const { done, triedAt } = setUp(0, { signal: AbortSignal.abort() });
    await expect(done).rejects.toBeInstanceOf(JobCancelledError);
    expect(triedAt).toEqual([]);
  });

  it('takes a failure without an error for one', async () => {
    const clock = createFakeClock();
    let tries = 0;
    const done = retry(() => (++tries === 1 ? Promise.reject() : Promise.resolve('done')), { clock, policy });
    await clock.advance(1_000);
    await expect(done).resolves.toBe('done');
  });
});

describe('the wait between two tries', () => {
  it('is shortened by chance, by no more than its share', () => {
    const waits = [0, 0.5, 1].map((chance) => retryDelayMs({ ...policy, jitter: 0.4 }, 1, () => chance));
    expect(waits).toEqual([1_000, 800, 600]);
    expect(retryDelayMs(policy, 50, () => 1)).toBe(8_000);
    expect(retryDelayMs({ ...policy, jitter: 0 }, 2, () => 1)).toBe(2_000);
  });
});
