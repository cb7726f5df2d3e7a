import { expect, it } from 'vitest';
import { createScriptedRenderer } from '../support/scripted-renderer.ts';
import { clipOf, setStage, smallPicture } from './stage.ts';

it('works in the conversation with the bot, also beyond the life of the token', async () => {
  const renderer = createScriptedRenderer();
  const { discord } = await setStage({ renderer });
  const handle = discord.invoke({ command: 'animate', attachments: { image: smallPicture }, place: 'dm' });
  const render = await renderer.begun(0);
  const { id } = await handle.waitForMessage(({ content }) => content !== '');
  discord.expireToken(handle.id);
  render.finish();
  expect((await clipOf(discord)).id).toBe(id);
});

it('makes clips that fit the place, and no larger than the operator allows', async () => {
  const renderer = createScriptedRenderer();
  const { discord } = await setStage({ renderer });
  for (const [index, limit, expected] of [
    [0, 5_000_000, 5_000_000],
    [1, 500 * 1024 * 1024, 10 * 1024 * 1024],
  ] as const) {
    discord.setAttachmentSizeLimit(limit);
    const handle = discord.invoke({ command: 'animate', attachments: { image: smallPicture } });
    const render = await renderer.begun(index);
    expect(render.spec.maxBytes).toBe(expected);
    render.finish();
    await clipOf(handle);
  }
});

it('where a server installed the commands without the bot, goes the token’s way and never tries the channel', async () => {
  const renderer = createScriptedRenderer();
  const { discord } = await setStage({ renderer });
  const handle = discord.invoke({ command: 'animate', attachments: { image: smallPicture }, place: 'commands-only' });
  const render = await renderer.begun(0);
  const { channel_id: channelId } = await handle.waitForMessage(({ content }) => content !== '');
  discord.expireToken(handle.id);
  render.finish();
  await discord.waitForMessage(({ channel_id, attachments }) => channel_id !== channelId && attachments.length > 0);
  const tried = discord
    .exchanges()
    .filter((exchange) => exchange.kind === 'rest' && exchange.path.startsWith(`/channels/${channelId}/`));
  expect(tried).toEqual([]);
});
