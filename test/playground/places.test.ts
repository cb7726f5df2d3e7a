import { expect, it } from 'vitest';
import { isClip } from '../e2e/stage.ts';
import { startTinyRenderer } from '../e2e/tiny-renderer.ts';
import { playground } from './stage.ts';
import { type Visitor, visit } from './visit.ts';

const renderer = await startTinyRenderer();
const locale = 'en-US';

function channelNamed(visitor: Visitor, name: string) {
  return visitor.welcome.channels.find((channel) => channel.name === name)!;
}

/** Asks for a clip of a sample, and waits for it. */
async function animateIn(visitor: Visitor, channelId: string) {
  const files = { image: { sample: 'cat.jpg' } };
  await visitor.act({ do: 'invoke', command: 'animate', options: {}, files, locale, channelId });
  return visitor.see((message) => isClip(message) && message.channel_id === channelId);
}

it('a visitor starts a thread and posts to the forum, others see both at once, and the bot makes clips there', async () => {
  const { url } = await playground(renderer);
  const [ada, bruno] = [await visit(url), await visit(url)];
  const general = channelNamed(ada, 'general').id;
  const thread = await ada.act({ do: 'createThread', channelId: general, name: 'rockets' });
  const seen = await bruno.waitFor((message) =>
    message.kind === 'channels' ? message.channels.find(({ id }) => id === thread.channelId) : undefined,
  );
  expect(seen).toMatchObject({ name: 'rockets', kind: 'guild', shape: 'thread', parentId: general, archived: false });
  await animateIn(bruno, thread.channelId);

  const forum = channelNamed(ada, 'requests');
  expect(forum.shape).toBe('forum');
  const files = [{ sample: 'cat.jpg' }];
  const asked = { do: 'createPost', channelId: forum.id, name: 'My cat', content: 'please', files } as const;
  const post = await bruno.act(asked);
  const { id: messageId } = await ada.see(({ channel_id }) => channel_id === post.channelId);
  await ada.act({ do: 'react', messageId, emoji: '🎬' });
  await ada.see((message) => isClip(message) && message.channel_id === post.channelId);
  await expect(ada.act({ ...asked, channelId: general })).rejects.toThrow('only be done in a forum');
  await expect(ada.act({ do: 'createThread', channelId: forum.id, name: 'x' })).rejects.toThrow(
    'only be done in a text',
  );
});

it('an archived thread takes no commands until somebody writes in it', async () => {
  const { url } = await playground(renderer);
  const ada = await visit(url);
  const { id: channelId } = channelNamed(ada, 'test clips');
  const isArchived = (archived: boolean) =>
    ada.waitFor((message) =>
      message.kind === 'channels'
        ? message.channels.find((channel) => channel.id === channelId && channel.archived === archived)
        : undefined,
    );
  await ada.act({ do: 'archiveThread', channelId, archived: true });
  await isArchived(true);
  await expect(animateIn(ada, channelId)).rejects.toThrow('archived');
  await ada.act({ do: 'postMessage', channelId, content: 'hello again', files: [] });
  const { welcome } = await visit(url, { user: ada.welcome.user.id });
  expect(welcome.channels.find(({ id }) => id === channelId)?.archived).toBe(false);
  await animateIn(ada, channelId);
});

it('in the second server the bot is no member, but answers whoever has the app for themselves', async () => {
  const { url, discord } = await playground(renderer);
  const ada = await visit(url);
  const elsewhere = ada.welcome.channels.filter(({ kind }) => kind === 'elsewhere');
  expect(elsewhere.map(({ name, shape }) => `${name} ${shape}`)).toEqual(['elsewhere text']);
  const clip = await animateIn(ada, elsewhere[0]!.id);
  expect(clip.interaction_metadata).toMatchObject({ authorizing_integration_owners: { 1: ada.welcome.user.id } });
  const bruno = await visit(url);
  expect(bruno.welcome.messages.map(({ id }) => id)).toContain(clip.id);
  const settings = { do: 'invoke', command: 'kinora-config show', options: {}, files: {}, locale } as const;
  await expect(ada.act({ ...settings, channelId: elsewhere[0]!.id })).rejects.toThrow('not offered here');
  expect(discord.invalidRequests().unprovoked).toEqual({});
});

it('whoever moderates may delete what others wrote, and is a moderator to the bot as well', async () => {
  const { url } = await playground(renderer);
  const [ada, bruno] = [await visit(url), await visit(url)];
  const channelId = channelNamed(ada, 'general').id;
  const { messageId } = await ada.act({ do: 'postMessage', channelId, content: 'look', files: [] });
  const remove = { do: 'deleteMessage', messageId } as const;
  await expect(bruno.act(remove)).rejects.toThrow('Only who wrote a message and moderators');
  await bruno.act({ do: 'moderate', moderator: true });
  await bruno.act(remove);
  expect((await visit(url, { user: bruno.welcome.user.id })).welcome).toMatchObject({ moderator: true, admin: false });

  const clip = await animateIn(ada, channelId);
  await bruno.act({ do: 'react', messageId: clip.id, emoji: '❌' });
  await ada.waitFor(
    ({ kind, ...rest }) => (kind === 'change' && JSON.stringify(rest).includes('message-delete')) || undefined,
  );
  await bruno.act({ do: 'moderate', moderator: false });
  const other = await ada.act({ do: 'postMessage', channelId, content: 'again', files: [] });
  await expect(bruno.act({ ...remove, messageId: other.messageId })).rejects.toThrow('Only who wrote');
});

it('another app’s message has its picture among its components, at an address of the page, and can be animated', async () => {
  const { url } = await playground(renderer);
  const ada = await visit(url);
  const { id } = channelNamed(ada, 'daily-picture');
  const [message] = ada.welcome.messages.filter(({ channel_id }) => channel_id === id);
  expect(message).toMatchObject({ attachments: [], author: { bot: true, username: 'Picture of the Day' } });
  const path = /"url":"(\/attachments\/[^"]+)"/.exec(JSON.stringify(message?.components))?.[1];
  const picture = await fetch(new URL(path!, url));
  expect(picture.headers.get('content-type')).toBe('image/jpeg');
  await ada.act({ do: 'invokeMessageCommand', command: 'Animate', targetMessageId: message!.id, locale });
  await ada.see((answer) => isClip(answer) && answer.channel_id === id);
});
