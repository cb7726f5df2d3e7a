import { type Client, DiscordAPIError, PermissionFlagsBits } from 'discord.js';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { FakeDiscord } from '../../src/fake-discord/types.ts';
import { clientFor, ready, startValidated } from './connect.ts';

let fake: FakeDiscord;
let client: Client;

beforeAll(async () => {
  fake = await startValidated();
  client = clientFor(fake);
  await ready(client, fake.token);
});

afterEach(() => expect(fake.violations()).toEqual([]));

afterAll(async () => {
  await client.destroy();
  await fake.close();
});

async function channel() {
  const found = await client.channels.fetch(fake.channelId);
  if (!found?.isSendable()) throw new Error('not a text channel');
  return found;
}

const { ViewChannel, SendMessages, AttachFiles, ReadMessageHistory } = PermissionFlagsBits;
const all = ViewChannel | SendMessages | AttachFiles | ReadMessageHistory;
const postRoute = 'POST /channels/:channel/messages';
const file = (sizeBytes: number) => ({ files: [{ attachment: Buffer.alloc(sizeBytes), name: 'clip.mp4' }] });

describe('faults', () => {
  it('429 makes the client wait for as long as the header says, once', async () => {
    fake.failNext({ route: postRoute, status: 429, retryAfterSeconds: 0.3 });
    const before = fake.calls(postRoute).length;
    const start = performance.now();
    await (await channel()).send('after all');
    expect(performance.now() - start).toBeGreaterThan(280);
    expect(
      fake
        .calls(postRoute)
        .slice(before)
        .map(({ status }) => status),
    ).toEqual([429, 200]);
  });

  it('5xx is tried again', async () => {
    fake.failNext({ route: postRoute, status: 500, times: 2 });
    const before = fake.calls(postRoute).length;
    await (await channel()).send('third time');
    expect(
      fake
        .calls(postRoute)
        .slice(before)
        .map(({ status }) => status),
    ).toEqual([500, 500, 200]);
  });

  it('a cut connection reaches the bot as an error', async () => {
    fake.failNext({ route: postRoute, resetConnection: true });
    await expect((await channel()).send('lost')).rejects.toThrow();
    expect(fake.messages().some(({ content }) => content === 'lost')).toBe(false);
    expect(fake.calls(postRoute).at(-1)).toMatchObject({ status: 0, requestBody: { content: 'lost' } });
  });

  it('a failure after the effect posts twice, but not with enforceNonce', async () => {
    const count = (text: string) => fake.messages().filter(({ content }) => content === text).length;
    const target = await channel();
    fake.failNext({ route: postRoute, status: 502, afterEffect: true });
    await target.send('twice');
    expect(count('twice')).toBe(2);
    fake.failNext({ route: postRoute, status: 502, afterEffect: true });
    await target.send({ content: 'once', nonce: 'job-1', enforceNonce: true });
    expect(count('once')).toBe(1);
  });

  it('files over the limit are 413/40005', async () => {
    fake.setAttachmentSizeLimit(1000);
    const target = await channel();
    const error = await target.send(file(1001)).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(DiscordAPIError);
    expect(error).toMatchObject({ code: 40005, status: 413 });
    expect((await target.send(file(1000))).attachments.size).toBe(1);
    fake.setAttachmentSizeLimit(20 * 1024 * 1024);
  });

  it('permissions that are taken away are refused and seen by the client', async () => {
    const target = await channel();
    const permissions = (bits: bigint) => {
      fake.setPermissions(fake.channelId, bits);
      return new Promise((resolve) => client.once('channelUpdate', resolve));
    };
    await permissions(all & ~AttachFiles);
    if (!('permissionsFor' in target)) throw new Error('not a guild channel');
    expect(target.permissionsFor(client.user ?? '')?.has('AttachFiles')).toBe(false);
    await expect(target.send(file(1))).rejects.toMatchObject({ code: 50013 });
    await permissions(0n);
    await expect(target.send('x')).rejects.toMatchObject({ code: 50001 });
    await permissions(all);
  });

  it('deleted messages are 10008, others not to be edited 50005', async () => {
    const target = await channel();
    const mine = await target.send('soon gone');
    fake.deleteMessage({ messageId: mine.id });
    await expect(mine.edit('too late')).rejects.toMatchObject({ code: 10008 });
    const theirs = await target.messages.fetch(fake.postMessage({ content: 'hi' }).id);
    await expect(theirs.edit('mine now')).rejects.toMatchObject({ code: 50005 });
  });
});

describe('messages', () => {
  it('keep, replace and drop attachments as the body says', async () => {
    const target = await channel();
    const names = (id: string) => fake.message(id)?.attachments.map(({ filename }) => filename);
    const message = await target.send({ files: [{ attachment: Buffer.from('a'), name: 'a.txt' }] });
    await message.edit('text alone');
    expect(names(message.id)).toEqual(['a.txt']);
    await message.edit({ files: [{ attachment: Buffer.from('b'), name: 'b.txt' }] });
    expect(names(message.id)).toEqual(['b.txt']);
    await message.edit({
      attachments: [...message.attachments.keys()].map((id) => ({ id })),
      files: [{ attachment: Buffer.from('c'), name: 'c.txt' }],
    });
    expect(names(message.id)).toEqual(['b.txt', 'c.txt']);
    await message.edit({ attachments: [] });
    expect(names(message.id)).toEqual([]);
  });

  it('reply, ping as allowed, and show pictures of their own in embeds', async () => {
    const target = await channel();
    const asked = fake.postMessage({ content: 'please' });
    const reply = await target.send({
      content: `<@${fake.userId}> done`,
      reply: { messageReference: asked.id },
      allowedMentions: { parse: [], repliedUser: true },
      embeds: [{ title: 'Still', image: { url: 'attachment://still.png' } }],
      files: [{ attachment: Buffer.from('x'), name: 'still.png' }],
    });
    const stored = fake.message(reply.id);
    expect(stored).toMatchObject({ type: 19, referenced_message: { id: asked.id }, attachments: [] });
    expect(stored?.mentions.map(({ id }) => id)).toEqual([fake.userId]);
    expect(reply.embeds[0]?.image?.url).toContain(`http://${fake.cdnHost}/attachments/`);
    const listed = await target.messages.fetch({ limit: 2 });
    expect([...listed.keys()]).toEqual([reply.id, asked.id]);
  });
});
