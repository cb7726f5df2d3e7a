import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FakeDiscord } from '../../src/fake-discord/types.ts';
import { startValidated } from './connect.ts';
import { rest } from './rest.ts';

const bytes = Uint8Array.from({ length: 1000 }, (_, index) => index % 256);

let fake: FakeDiscord;
let now: number;
let url: string;

beforeEach(async () => {
  now = Date.UTC(2026, 0, 1);
  fake = await startValidated({ now: () => now });
  const files = [{ name: 'my clip.mp4', bytes }];
  const { body } = await rest(fake, `POST /channels/${fake.channelId}/messages`, { body: {}, files });
  url = fake.message(String(body.id))?.attachments[0]?.url ?? '';
});

afterEach(() => fake.close());

describe('the CDN', () => {
  it('serves a file whole, with what a player needs to seek', async () => {
    const { status, headers, bytes: received } = await fake.download(url);
    expect(status).toBe(200);
    expect(Buffer.from(received).equals(bytes)).toBe(true);
    expect(Object.fromEntries(headers)).toMatchObject({
      'content-type': 'video/mp4',
      'content-length': '1000',
      'accept-ranges': 'bytes',
      'content-disposition': 'inline',
    });
    expect(new URL(url).pathname).toMatch(/^\/attachments\/\d+\/\d+\/my_clip\.mp4$/);
  });

  it.each([
    ['bytes=0-99', 206, 0, 100],
    ['bytes=900-', 206, 900, 1000],
    ['bytes=-10', 206, 990, 1000],
    ['bytes=990-5000', 206, 990, 1000],
    ['bytes=0-1,5-6', 200, 0, 1000],
    ['lines=1-2', 200, 0, 1000],
  ])('answers %s with %i', async (range, status, start, end) => {
    const part = await fake.download(url, range);
    expect(part.status).toBe(status);
    expect(Buffer.from(part.bytes).equals(bytes.subarray(start, end))).toBe(true);
    expect(part.headers.get('content-range')).toBe(status === 206 ? `bytes ${start}-${end - 1}/1000` : null);
  });

  it('answers a range beyond the end with 416', async () => {
    const { status, headers } = await fake.download(url, 'bytes=1000-');
    expect([status, headers.get('content-range')]).toEqual([416, 'bytes */1000']);
  });

  it('lets links expire, and gives fresh ones with the message', async () => {
    now += 24 * 3600 * 1000;
    expect((await fake.download(url)).status).toBe(404);
    const fresh = fake.messages()[0]?.attachments[0]?.url ?? '';
    expect((await fake.download(fresh)).status).toBe(200);
  });

  it('wants the signature', async () => {
    expect((await fake.download(url.replace(/hm=./, 'hm=x'))).status).toBe(404);
    expect((await fake.download(url.replace(/\?.*/, ''))).status).toBe(404);
  });
});
