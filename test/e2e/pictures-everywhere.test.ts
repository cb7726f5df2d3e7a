import { describe, expect, it } from 'vitest';
import type { ApiMessage } from '../../src/fake-discord/payloads.ts';
import type { FakeDiscord } from '../../src/fake-discord/types.ts';
import { createScriptedRenderer } from '../support/scripted-renderer.ts';
import { clipOf, failureOf, setStage, smallPicture } from './stage.ts';

const config = { reactionEmoji: '🎬' };

/** A stage of a bot that hears reactions and may see what people write. */
async function stage() {
  const renderer = createScriptedRenderer();
  return { renderer, ...(await setStage({ renderer, config, discord: { messageContentIntent: true } })) };
}

const file = { url: 'attachment://small.png' };

/** Messages that show a picture elsewhere than in their attachments. */
const posts: [string, (discord: FakeDiscord) => ApiMessage][] = [
  [
    'a thumbnail of Components V2',
    (discord) => {
      const accessory = { type: 11, media: file };
      const section = { type: 9, components: [{ type: 10, content: 'A square' }], accessory };
      return discord.postMessage({ components: [section], attachments: [smallPicture] });
    },
  ],
  [
    'a gallery in a container of Components V2',
    (discord) => {
      const gallery = { type: 12, items: [{ media: file }] };
      return discord.postMessage({
        components: [{ type: 17, components: [gallery] }],
        attachments: [smallPicture],
      });
    },
  ],
  [
    'a file of Components V2',
    (discord) => discord.postMessage({ components: [{ type: 13, file }], attachments: [smallPicture] }),
  ],
  [
    'a forwarded message',
    (discord) => discord.postMessage({ forward: discord.postMessage({ attachments: [smallPicture] }).id }),
  ],
  [
    'the message that it replies to',
    (discord) =>
      discord.postMessage({ content: 'this', replyTo: discord.postMessage({ attachments: [smallPicture] }).id }),
  ],
  [
    'a sticker',
    (discord) => discord.postMessage({ stickers: [{ name: 'wave', format: 'png', bytes: smallPicture.bytes }] }),
  ],
  [
    'an embed',
    (discord) => discord.postMessage({ embeds: [{ title: 'Square', image: file }], attachments: [smallPicture] }),
  ],
];

describe('a picture in', () => {
  it.each(posts)('%s is found by the menu and by the reaction alike', async (_, post) => {
    const { discord, renderer } = await stage();
    const { id } = post(discord);
    const handle = discord.invokeMessageCommand({ command: 'Animate', targetMessageId: id });
    const byMenu = await renderer.begun(0);
    byMenu.finish();
    await clipOf(handle);
    discord.react({ messageId: id, emoji: '🎬' });
    const byReaction = await renderer.begun(1);
    byReaction.finish();
    for (const { spec } of [byMenu, byReaction]) {
      expect(Buffer.compare(spec.picture, smallPicture.bytes)).toBe(0);
    }
  });
});

it('a drawn (Lottie) sticker is no picture, and the menu says so', async () => {
  const { discord } = await stage();
  const bytes = Buffer.from('{}');
  const { id } = discord.postMessage({ stickers: [{ name: 'wave', format: 'lottie', bytes }] });
  const handle = discord.invokeMessageCommand({ command: 'Animate', targetMessageId: id });
  expect((await failureOf(handle)).content).toContain('no picture in that message');
});

describe('"Animate avatar"', () => {
  const other = { ...smallPicture, bytes: Buffer.concat([smallPicture.bytes, Buffer.from('guild')]) };

  it('takes the avatar that a person has on that server, and elsewhere the one of their account', async () => {
    const { discord, renderer } = await stage();
    const { id } = discord.createUser('bob', { avatar: smallPicture.bytes, guildAvatar: other.bytes });
    for (const [index, place] of (['guild', 'dm', 'user-install', 'private-channel'] as const).entries()) {
      const handle = discord.invokeUserCommand({ command: 'Animate avatar', targetUserId: id, place });
      expect(await handle.acknowledged).toMatchObject({ type: 5, ephemeral: false });
      const { spec, finish } = await renderer.begun(index);
      const expected = place === 'guild' ? other.bytes : smallPicture.bytes;
      expect([place, Buffer.compare(spec.picture, expected)]).toEqual([place, 0]);
      finish();
      expect((await clipOf(handle)).components.length).toBeGreaterThan(0);
    }
  });

  it('says that a person has none of their own, in the asker’s language and to them alone', async () => {
    const { discord, renderer } = await stage();
    const { id: targetUserId } = discord.createUser('bob');
    const handle = discord.invokeUserCommand({ command: 'Animate avatar', targetUserId, locale: 'es-ES' });
    const { content, flags } = await failureOf(handle);
    expect(content).toContain('no tiene un avatar propio');
    expect(flags & 64).toBe(64);
    expect(renderer.renders).toEqual([]);
  });

  it('is held to the same rules and has the same Edit form as a clip of a message', async () => {
    const { discord, renderer } = await stage();
    const { id: targetUserId } = discord.createUser('bob', { avatar: smallPicture.bytes });
    const first = discord.invokeUserCommand({ command: 'Animate avatar', targetUserId });
    (await renderer.begun(0)).finish();
    const clip = await clipOf(first);
    const edit = clip.components.flatMap((row) => row.components ?? []).find(({ label }) => label === 'Edit');
    const press = discord.clickButton({ messageId: clip.id, customId: edit?.custom_id ?? '' });
    expect((await press.acknowledged).modal?.custom_id).toMatch(/^edit:/);

    const channel = discord.createChannel('studio');
    const asOwner = discord.invoke({ command: 'kinora-config allow', options: { channel }, user: discord.ownerId });
    await asOwner.waitForMessage(({ content }) => content !== '');
    const refused = discord.invokeUserCommand({ command: 'Animate avatar', targetUserId });
    expect((await failureOf(refused)).content).toContain(`be made in: <#${channel}>`);
  });
});
