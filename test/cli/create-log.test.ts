import { PassThrough } from 'node:stream';
import { DiscordAPIError } from 'discord.js';
import { describe, expect, it } from 'vitest';
import { createLog } from '../../src/cli/create-log.ts';
import { UserError } from '../../src/errors.ts';

function logged(fields: object): { text: string; event: Record<string, unknown> } {
  const stream = new PassThrough();
  createLog('info', stream).info(fields, 'it happened');
  const text = String(stream.read());
  return { text, event: JSON.parse(text) as Record<string, unknown> };
}

describe('createLog', () => {
  it('writes a line of JSON with the fields', () => {
    expect(logged({ job: '7f3a91c2' }).event).toMatchObject({ job: '7f3a91c2', msg: 'it happened' });
  });

  it('writes an error with its chain of causes', () => {
    const err = new UserError('picture-host', 'not there', { cause: new Error('inner'), details: { host: 'x' } });
    expect(logged({ err }).event.err).toMatchObject({
      type: 'UserError',
      code: 'picture-host',
      details: { host: 'x' },
      cause: { message: 'inner' },
    });
  });

  it('writes neither the tokens nor the pictures that hang on Discord’s errors', () => {
    const request = { body: { content: 'words' }, files: [{ name: 'a.mp4', data: Buffer.from('picture bytes') }] };
    const url = 'https://discord.com/api/v10/webhooks/1/secret-token/messages/@original';
    const err = new DiscordAPIError({ code: 50_035, message: 'Invalid' }, 50_035, 400, 'PATCH', url, request);
    const { text, event } = logged({ err: new Error('outer', { cause: err }) });
    expect(event.err).toMatchObject({ cause: { code: 50_035, status: 400 } });
    expect(text).not.toMatch(/secret-token|requestBody|112,105,99/);
  });

  it('survives an error that is its own cause', () => {
    const err = new Error('round');
    err.cause = err;
    expect(logged({ err }).text).toContain('round');
  });

  it.each([
    ['the bot’s token', (told: string) => ({ told }), 'the-very-token-of-the-bot'],
    [
      'any bot’s token',
      (told: string) => ({ told }),
      'MTIzNDU2Nzg5MDEyMzQ1Njc4OQ.GabcdE.abcdefghijklmnopqrstuvwxyz-_0123456789',
    ],
    [
      'a token in a route',
      (told: string) => ({ err: new Error(`PATCH /webhooks/123456789012345678/${told}/messages/@original`) }),
      'tOken-0123456789_abc',
    ],
    [
      'a callback’s token',
      (told: string) => ({ url: `/interactions/123456789012345678/${told}/callback` }),
      'tOken-0123456789_abc',
    ],
    [
      'an interaction’s token by itself',
      (told: string) => ({ nested: { told: [told] } }),
      'aW50ZXJhY3Rpb246MTIzNDU2Nzg5MDEyMzQ1Njc4',
    ],
    [
      'a signed link',
      (told: string) => ({ err: new Error(`https://cdn.discordapp.com/attachments/1/2/a.png?${told}`) }),
      'ex=68f0&is=68e1&hm=0123abcd&',
    ],
    [
      'a signed link with a size before',
      (told: string) => ({ cause: `https://media.discordapp.net/a.png?width=9&${told}` }),
      'ex=68f0&is=68e1&hm=0123abcd',
    ],
    [
      'a header',
      (told: string) => ({ err: new Error('outer', { cause: new Error(`authorization: Bot ${told}`) }) }),
      'abcdefghijklmnop.qr',
    ],
  ])('takes %s out of a line, wherever it stands, and leaves the rest', (_, fields, secret) => {
    for (const format of ['json', 'pretty'] as const) {
      const stream = new PassThrough();
      const log = createLog('info', stream, { format, secrets: ['the-very-token-of-the-bot', 'short', undefined] });
      log.info({ job: '7f3a91c2', ...fields(secret) }, `it happened: short, and ${JSON.stringify(fields(secret))}`);
      const text = String(stream.read());
      expect(text).not.toContain(secret);
      expect(text).toMatch(/7f3a91c2/);
      expect(text).toContain('it happened: short');
      if (format === 'json') expect(() => JSON.parse(text)).not.toThrow();
    }
  });

  it('is for people on a terminal, and JSON elsewhere, unless it is told otherwise', () => {
    const written = (isTTY: boolean, format: 'auto' | 'json' | 'pretty') => {
      const stream = Object.assign(new PassThrough(), { isTTY });
      createLog('info', stream, { format }).warn(
        { job: '7f3a91c2', ms: 12, why: 'no "room"', deep: { a: 1 } },
        'it happened',
      );
      return String(stream.read());
    };
    expect(JSON.parse(written(false, 'auto'))).toMatchObject({
      level: 'warn',
      time: expect.stringMatching(/Z$/),
      msg: 'it happened',
    });
    expect(written(true, 'json')).toMatch(/^\{.*\}\n$/);
    expect(written(false, 'pretty')).toMatch(
      /^\d\d:\d\d:\d\d WARN {2}it happened job=7f3a91c2 ms=12 why="no \\"room\\"" deep=\{"a":1\}\n$/,
    );
    expect(written(true, 'auto')).toContain('\u001b[33mWARN');
  });

  it('shows people an error with its calls and causes, each on a line of its own', () => {
    const stream = new PassThrough();
    const err = new UserError('picture-host', 'not there', { cause: new Error('inner') });
    createLog('info', stream, { format: 'pretty' }).error({ err }, 'job failed');
    expect(String(stream.read())).toMatch(
      /^\S+ ERROR job failed\n {4}UserError \(picture-host\): not there\n {4}at .*\n( {4}at .*\n)* {4}caused by\n {4}Error: inner\n/,
    );
  });
});
