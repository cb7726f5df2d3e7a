import { DiscordAPIError, HTTPError } from 'discord.js';
import { describe, expect, it } from 'vitest';
import { isTransient } from '../../src/bot/discord-errors.ts';

function reset(): Error {
  const cause = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
  return new TypeError('fetch failed', { cause });
}

describe('isTransient', () => {
  it('tells a bad moment from a bad request', () => {
    expect(isTransient(reset())).toBe(true);
    expect(isTransient(new HTTPError(503, 'Service Unavailable', 'PATCH', 'https://discord.invalid', {}))).toBe(true);
    expect(isTransient(Object.assign(new Error('This operation was aborted'), { name: 'AbortError' }))).toBe(true);
    expect(isTransient(new HTTPError(404, 'Not Found', 'GET', 'https://discord.invalid', {}))).toBe(false);
    expect(isTransient(new TypeError('x is not a function'))).toBe(false);
  });

  it('does not take what Discord refuses for a bad moment', () => {
    const body = { code: 50_013, message: 'Missing Permissions' };
    expect(isTransient(new DiscordAPIError(body, 50_013, 403, 'PATCH', 'https://discord.invalid', {}))).toBe(false);
  });
});
