import { DiscordAPIError, HTTPError } from 'discord.js';
import { describe, expect, it } from 'vitest';
import { withBackOff } from '../../src/bot/back-off.ts';
import { isTransient } from '../../src/bot/discord-errors.ts';
import { JobCancelledError } from '../../src/errors.ts';
import { createFakeClock } from '../support/fake-clock.ts';

const serverError = () => new HTTPError(503, 'Service Unavailable', 'PATCH', 'https://discord.invalid', {});

function reset(): Error {
  const cause = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
  return new TypeError('fetch failed', { cause });
}

describe('withBackOff', () => {
  it('outlives a minute of failures, with growing waits', async () => {
    const clock = createFakeClock();
    const startMs = clock.now();
    const triedAt: number[] = [];
    const done = withBackOff(
      async () => {
        triedAt.push((clock.now() - startMs) / 1000);
        if (triedAt.length < 6) throw triedAt.length % 2 ? serverError() : reset();
        return 'sent';
      },
      { clock, onRetry: () => {} },
    );
    await clock.advance(120_000);
    await expect(done).resolves.toBe('sent');
    expect(triedAt).toEqual([0, 1, 4, 12, 32, 77]);
  });

  it('gives up in the end with the last error', async () => {
    const clock = createFakeClock();
    const done = withBackOff(() => Promise.reject(serverError()), { clock, onRetry: () => {} });
    done.catch(() => {});
    await clock.advance(600_000);
    await expect(done).rejects.toBeInstanceOf(HTTPError);
  });

  it('goes on for ever where that is asked for', async () => {
    const clock = createFakeClock();
    let isDown = true;
    const done = withBackOff(
      async () => {
        if (isDown) throw reset();
        return 'sent';
      },
      { clock, isEndless: true, onRetry: () => {} },
    );
    await clock.advance(6 * 3_600_000);
    isDown = false;
    await clock.advance(60_000);
    await expect(done).resolves.toBe('sent');
  });

  it('does not repeat what Discord refuses', async () => {
    let tries = 0;
    const refused = new DiscordAPIError(
      { code: 50_013, message: 'Missing Permissions' },
      50_013,
      403,
      'PATCH',
      'https://discord.invalid',
      {},
    );
    const work = () => {
      tries++;
      return Promise.reject(refused);
    };
    await expect(withBackOff(work, { clock: createFakeClock(), onRetry: () => {} })).rejects.toBe(refused);
    expect(tries).toBe(1);
  });

  it('does not outlast the bot', async () => {
    const abort = new AbortController();
    const options = { clock: createFakeClock(), onRetry: () => abort.abort(), signal: abort.signal };
    await expect(withBackOff(() => Promise.reject(reset()), options)).rejects.toBeInstanceOf(JobCancelledError);
  });
});

describe('isTransient', () => {
  it('tells a bad moment from a bad request', () => {
    expect(isTransient(reset())).toBe(true);
    expect(isTransient(Object.assign(new Error('This operation was aborted'), { name: 'AbortError' }))).toBe(true);
    expect(isTransient(new HTTPError(404, 'Not Found', 'GET', 'https://discord.invalid', {}))).toBe(false);
    expect(isTransient(new TypeError('x is not a function'))).toBe(false);
  });
});
