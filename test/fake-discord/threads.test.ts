import { type Client, Events, type Interaction } from 'discord.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FakeDiscord } from '../../src/fake-discord/types.ts';
import { clientFor, ready, startValidated } from './connect.ts';
import { registerPing, rest } from './rest.ts';

// https://docs.discord.com/developers/topics/threads
let fake: FakeDiscord;
let client: Client | null = null;

beforeEach(async () => {
  fake = await startValidated();
  await registerPing(fake);
});

afterEach(async () => {
  expect(fake.violations()).toEqual([]);
  await client?.destroy();
  client = null;
  await fake.close();
});

const post = (channelId: string) => rest(fake, `POST /channels/${channelId}/messages`, { body: { content: 'x' } });
const edit = (channelId: string, messageId: unknown) =>
  rest(fake, `PATCH /channels/${channelId}/messages/${messageId}`, { body: { content: 'y' } });
const remove = (channelId: string, messageId: unknown) =>
  rest(fake, `DELETE /channels/${channelId}/messages/${messageId}`);
const isArchived = async (threadId: string) =>
  ((await rest(fake, `GET /channels/${threadId}`)).body.thread_metadata as { archived: boolean }).archived;

/** A client that has no partial channels, as the bot without reactions. */
async function connect(): Promise<Client> {
  client = clientFor(fake, { partials: [] });
  await ready(client, fake.token);
  return client;
}

describe('an archived thread', () => {
  it('takes deletions, but neither edits nor reactions (50083), and a new message wakes it', async () => {
    const threadId = fake.createThread({ name: 'old' });
    const [kept, deleted] = [(await post(threadId)).body.id, (await post(threadId)).body.id];
    fake.setThread(threadId, { archived: true });
    expect(await edit(threadId, kept)).toMatchObject({ status: 400, body: { code: 50083 } });
    const reaction = `/channels/${threadId}/messages/${kept}/reactions/%F0%9F%91%80/@me`;
    expect(await rest(fake, `PUT ${reaction}`)).toMatchObject({ status: 400, body: { code: 50083 } });
    expect((await remove(threadId, deleted)).status).toBe(204);
    expect(await isArchived(threadId)).toBe(true);
    expect((await post(threadId)).status).toBe(200);
    expect(await isArchived(threadId)).toBe(false);
    expect((await edit(threadId, kept)).status).toBe(200);
  });

  it('refuses edits by the token of an interaction too, and follow-ups wake it', async () => {
    const threadId = fake.createThread({ name: 'old' });
    const { id, token } = fake.invoke({ command: 'ping', channelId: threadId });
    await rest(fake, `POST /interactions/${id}/${token}/callback`, { body: { type: 5 }, token: null });
    fake.setThread(threadId, { archived: true });
    const webhook = `/webhooks/${fake.applicationId}/${token}`;
    const body = { content: 'clip' };
    const edited = await rest(fake, `PATCH ${webhook}/messages/%40original`, { body, token: null });
    expect(edited).toMatchObject({ status: 400, body: { code: 50083 } });
    expect((await post(threadId)).status).toBe(200);
    expect((await rest(fake, `PATCH ${webhook}/messages/%40original`, { body, token: null })).status).toBe(200);
  });

  it('has no commands for people', () => {
    const threadId = fake.createThread({ name: 'old', archived: true });
    expect(() => fake.invoke({ command: 'ping', channelId: threadId })).toThrow(/archived/);
  });
});

describe('a locked thread', () => {
  it('takes neither messages nor edits (160005) but with MANAGE_THREADS', async () => {
    const threadId = fake.createThread({ name: 'closed' });
    const { id } = (await post(threadId)).body;
    fake.setThread(threadId, { locked: true });
    expect(await post(threadId)).toMatchObject({ status: 400, body: { code: 160005 } });
    expect(await edit(threadId, id)).toMatchObject({ status: 400, body: { code: 160005 } });
    fake.setPermissions(fake.channelId, (1n << 10n) | (1n << 38n) | (1n << 34n));
    expect((await post(threadId)).status).toBe(200);
    expect((await edit(threadId, id)).status).toBe(200);
  });

  it('that is archived as well is not woken, and nothing in it is deleted', async () => {
    const threadId = fake.createThread({ name: 'closed' });
    const { id } = (await post(threadId)).body;
    fake.setThread(threadId, { locked: true, archived: true });
    expect((await post(threadId)).body.code).toBe(160005);
    expect((await remove(threadId, id)).body.code).toBe(50083);
    expect(await isArchived(threadId)).toBe(true);
  });
});

