import { expect, it } from 'vitest';
import { createScriptedRenderer } from '../support/scripted-renderer.ts';
import { clipOf, type StageOptions, setStage, smallPicture } from './stage.ts';

const config = { reactionEmoji: '🎬' };

async function stageWith(messageContentIntent: boolean, more: Partial<StageOptions> = {}) {
  const renderer = createScriptedRenderer();
  const stage = await setStage({ renderer, config, discord: { messageContentIntent }, ...more });
  return { ...stage, renderer };
}

it('makes a clip of the picture under the emoji, also of a message it never saw, and answers that message', async () => {
  const { discord, renderer, stopBot, startBot } = await stageWith(true);
  await stopBot();
  const bob = discord.createUser('bob').id;
  const { id } = discord.postMessage({ attachments: [smallPicture], user: bob });
  await startBot();
  discord.react({ messageId: id, emoji: '🎬' });
  const render = await renderer.begun(0);
  expect(Buffer.compare(render.spec.picture, smallPicture.bytes)).toBe(0);
  render.finish();
  const clip = await clipOf(discord);
  expect(clip.message_reference).toMatchObject({ message_id: id });

  // ❌: not by a stranger, but by the requester.
  discord.react({ messageId: clip.id, emoji: '❌', user: bob });
  discord.react({ messageId: id, emoji: '👍' });
  const gone = discord.waitForChange((change) => change.kind === 'message-delete' && change.messageId === clip.id);
  discord.react({ messageId: clip.id, emoji: '❌' });
  await gone;
  expect(renderer.renders).toHaveLength(1);
});

it('❌ by a moderator takes away a clip of any door', async () => {
  const { discord, renderer } = await stageWith(false);
  const handle = discord.invoke({ command: 'animate', attachments: { image: smallPicture } });
  (await renderer.begun(0)).finish();
  const clip = await clipOf(handle);
  const gone = discord.waitForChange((change) => change.kind === 'message-delete' && change.messageId === clip.id);
  discord.react({ messageId: clip.id, emoji: '❌', user: discord.ownerId });
  await gone;
});

it('explains once, and only once, that it may not see pictures, in the server’s language', async () => {
  const { discord, renderer, stopBot, startBot } = await stageWith(false, {
    discord: { messageContentIntent: false, guildLocale: 'es-ES' },
  });
  const first = discord.postMessage({ attachments: [smallPicture] });
  discord.react({ messageId: first.id, emoji: '🎬' });
  const told = await discord.waitForMessage(({ content }) => content.includes('Message Content Intent'));
  expect(told.content).toContain('Aplicaciones → Animar');
  expect(told.message_reference).toMatchObject({ message_id: first.id });

  await stopBot();
  await startBot();
  const second = discord.postMessage({ attachments: [smallPicture] });
  discord.react({ messageId: second.id, emoji: '🎬' });
  // A third event that is answered shows that the second was heard and kept silent.
  const { id } = discord.postMessage({ attachments: [smallPicture], place: 'dm' });
  discord.react({ messageId: id, emoji: '🎬' });
  (await renderer.begun(0)).finish();
  await clipOf(discord);
  const explained = discord.messages().filter(({ content }) => content.includes('Message Content Intent'));
  expect(explained).toHaveLength(1);
});

it('says in its answer what is wrong with a picture', async () => {
  const { discord, renderer } = await stageWith(true);
  const { id } = discord.postMessage({ attachments: [{ name: 'fake.png', bytes: Buffer.from('no picture at all') }] });
  discord.react({ messageId: id, emoji: '🎬' });
  const { content } = await discord.waitForMessage((message) => message.content.startsWith('⚠️'));
  expect(content).toContain('That file is not a picture');
  expect(renderer.renders).toEqual([]);
});

it('does not hear reactions unless the operator names an emoji', async () => {
  const renderer = createScriptedRenderer();
  const { discord } = await setStage({ renderer, discord: { messageContentIntent: true } });
  const { id } = discord.postMessage({ attachments: [smallPicture] });
  discord.react({ messageId: id, emoji: '🎬' });
  const handle = discord.invoke({ command: 'animate', attachments: { image: smallPicture } });
  (await renderer.begun(0)).finish();
  await clipOf(handle);
  expect(renderer.renders).toHaveLength(1);
});
