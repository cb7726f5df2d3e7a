import { type Client, Events, GatewayIntentBits } from 'discord.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FakeDiscord } from '../../src/fake-discord/types.ts';
import { clientFor, ready, startValidated } from './connect.ts';

let fake: FakeDiscord;
let client: Client;

beforeAll(async () => {
  fake = await startValidated({ messageContentIntent: true });
  // Without the GuildMessages intent the message is not in the client's cache: the reaction comes as partials.
  const intents = [
    GatewayIntentBits.Guilds,
    GatewayIntentBits.GuildMessageReactions,
    GatewayIntentBits.DirectMessageReactions,
    GatewayIntentBits.MessageContent,
  ];
  client = clientFor(fake, { intents });
  await ready(client, fake.token);
});

afterAll(async () => {
  await client.destroy();
  await fake.close();
});

describe('reactions', () => {
  it('arrive for messages the client never saw, and lead to their attachments', async () => {
    const { id } = fake.postMessage({ content: 'cat', attachments: [{ name: 'cat.png', bytes: new Uint8Array(4) }] });
    const added = new Promise<string | undefined>((resolve, reject) => {
      client.once(Events.MessageReactionAdd, (reaction, user) => {
        expect([reaction.partial, reaction.emoji.name, user.id]).toEqual([true, '🎬', fake.userId]);
        reaction.message
          .fetch()
          .then((message) => resolve(message.attachments.first()?.name))
          .catch(reject);
      });
    });
    fake.react({ messageId: id, emoji: '🎬' });
    expect(await added).toBe('cat.png');
    const removed = new Promise((resolve) => client.once(Events.MessageReactionRemove, resolve));
    fake.unreact({ messageId: id, emoji: '🎬' });
    await removed;
    expect(fake.violations()).toEqual([]);
  });

  it("are set and taken back by the bot, others' only with permission", async () => {
    const { id } = fake.postMessage({ content: 'x', place: 'guild' });
    const channel = await client.channels.fetch(fake.channelId);
    if (!channel?.isSendable()) throw new Error('not a text channel');
    const message = await channel.messages.fetch(id);
    const reaction = await message.react('👀');
    expect(fake.message(id)?.reactions).toMatchObject([{ emoji: { name: '👀' }, count: 1, me: true }]);
    fake.react({ messageId: id, emoji: '👀' });
    expect((await reaction.users.fetch()).size).toBe(2);
    await expect(reaction.users.remove(fake.userId)).rejects.toMatchObject({ code: 50013 });
    await reaction.users.remove();
    expect(fake.message(id)?.reactions).toMatchObject([{ count: 1, me: false }]);
    expect(fake.violations()).toEqual([]);
  });

  it('arrive from the DM with the bot, once the client knows that channel', async () => {
    // discord.js drops reactions in DM channels that it has not seen: nothing in the event says what kind of channel it is.
    await client.users.createDM(fake.userId);
    const { id } = fake.postMessage({ content: 'x', place: 'dm' });
    const added = new Promise((resolve) =>
      client.once(Events.MessageReactionAdd, ({ message }) => resolve([message.id, message.guildId])),
    );
    fake.react({ messageId: id, emoji: '🎬' });
    expect(await added).toEqual([id, null]);
    expect(fake.violations()).toEqual([]);
  });
});
