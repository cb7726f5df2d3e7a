import { expect, it } from 'vitest';
import { isClip, smallPicture } from '../e2e/stage.ts';
import { startTinyRenderer } from '../e2e/tiny-renderer.ts';
import { ownChecker, playground } from './stage.ts';
import { buttonOf, type Visitor, visit } from './visit.ts';

const renderer = await startTinyRenderer();
const locale = 'en-US';

/** Asks for a clip of a sample in the server's first channel. */
function animate(visitor: Visitor, seed: number, more: { locale?: string; channelId?: string } = {}) {
  return visitor.act({
    do: 'invoke',
    command: 'animate',
    options: { seed },
    files: { image: { sample: 'cat.jpg' } },
    locale,
    channelId: visitor.welcome.channels[0]!.id,
    ...more,
  });
}

async function upload(url: string, name = smallPicture.name): Promise<{ fileId: string }> {
  const headers = { origin: url.slice(0, -1) };
  const body = Buffer.from(smallPicture.bytes);
  return (await fetch(`${url}files?name=${name}`, { method: 'POST', body, headers })).json() as Promise<{
    fileId: string;
  }>;
}

it('a visitor gives a second picture for `end`, and the clip ends with it', async () => {
  const { url } = await playground(renderer);
  const visitor = await visit(url);
  const files = { image: { sample: 'cat.jpg' }, end: { sample: 'rocket.jpg' } };
  await visitor.act({
    do: 'invoke',
    command: 'animate',
    options: { seed: 8 },
    files,
    locale,
    channelId: visitor.welcome.channels[0]!.id,
  });
  const clip = await visitor.see(isClip);
  await visitor.act({ do: 'clickButton', messageId: clip.id, customId: buttonOf(clip, 'Settings'), locale });
  const settings = await visitor.see(({ content }) => content.includes('/animate '));
  expect(settings.content).toContain('/animate end:end.png ');
});

it('a visitor types /animate, watches the progress, and gets a clip that seeks and can be saved', async () => {
  const { url } = await playground(renderer, { bot: ownChecker });
  const ada = await visit(url);
  const { welcome } = ada;
  expect(welcome).toMatchObject({
    admin: true,
    botState: 'ready',
    reactionEmoji: '🎬',
    uploadLimitBytes: 20 * 2 ** 20,
  });
  expect(welcome.user.global_name).toBe('Ada');
  expect(welcome.bot.bot).toBe(true);
  expect(welcome.channels[0]).toMatchObject({ name: 'general', kind: 'guild', shape: 'text' });
  expect(welcome.channels.at(-1)).toMatchObject({ name: 'Kinora', kind: 'dm' });
  expect(welcome.commands.map(({ name }) => name)).toContain('animate');
  expect(welcome.samples.map(({ name }) => name)).toContain('cat.jpg');
  expect(welcome.model.name).toBe('tiny');

  const hold = renderer.hold();
  const { acknowledgement } = await animate(ada, 5);
  expect(acknowledgement).toMatchObject({ type: 5, ephemeral: false });
  await hold.reached;
  await ada.see(({ content }) => content.includes('step 1'));
  hold.release();
  const clip = await ada.see(isClip);
  expect(clip.content).toContain('seed 5');

  const path = clip.attachments[0]!.url;
  expect(path).toMatch(/^\/attachments\/\d+\/\d+\/kinora-[^/]*\.mp4\?key=[\w-]{22}$/);
  const whole = await fetch(new URL(path, url));
  expect(whole.headers.get('content-type')).toBe('video/mp4');
  const bytes = Buffer.from(await whole.arrayBuffer());
  const part = await fetch(new URL(path, url), { headers: { range: 'bytes=4-7' } });
  expect([part.status, await part.text()]).toEqual([206, 'ftyp']);
  expect(part.headers.get('content-range')).toBe(`bytes 4-7/${bytes.length}`);
  const saved = await fetch(new URL(`${path}&download=1`, url), { method: 'HEAD' });
  expect(saved.headers.get('content-disposition')).toMatch(/^attachment; filename\*=UTF-8''kinora-.*\.mp4$/);
  expect((await fetch(new URL(path.replace(/key=.*/, 'key=guessed'), url))).status).toBe(404);

  // The page is loaded anew: the same person, the same conversation, the same addresses.
  const again = await visit(url, { user: welcome.user.id });
  expect(again.welcome.user.id).toBe(welcome.user.id);
  expect(again.welcome.messages.at(-1)?.attachments[0]?.url).toBe(path);
});

it('a second window is a second person, with a place of their own in the queue, in their own language', async () => {
  const { url } = await playground(renderer);
  const ada = await visit(url);
  const hold = renderer.hold();
  await animate(ada, 1);
  await hold.reached;
  await animate(ada, 2);
  await ada.see(({ content }) => content.includes('position: 1'));

  const bruno = await visit(url);
  expect(bruno.welcome).toMatchObject({ admin: false, user: { global_name: 'Bruno' } });
  const here = bruno.welcome.channels[0]!.id;
  expect(bruno.welcome.messages.filter(({ channel_id }) => channel_id === here)).toHaveLength(2);
  await animate(bruno, 3, { locale: 'es-ES' });
  // Fair: everybody's first clip goes before anybody's second.
  await ada.see(({ content }) => content.includes('Posición en la cola: 1'));
  await ada.see(({ content }) => content.includes('position: 2'));
  const third = await visit(url);
  const users = await ada.waitFor((message) => (message.kind === 'users' ? message.users : undefined));
  expect(users.map(({ id }) => id)).toContain(third.welcome.user.id);
  hold.release();
  await bruno.see((message) => isClip(message) && message.content.includes('semilla 3'));
});

