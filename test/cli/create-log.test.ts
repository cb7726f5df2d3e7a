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
    expect(logged({ jobId: '7f3a91c2' }).event).toMatchObject({ jobId: '7f3a91c2', msg: 'it happened' });
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
});
