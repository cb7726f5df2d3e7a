import type { Client } from 'discord.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { discordRateLimits } from '../../src/fake-discord/rate-limits.ts';
import type { FakeDiscord } from '../../src/fake-discord/types.ts';
import { clientFor, ready, startValidated } from './connect.ts';
import { registerPing, rest } from './rest.ts';

// https://docs.discord.com/developers/topics/rate-limits
let fake: FakeDiscord;
let now: number;
let client: Client | null = null;

beforeEach(async () => {
  now = Date.UTC(2026, 0, 1);
  fake = await startValidated({ now: () => now, invalidRequestLimit: 20 });
});

afterEach(async () => {
  await client?.destroy();
  client = null;
  await fake.close();
});

const messages = () => `/channels/${fake.channelId}/messages`;
const post = (channelId = fake.channelId) =>
  rest(fake, `POST /channels/${channelId}/messages`, { body: { content: 'x' } });

async function times<T>(count: number, call: () => Promise<T>): Promise<T[]> {
  const answers: T[] = [];
  for (let index = 0; index < count; index += 1) answers.push(await call());
  return answers;
}

describe("Discord's own limits", () => {
  beforeEach(() => fake.setRateLimits('discord'));

  it('allow 5 edits in 5 s per channel, whichever message it is', async () => {
    const [one, two] = [(await post()).body.id, (await post()).body.id];
    const edit = (id: unknown) => rest(fake, `PATCH ${messages()}/${id}`, { body: { content: 'y' } });
    const answers = [...(await times(3, () => edit(one))), ...(await times(3, () => edit(two)))];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 429]);
    expect(answers[4]?.headers.get('x-ratelimit-remaining')).toBe('0');
    const refused = answers[5];
    expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThan(3);
    expect(refused?.headers.get('x-ratelimit-scope')).toBe('user');
    expect(refused?.body).toMatchObject({ global: false });
    const elsewhere = fake.createChannel('elsewhere');
    expect((await post(elsewhere)).status).toBe(200);
    expect(fake.violations()).toEqual([]);
  });

  it('allow 5 edits in 5 s per interaction token', async () => {
    await registerPing(fake);
    const begin = async () => {
      const { id, token } = fake.invoke({ command: 'ping' });
      await rest(fake, `POST /interactions/${id}/${token}/callback`, { body: { type: 5 }, token: null });
      const path = `/webhooks/${fake.applicationId}/${token}/messages/%40original`;
      return () => rest(fake, `PATCH ${path}`, { body: { content: 'y' }, token: null });
    };
    const [edit, other] = [await begin(), await begin()];
    expect((await times(6, edit)).map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 429]);
    expect((await other()).status).toBe(200);
  });

  it('allow 50 authorised calls in a second, but interaction endpoints are not bound by that', async () => {
    expect(discordRateLimits.globalPerSecond).toBe(50);
    // Fewer here: a busy machine takes longer than a second for 50.
    fake.setRateLimits({ ...discordRateLimits, globalPerSecond: 5 });
    await registerPing(fake);
    const { id, token } = fake.invoke({ command: 'ping' });
    const paths = ['/users/@me', '/gateway/bot', `/channels/${fake.channelId}`, `/guilds/${fake.guildId}`];
    const calls = await Promise.all(Array.from({ length: 12 }, (_, index) => rest(fake, `GET ${paths[index % 4]}`)));
    const refused = calls.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused[0]?.body).toMatchObject({ global: true });
    expect(refused[0]?.headers.get('x-ratelimit-global')).toBe('true');
    expect(refused[0]?.headers.get('x-ratelimit-scope')).toBe('global');
    const callback = await rest(fake, `POST /interactions/${id}/${token}/callback`, { body: { type: 5 }, token: null });
    expect(callback.status).toBe(204);
    expect(fake.violations()).toEqual([]);
  });

  it('are kept by discord.js without a single 429', async () => {
    fake.setRateLimits({
      perRoute: { limit: 50, windowSeconds: 1 },
      messages: { limit: 5, windowSeconds: 0.3 },
      globalPerSecond: 50,
    });
    client = clientFor(fake, { rest: { api: fake.apiUrl, offset: 20 } });
    await ready(client, fake.token);
    const channel = await client.channels.fetch(fake.channelId);
    if (!channel?.isSendable()) throw new Error('not a text channel');
    const message = await channel.send('x');
    for (let index = 0; index < 11; index += 1) await message.edit('y');
    const statuses = fake.calls('PATCH /channels/:channel/messages/:message').map(({ status }) => status);
    expect(statuses).toEqual(Array(11).fill(200));
    expect(fake.invalidRequests()).toEqual({ total: 0, provoked: 0, unprovoked: {} });
  });
});

describe('the count of invalid requests', () => {
  it('has 401, 403 and 429, those provoked apart, but not what is shared, and only of ten minutes', async () => {
    await rest(fake, 'GET /users/@me', { token: 'wrong' });
    fake.setPermissions(fake.channelId, 0n);
    await times(2, () => post());
    fake.setPermissions(fake.channelId, (1n << 10n) | (1n << 11n));
    fake.failNext({ route: '*', status: 429 });
    await post();
    fake.failNext({ route: '*', status: 429, scope: 'shared' });
    await post();
    fake.failNext({ route: '*', status: 500 });
    await post();
    expect((await rest(fake, `GET ${messages()}/123456789012345678`)).status).toBe(403);
    expect(fake.invalidRequests()).toEqual({
      total: 5,
      provoked: 1,
      unprovoked: {
        '401 GET /users/@me': 1,
        '403 POST /channels/:channel/messages': 2,
        '403 GET /channels/:channel/messages/:message': 1,
      },
    });
    now += 10 * 60_000;
    expect(fake.invalidRequests().total).toBe(0);
  });

  it('is a violation when it comes near the ban, once', async () => {
    const wrong = () => rest(fake, 'GET /users/@me', { token: 'wrong' });
    await times(19, wrong);
    expect(fake.violations()).toEqual([]);
    await times(3, wrong);
    expect(fake.violations()).toEqual([expect.stringMatching(/^20 invalid requests/)]);
  });

  it('reaches no violation when the same is spread over time', async () => {
    for (let index = 0; index < 25; index += 1) {
      await rest(fake, 'GET /users/@me', { token: 'wrong' });
      now += 60_000;
    }
    expect(fake.violations()).toEqual([]);
  });
});