it('others neither see nor reach what only one person can see', async () => {
  const { url } = await playground(renderer);
  const [ada, bruno] = [await visit(url), await visit(url)];
  const channelId = ada.welcome.channels[0]!.id;
  const show = { do: 'invoke', channelId, command: 'kinora-config show', options: {}, files: {}, locale } as const;
  const { acknowledgement } = await ada.act(show);
  expect(acknowledgement).toMatchObject({ type: 4, ephemeral: true });
  const secret = await ada.see(({ flags }) => (flags & 64) !== 0);
  await expect(bruno.act(show)).rejects.toThrow('may not use kinora-config');
  await expect(bruno.act({ do: 'deleteMessage', messageId: secret.id })).rejects.toThrow('not there any more');
  await expect(bruno.act({ do: 'react', messageId: secret.id, emoji: '👀' })).rejects.toThrow('not there any more');
  await expect(ada.act({ do: 'react', messageId: secret.id, emoji: '👀' })).rejects.toThrow('take no reactions');

  // A conversation with the bot is one person's own, too.
  const dm = ada.welcome.channels.at(-1)!.id;
  await ada.act({ do: 'postMessage', channelId: dm, content: 'between us', files: [] });
  const elsewhere = bruno.act({ do: 'postMessage', channelId: dm, content: 'hello', files: [] });
  await expect(elsewhere).rejects.toThrow('no such channel');
  await ada.act({ do: 'deleteMessage', messageId: secret.id });
  await ada.waitFor((message) => (message.kind === 'change' && message.change.kind === 'message-delete') || undefined);

  // What everybody sees ends the row: everything before it has arrived.
  await ada.act({ do: 'postMessage', channelId, content: 'hello all', files: [] });
  await bruno.see(({ content }) => content === 'hello all');
  expect(bruno.changes().map(({ kind }) => kind)).toEqual(['message-create']);
  const { messages } = (await visit(url, { user: bruno.welcome.user.id })).welcome;
  expect(messages.filter(({ channel_id }) => [channelId, dm].includes(channel_id))).toHaveLength(1);
});

it('autocomplete, buttons, forms and the message command go through the bot', async () => {
  const { url } = await playground(renderer);
  const ada = await visit(url);
  const channelId = ada.welcome.channels[1]!.id;
  const asked = { do: 'autocomplete', channelId, command: 'animate', options: { motion: 'str' } } as const;
  const { choices } = await ada.act({ ...asked, focused: 'motion', locale: 'es-ES' });
  expect(choices.length).toBeGreaterThan(0);

  const { messageId } = await ada.act({ do: 'postMessage', channelId, content: '', files: [await upload(url)] });
  const posted = await ada.see(({ id }) => id === messageId);
  expect(posted.attachments[0]).toMatchObject({ filename: 'small.png', content_type: 'image/png', width: 64 });
  await ada.act({ do: 'invokeMessageCommand', command: 'Animate', targetMessageId: messageId, locale });
  const clip = await ada.see(isClip);

  const press = { do: 'clickButton', messageId: clip.id, customId: buttonOf(clip, 'Edit'), locale } as const;
  const { interactionId, acknowledgement } = await ada.act(press);
  expect(acknowledgement.modal?.title).toBe('Edit the settings');
  const form = { do: 'submitModal', interactionId, values: { motion: '40', loop: 'ping-pong' } } as const;
  const bruno = await visit(url);
  await expect(bruno.act(form)).rejects.toThrow('not open any more');
  await ada.act(form);
  await ada.see(
    (message) =>
      isClip(message) && message.content.includes('Edited') && message.attachments[0]!.filename.includes('motion40'),
  );
  await expect(ada.act({ ...press, customId: 'unknown' })).rejects.toThrow('has not just one unknown');
});

it('a reaction starts the bot, in the server and in a conversation with it; ❌ takes the clip away', async () => {
  const { url } = await playground(renderer);
  const ada = await visit(url);
  const [, gallery] = ada.welcome.channels;
  for (const { id: channelId } of [gallery!, ada.welcome.channels.at(-1)!]) {
    const { messageId } = await ada.act({
      do: 'postMessage',
      channelId,
      content: 'look',
      files: [{ sample: 'cat.jpg' }],
    });
    await ada.act({ do: 'react', messageId, emoji: '🎬' });
    const clip = await ada.see((message) => isClip(message) && message.channel_id === channelId);
    const { welcome } = await visit(url, { user: ada.welcome.user.id });
    const post = welcome.messages.find(({ id }) => id === messageId);
    expect(post?.reactions?.[0]).toMatchObject({ count: 1, me: true });
    await ada.act({ do: 'react', messageId: clip.id, emoji: '❌' });
    await ada.waitFor(({ kind, ...rest }) => (kind === 'change' && isDeletion(rest, clip.id)) || undefined);
  }
});

function isDeletion(message: object, messageId: string): boolean {
  return JSON.stringify(message).includes('"message-delete"') && JSON.stringify(message).includes(messageId);
}
