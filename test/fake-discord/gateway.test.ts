import { type Client, Events, GatewayIntentBits, type Message } from 'discord.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FakeDiscord } from '../../src/fake-discord/types.ts';
import { clientFor, ready, startValidated } from './connect.ts';

let fake: FakeDiscord;
let client: Client;

beforeEach(async () => {
  fake = await startValidated();
  client = clientFor(fake);
});

afterEach(async () => {
  await client.destroy();
  await fake.close();
});

function nextMessage(from: Client): Promise<Message> {
  return new Promise((resolve) => from.once(Events.MessageCreate, resolve));
}

describe('the gateway', () => {
  it('makes the client ready in well under 5 s, with its guild', async () => {
    const start = performance.now();
    await ready(client, fake.token);
    expect(performance.now() - start).toBeLessThan(4000);
    const guild = client.guilds.cache.get(fake.guildId);
    expect(guild).toMatchObject({ available: true, memberCount: 3 });
    const channel = guild?.channels.cache.get(fake.channelId);
    expect(channel?.permissionsFor(client.user ?? '')?.has(['ViewChannel', 'AttachFiles'])).toBe(true);
    expect(fake.violations()).toEqual([]);
  });

  it('replays to a client that resumes what it missed', async () => {
    await ready(client, fake.token);
    const received: string[] = [];
    client.on(Events.MessageCreate, ({ id }) => received.push(id));
    const resumed = new Promise((resolve) => client.once(Events.ShardResume, resolve));
    fake.dropGateway();
    await fake.waitForChange((change) => change.kind === 'gateway' && change.state === 'closed');
    const missed = [fake.postMessage({ content: 'one' }), fake.postMessage({ content: 'two' })];
    await resumed;
    expect(received).toEqual(missed.map(({ id }) => id));
    const opcodes = fake.exchanges().map((exchange) => (exchange.kind === 'gateway' ? exchange.payload.op : null));
    expect(opcodes.filter((opcode) => opcode === 2)).toHaveLength(1);
    expect(opcodes.filter((opcode) => opcode === 6)).toHaveLength(1);
    expect(fake.violations()).toEqual([]);
  });

  it('asks to reconnect (op 7), after which the client resumes', async () => {
    await ready(client, fake.token);
    const resumed = fake.waitForChange((change) => change.kind === 'gateway' && change.state === 'resumed');
    fake.reconnectRequest();
    await resumed;
    const message = nextMessage(client);
    fake.postMessage({ content: 'still there?' });
    expect((await message).channelId).toBe(fake.channelId);
    expect(fake.violations()).toEqual([]);
  });

  it('forgets the session when it is invalidated, after which the client identifies anew', async () => {
    client = clientFor(fake, {
      ws: { buildIdentifyThrottler: async () => ({ waitForIdentify: async () => undefined }) },
    });
    await ready(client, fake.token);
    const readyAgain = fake.waitForChange((change) => change.kind === 'gateway' && change.state === 'ready');
    fake.invalidateSession();
    await readyAgain;
    const message = nextMessage(client);
    fake.postMessage({ content: 'hello again' });
    await message;
    expect(fake.violations()).toEqual([]);
  });

  it('closes with 4014 for an intent that the portal has not switched on', async () => {
    client = clientFor(fake, { intents: [GatewayIntentBits.Guilds, GatewayIntentBits.MessageContent] });
    // discord.js throws from a timer of its own when nobody listens for the shard's error.
    const closed = new Promise((resolve) => client.once(Events.Error, resolve));
    const login = client.login(fake.token);
    const outcome = await Promise.race([closed, login.catch((error: unknown) => error)]);
    expect(String(outcome)).toMatch(/disallowed intents/i);
  });

  it('refuses a wrong token before anything is identified', async () => {
    await expect(client.login(fake.token.replace('GkInRa', 'GkInRb'))).rejects.toThrow(/invalid token/i);
  });
});

describe('message content', () => {
  const image = { name: 'cat.png', bytes: new Uint8Array(3) };

  it("is withheld without the intent, but for DMs, mentions and the bot's own", async () => {
    await ready(client, fake.token);
    const read = async (post: () => unknown): Promise<unknown[]> => {
      const message = nextMessage(client);
      post();
      const { content, attachments } = await message;
      return [content, attachments.size];
    };
    const attachments = [image];
    expect(await read(() => fake.postMessage({ content: 'secret', attachments }))).toEqual(['', 0]);
    const mention = `<@${fake.botUserId}> look`;
    expect(await read(() => fake.postMessage({ content: mention, attachments }))).toEqual([mention, 1]);
    expect(await read(() => fake.postMessage({ content: 'hi', attachments, place: 'dm' }))).toEqual(['hi', 1]);
    const posted = fake.postMessage({ content: 'secret', attachments });
    const channel = await client.channels.fetch(fake.channelId);
    if (!channel?.isSendable()) throw new Error('not a text channel');
    const fetched = await channel.messages.fetch({ message: posted.id, force: true });
    expect([fetched.content, fetched.attachments.size]).toEqual(['', 0]);
    const { id } = await channel.send('mine');
    expect((await channel.messages.fetch({ message: id, force: true })).content).toBe('mine');
    expect(fake.violations()).toEqual([]);
  });

  it('is there with the intent', async () => {
    const open = await startValidated({ messageContentIntent: true });
    client = clientFor(open, {
      intents: [GatewayIntentBits.Guilds, GatewayIntentBits.GuildMessages, GatewayIntentBits.MessageContent],
    });
    await ready(client, open.token);
    const message = nextMessage(client);
    open.postMessage({ content: 'open', attachments: [image] });
    const { content, attachments } = await message;
    expect([content, attachments.size]).toEqual(['open', 1]);
    expect(open.violations()).toEqual([]);
    await open.close();
  });
});
