import { describe, expect, it } from 'vitest';
import type { FakeDiscord } from '../../src/fake-discord/types.ts';
import { createScriptedRenderer } from '../support/scripted-renderer.ts';
import { clipOf, failureOf, setStage, smallPicture } from './stage.ts';

const [view, send, attach, history, sendInThreads, manageThreads] = [10n, 11n, 15n, 16n, 38n, 34n].map(
  (bit) => 1n << bit,
) as [bigint, bigint, bigint, bigint, bigint, bigint];

/** A bot that hears reactions, or one that does not. */
async function stage({ hearsReactions = false } = {}) {
  const renderer = createScriptedRenderer();
  const discord = { messageContentIntent: true };
  const set = await setStage({ renderer, discord, config: hearsReactions ? { reactionEmoji: '🎬' } : {} });
  const asOwner = async (command: string, options: Record<string, string | boolean>) => {
    const handle = set.discord.invoke({ command, options, user: set.discord.ownerId });
    await handle.waitForMessage(({ content }) => content !== '');
  };
  return { renderer, ...set, asOwner };
}

const asked = { command: 'animate', attachments: { image: smallPicture } };

/** Threads that the client knows, and others of which no event ever told it. */
const threads: [string, (discord: FakeDiscord, parentId: string) => string][] = [
  ['a known thread', (discord, parentId) => discord.createThread({ name: 'talk', parentId })],
  ['an unknown thread', (discord, parentId) => discord.createThread({ name: 'talk', parentId, announced: false })],
];

/** Both ways to ask in a thread: each gives what it is told or made. */
const ways: [string, (discord: FakeDiscord, channelId: string) => void][] = [
  ['/animate', (discord, channelId) => void discord.invoke({ ...asked, channelId })],
  [
    'the reaction',
    (discord, channelId) => {
      const { id } = discord.postMessage({ attachments: [smallPicture], channelId });
      discord.react({ messageId: id, emoji: '🎬' });
    },
  ],
];

const cases = threads.flatMap(([where, make]) =>
  ways.map(([how, ask]) => ({ where, how, make, ask, hearsReactions: how === 'the reaction' })),
);

describe.each(cases)('in $where, by $how', ({ make, ask, hearsReactions }) => {
  it('Send Messages in Threads is what the bot needs, and Send Messages is not', async () => {
    const { discord, renderer } = await stage({ hearsReactions });
    const parentId = discord.createChannel('studio');
    discord.setPermissions(parentId, view | sendInThreads | attach | history);
    ask(discord, make(discord, parentId));
    (await renderer.begun(0)).finish();
    await clipOf(discord);
  });

  it('Send Messages alone is refused, with the name of what is missing', async () => {
    const { discord, renderer } = await stage({ hearsReactions });
    const parentId = discord.createChannel('studio');
    discord.setPermissions(parentId, view | send | attach | history);
    ask(discord, make(discord, parentId));
    const { content } = await discord.waitForMessage((message) => message.content.startsWith('⚠️'));
    expect(content).toContain('Send Messages in Threads');
    expect(renderer.renders).toEqual([]);
  });

  it('what holds for its channel holds for it: allowed channels, and those for adults', async () => {
    const { discord, renderer, asOwner } = await stage({ hearsReactions });
    const adults = discord.createChannel('adults', { nsfw: true });
    await asOwner('kinora-config set', { 'age-restricted-only': true });
    await asOwner('kinora-config allow', { channel: adults });
    ask(discord, make(discord, adults));
    (await renderer.begun(0)).finish();
    await clipOf(discord);

    ask(discord, make(discord, discord.channelId));
    const { content } = await discord.waitForMessage((message) => message.content.startsWith('⚠️'));
    expect(content).toContain(`be made in: <#${adults}>`);
    expect(renderer.renders).toHaveLength(1);
  });
});

it('a forum’s post is a thread of the forum', async () => {
  const { discord, renderer, asOwner } = await stage();
  const forumId = discord.createForum('help');
  await asOwner('kinora-config allow', { channel: forumId });
  for (const [index, announced] of [true, false].entries()) {
    const post = discord.createForumPost({ forumId, name: 'My cat', attachments: [smallPicture], announced });
    const handle = discord.invokeMessageCommand({ command: 'Animate', targetMessageId: post.id });
    (await renderer.begun(index)).finish();
    await clipOf(handle);
  }
});

it('in a private thread without the bot, it answers by the token alone and never tries the channel', async () => {
  const { discord, renderer } = await stage();
  const channelId = discord.createThread({ name: 'us', type: 'private' });
  const handle = discord.invoke({ ...asked, channelId });
  const render = await renderer.begun(0);
  await handle.waitForMessage(({ content }) => content !== '');
  discord.expireToken(handle.id);
  render.finish();
  const clip = await discord.waitForMessage(({ attachments, author }) => author.bot === true && attachments.length > 0);
  expect(clip.channel_id).not.toBe(channelId);
  expect(discord.invalidRequests().unprovoked).not.toHaveProperty('403 PATCH /channels/:channel/messages/:message');
});

it('in a private thread that the bot was added to, a clip outlives the token', async () => {
  const { discord, renderer } = await stage();
  const channelId = discord.createThread({ name: 'us and it', type: 'private', botIsMember: true });
  const handle = discord.invoke({ ...asked, channelId });
  const render = await renderer.begun(0);
  const { id } = await handle.waitForMessage(({ content }) => content !== '');
  discord.expireToken(handle.id);
  render.finish();
  expect((await clipOf(discord)).id).toBe(id);
});

it('a locked thread is refused at once, unless the bot may manage threads', async () => {
  const { discord, renderer } = await stage();
  const channelId = discord.createThread({ name: 'closed' });
  discord.setThread(channelId, { locked: true });
  const refused = discord.invoke({ ...asked, channelId, locale: 'es-ES' });
  const { content, flags } = await failureOf(refused);
  expect(content).toContain('Este hilo está bloqueado');
  expect(flags & 64).toBe(64);

  discord.setPermissions(discord.channelId, view | sendInThreads | attach | history | manageThreads);
  const taken = discord.invoke({ ...asked, channelId });
  (await renderer.begun(0)).finish();
  await clipOf(taken);
});

it('a thread that is archived while the clip is made gets it all the same', async () => {
  const { discord, renderer } = await stage();
  const channelId = discord.createThread({ name: 'quiet' });
  discord.invoke({ ...asked, channelId });
  const render = await renderer.begun(0);
  discord.setThread(channelId, { archived: true });
  render.finish();
  expect((await clipOf(discord)).channel_id).toBe(channelId);
});

it('a button under a clip works in an unknown thread', async () => {
  const { discord, renderer } = await stage();
  const channelId = discord.createThread({ name: 'talk', announced: false });
  const handle = discord.invoke({ ...asked, channelId });
  (await renderer.begun(0)).finish();
  const clip = await clipOf(handle);
  const again = clip.components.flatMap((row) => row.components ?? []).find(({ label }) => label === 'Again');
  const press = discord.clickButton({ messageId: clip.id, customId: again?.custom_id ?? '' });
  (await renderer.begun(1)).finish();
  await clipOf(press);
});