describe('sending in threads', () => {
  it('needs SEND_MESSAGES_IN_THREADS and not SEND_MESSAGES', async () => {
    const threadId = fake.createThread({ name: 'talk' });
    const [view, send, sendInThreads] = [1n << 10n, 1n << 11n, 1n << 38n];
    fake.setPermissions(fake.channelId, view | send);
    expect((await post(fake.channelId)).status).toBe(200);
    expect((await post(threadId)).body.code).toBe(50013);
    fake.setPermissions(fake.channelId, view | sendInThreads);
    expect((await post(fake.channelId)).body.code).toBe(50013);
    expect((await post(threadId)).status).toBe(200);
  });

  it('is 50001 in a private thread that the bot was not added to', async () => {
    const threadId = fake.createThread({ name: 'us', type: 'private' });
    expect(await post(threadId)).toMatchObject({ status: 403, body: { code: 50001 } });
    const added = fake.createThread({ name: 'us and it', type: 'private', botIsMember: true });
    expect((await post(added)).status).toBe(200);
  });
});

describe('the client', () => {
  it('caches threads that are active or made while it looks, and not the others', async () => {
    const active = fake.createThread({ name: 'active' });
    const archived = fake.createThread({ name: 'archived', archived: true });
    const unknown = fake.createThread({ name: 'unknown', announced: false });
    const connected = await connect();
    const made = new Promise<string>((resolve) => connected.once(Events.ThreadCreate, ({ id }) => resolve(id)));
    expect(fake.createThread({ name: 'new' })).toBe(await made);
    expect([active, archived, unknown].map((id) => connected.channels.cache.has(id))).toEqual([true, false, false]);
  });

  it('learns what an uncached thread is from the raw payload alone', async () => {
    const threadId = fake.createThread({ name: 'unknown', announced: false });
    const connected = await connect();
    const arrived = new Promise<Interaction>((resolve) => connected.once(Events.InteractionCreate, resolve));
    const raw = new Promise<unknown>((resolve) =>
      connected.on(Events.Raw, (packet: { t: string; d: { channel?: unknown } }) => {
        if (packet.t === 'INTERACTION_CREATE') resolve(packet.d.channel);
      }),
    );
    fake.invoke({ command: 'ping', channelId: threadId });
    const { channel, channelId } = await arrived;
    expect([channel, channelId]).toEqual([null, threadId]);
    expect(await raw).toMatchObject({ id: threadId, type: 11, parent_id: fake.channelId, name: 'unknown' });
  });
});

describe('a forum', () => {
  it('takes no messages itself (50008); its posts are threads whose first message has their id', async () => {
    const forumId = fake.createForum('help');
    expect(await post(forumId)).toMatchObject({ status: 400, body: { code: 50008 } });
    const message = fake.createForumPost({ forumId, name: 'My cat', content: 'look' });
    expect(message.id).toBe(message.channel_id);
    const { body } = await rest(fake, `GET /channels/${message.channel_id}`);
    expect(body).toMatchObject({ type: 11, parent_id: forumId, applied_tags: [], message_count: 1 });
    expect((await rest(fake, `GET /channels/${forumId}`)).body).toMatchObject({ type: 15 });
  });

  it.each(['voice', 'announcement', 'stage', 'media'] as const)('is one of the types besides %s', async (type) => {
    const connected = await connect();
    const made = new Promise((resolve) => connected.once(Events.ChannelCreate, ({ id }) => resolve(id)));
    expect(fake.createChannel(type, { type, nsfw: true })).toBe(await made);
  });
});
