import { type Client, Events, type Interaction } from 'discord.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FakeDiscord } from '../../src/fake-discord/types.ts';
import { clientFor, ready, startValidated } from './connect.ts';
import { registerPing, rest } from './rest.ts';

let fake: FakeDiscord;
let now: number;
let client: Client | null = null;

beforeEach(async () => {
  now = Date.UTC(2026, 0, 1);
  fake = await startValidated({ now: () => now });
  await registerPing(fake);
});

afterEach(async () => {
  expect(fake.violations()).toEqual([]);
  await client?.destroy();
  client = null;
  await fake.close();
});

const messages = () => `/channels/${fake.channelId}/messages`;
const post = (content: string) => rest(fake, `POST ${messages()}`, { body: { content } });
const callback = ({ id, token }: { id: string; token: string }, body: unknown = { type: 5 }) =>
  rest(fake, `POST /interactions/${id}/${token}/callback`, { body, token: null });
const original = (method: string, token: string, content?: string) =>
  rest(fake, `${method} /webhooks/${fake.applicationId}/${token}/messages/%40original`, {
    ...(content === undefined ? {} : { body: { content } }),
    token: null,
  });

/** What a client hears of an interaction. */
async function heard(act: () => unknown): Promise<Interaction> {
  client = clientFor(fake, { partials: [] });
  const connected = client;
  await ready(connected, fake.token);
  const arrived = new Promise<Interaction>((resolve) => connected.once(Events.InteractionCreate, resolve));
  act();
  return arrived;
}

// https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-object
describe('installation', () => {
  it("with commands alone names the guild as owner although the bot is not in it, and the bot's token opens nothing", async () => {
    const interaction = await heard(() => fake.invoke({ command: 'ping', place: 'commands-only' }));
    const { guildId, context, authorizingIntegrationOwners: owners, channelId } = interaction;
    expect([context, owners[0], owners[1]]).toEqual([0, guildId, undefined]);
    expect([interaction.guild, interaction.inGuild(), interaction.inCachedGuild()]).toEqual([null, true, false]);
    expect(await rest(fake, `GET /channels/${channelId}`)).toMatchObject({ status: 403, body: { code: 50001 } });
    expect((await rest(fake, `GET /guilds/${guildId}`)).body.code).toBe(50001);
    // Only what a user alone installed is limited to five follow-ups.
    expect((await callback(interaction, { type: 4, data: { content: 'hi' } })).status).toBe(204);
    const follow = () =>
      rest(fake, `POST /webhooks/${fake.applicationId}/${interaction.token}`, { body: { content: 'x' }, token: null });
    for (let index = 0; index < 6; index += 1) expect((await follow()).status).toBe(200);
  });

  it('by the user alone names the user, and by both names both', async () => {
    const owners = (place: 'guild' | 'user-install') => {
      const { id } = fake.invoke({ command: 'ping', place });
      const created = fake.exchanges().flatMap((exchange) => {
        const d = exchange.kind === 'gateway' ? exchange.payload.d : null;
        return typeof d === 'object' && d !== null && 'id' in d && d.id === id ? [d] : [];
      });
      return created[0]?.authorizing_integration_owners;
    };
    await heard(() => fake.invoke({ command: 'ping' }));
    expect(owners('user-install')).toEqual({ 1: fake.userId });
    expect(owners('guild')).toEqual({ 0: fake.guildId });
    fake.installForUser();
    expect(owners('guild')).toEqual({ 0: fake.guildId, 1: fake.userId });
  });
});

// https://docs.discord.com/developers/change-log: 27 June 2024
describe('AutoMod', () => {
  beforeEach(() => fake.setAutoMod(fake.channelId, /darn/i));

  it('refuses new messages and edits that match with 400/200000, and leaves the old text', async () => {
    expect(await post('Darn it')).toMatchObject({ status: 400, body: { code: 200000 } });
    const { id } = (await post('fine')).body;
    const edit = await rest(fake, `PATCH ${messages()}/${id}`, { body: { embeds: [{ title: 'darn' }] } });
    expect(edit).toMatchObject({ status: 400, body: { code: 200000 } });
    expect(fake.message(String(id))).toMatchObject({ content: 'fine', embeds: [] });
    fake.setAutoMod(fake.channelId, null);
    expect((await post('Darn it')).status).toBe(200);
  });

  it('refuses the edit of a deferred answer, which stays "thinking", but nothing ephemeral', async () => {
    const handle = fake.invoke({ command: 'ping' });
    await callback(handle);
    expect((await original('PATCH', handle.token, 'darn')).body.code).toBe(200000);
    expect(handle.original()).toMatchObject({ content: '', flags: 128 });
    const hidden = fake.invoke({ command: 'ping' });
    await callback(hidden, { type: 5, data: { flags: 64 } });
    expect((await original('PATCH', hidden.token, 'darn')).status).toBe(200);
  });
});

describe('a 502 after Discord took the first answer', () => {
  it('makes the same call 40060, while the message is there to be fetched and edited', async () => {
    fake.failNext({ route: 'POST /interactions/:interaction/:token/callback', status: 502, afterEffect: true });
    const handle = fake.invoke({ command: 'ping' });
    expect((await callback(handle)).status).toBe(502);
    expect(await callback(handle)).toMatchObject({ status: 400, body: { code: 40060 } });
    expect((await original('GET', handle.token)).body).toMatchObject({ flags: 128 });
    expect((await original('PATCH', handle.token, 'done')).status).toBe(200);
  });
});

