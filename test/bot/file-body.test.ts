import { type InternalRequest, RequestMethod } from 'discord.js';
import { expect, it } from 'vitest';
import { withFileBody } from '../../src/bot/file-body.ts';

const data = Buffer.alloc(3 * 1024 * 1024, 5);

function requestOf(): InternalRequest {
  const files = [{ name: 'clip.mp4', data, contentType: 'video/mp4' }];
  return { method: RequestMethod.Patch, fullRoute: '/channels/1/messages/2', body: { content: 'Ready' }, files };
}

it('an upload reads the clip itself, a part at a time, as often as it is sent', async () => {
  const { body, files, passThroughBody } = withFileBody(requestOf());
  expect([files, passThroughBody]).toEqual([undefined, true]);
  const form = body as FormData;
  expect(JSON.parse(String(form.get('payload_json')))).toEqual({ content: 'Ready' });
  const file = form.get('files[0]') as File;
  expect([file.name, file.type, file.size]).toEqual(['clip.mp4', 'video/mp4', data.byteLength]);
  for (let sent = 0; sent < 2; sent++) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of file.stream() as unknown as AsyncIterable<Uint8Array>) chunks.push(chunk);
    expect(Buffer.concat(chunks).equals(data)).toBe(true);
    // Parts of the same memory.
    expect(chunks.every(({ buffer, byteLength }) => buffer === data.buffer && byteLength <= 256 * 1024)).toBe(true);
  }
});

it('a request without files stays as it is', () => {
  const request: InternalRequest = { method: RequestMethod.Get, fullRoute: '/users/@me' };
  expect(withFileBody(request)).toBe(request);
});