// https://docs.discord.com/developers/resources/channel#channel-object
describe('slow mode', () => {
  it('makes people wait, and bots are unaffected', async () => {
    fake.setSlowMode(fake.channelId, 30);
    fake.postMessage({ content: 'one' });
    expect(() => fake.postMessage({ content: 'two' })).toThrow(/slow mode/i);
    expect([(await post('a')).status, (await post('b')).status]).toEqual([200, 200]);
    expect((await rest(fake, `GET /channels/${fake.channelId}`)).body.rate_limit_per_user).toBe(30);
    now += 30_000;
    fake.postMessage({ content: 'two' });
  });
});

// https://docs.discord.com/developers/events/gateway#sharding
describe('more than 2,500 guilds', () => {
  const noWait = { buildIdentifyThrottler: async () => ({ waitForIdentify: async () => undefined }) };

  it('close one session with 4011', async () => {
    fake.setGuildCount(2501);
    client = clientFor(fake);
    const failed = new Promise((resolve) => client?.once(Events.Error, resolve));
    const login = client.login(fake.token).catch((error: unknown) => error);
    expect(String(await Promise.race([failed, login]))).toMatch(/shard/i);
    expect((await rest(fake, 'GET /gateway/bot')).body.shards).toBe(3);
  });

  it('take shards, each of which hears of its own guilds, and the first one of DMs', async () => {
    fake.setGuildCount(2501);
    client = clientFor(fake, { shards: 'auto', ws: noWait });
    const connected = client;
    await ready(connected, fake.token);
    expect(connected.ws.shards.size).toBe(3);
    const own = Number((BigInt(fake.guildId) >> 22n) % 3n);
    expect(connected.guilds.cache.get(fake.guildId)?.shardId).toBe(own);
    const count = async (act: () => void) => {
      let messages = 0;
      connected.on(Events.MessageCreate, () => (messages += 1));
      const arrived = new Promise((resolve) => connected.once(Events.MessageCreate, resolve));
      act();
      await arrived;
      await rest(fake, 'GET /users/@me');
      return messages;
    };
    expect(await count(() => fake.postMessage({ content: 'x' }))).toBe(1);
    expect(await count(() => fake.postMessage({ content: 'x', place: 'dm' }))).toBe(1);
  });

  it('may be 2,500 in one session', async () => {
    fake.setGuildCount(2500);
    client = clientFor(fake);
    await ready(client, fake.token);
  });
});

// https://docs.discord.com/developers/reference#file-type-filtering
describe('file_types', () => {
  const declare = (types: string[]) =>
    rest(fake, `PUT /applications/${fake.applicationId}/commands`, {
      body: [
        { name: 'a', description: 'x', options: [{ type: 11, name: 'image', description: 'x', file_types: types }] },
      ],
    });
  const invoke = (name: string) =>
    fake.invoke({ command: 'a', attachments: { image: { name, bytes: new Uint8Array(1) } } });

  it('look at the extension alone', async () => {
    const { status, body } = await declare(['image', '.PDF']);
    expect([status, (body as unknown as [{ options: [{ file_types: string[] }] }])[0].options[0].file_types]).toEqual([
      200,
      ['image', '.pdf'],
    ]);
    for (const name of ['cat.AVIF', 'cat.jfif', 'not-a-picture.png', 'doc.pdf']) invoke(name);
    for (const name of ['clip.mp4', 'cat', 'cat.heic']) expect(() => invoke(name)).toThrow(/takes only image, .pdf/);
  });
});

it("the limit of an attachment is today's 20 MiB", async () => {
  const interaction = await heard(() => fake.invoke({ command: 'ping' }));
  expect(interaction.attachmentSizeLimit).toBe(20 * 1024 * 1024);
});

describe("a command of a person's menu", () => {
  it('brings that person, whose avatar the CDN has', async () => {
    const bytes = new Uint8Array(8).fill(7);
    const bob = fake.createUser('Bob', { avatar: bytes });
    await rest(fake, `PUT /applications/${fake.applicationId}/commands`, {
      body: [{ name: 'Animate avatar', type: 2 }],
    });
    const act = () => fake.invokeUserCommand({ command: 'Animate avatar', targetUserId: bob.id });
    const interaction = await heard(act);
    if (!interaction.isUserContextMenuCommand()) throw new Error('not a user command');
    expect([interaction.targetId, interaction.targetMember !== null]).toEqual([bob.id, true]);
    expect(interaction.targetUser.avatar).toBe(bob.avatar);
    const file = await fake.download(`${fake.cdnUrl}/avatars/${bob.id}/${bob.avatar}.png?size=1024`);
    expect([file.status, Buffer.from(file.bytes).equals(bytes)]).toEqual([200, true]);
    expect((await callback(interaction, { type: 4, data: { content: 'hi' } })).status).toBe(204);
    expect(fake.messages()[0]).toMatchObject({ type: 23, interaction_metadata: { target_user: { id: bob.id } } });
  });
});
