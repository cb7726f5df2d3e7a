import { describe, expect, it } from 'vitest';
import type { ApiMessage } from '../../src/fake-discord/payloads.ts';
import type { FakeDiscord } from '../../src/fake-discord/types.ts';
import { createScriptedRenderer } from '../support/scripted-renderer.ts';
import { clipOf, setStage, smallPicture } from './stage.ts';

const hidden = { ...smallPicture, spoiler: true };
const file = { url: 'attachment://small.png' };

async function stage() {
  const renderer = createScriptedRenderer();
  const discord = { messageContentIntent: true };
  return { renderer, ...(await setStage({ renderer, discord, config: { reactionEmoji: '🎬' } })) };
}

/** Whether a clip is hidden until it is clicked, as Discord says it. */
const isHidden = ({ attachments: [file] }: ApiMessage) => (Number(file?.flags ?? 0) & 8) === 8;

/** What a test of one way to ask gets. */
type Ask = (discord: FakeDiscord) => Promise<ApiMessage> | ApiMessage;

const byMenu = (discord: FakeDiscord, { id }: ApiMessage) =>
  clipOf(discord.invokeMessageCommand({ command: 'Animate', targetMessageId: id }));

const ways: [string, Ask][] = [
  ['/animate', (discord) => clipOf(discord.invoke({ command: 'animate', attachments: { image: hidden } }))],
  ['the menu', (discord) => byMenu(discord, discord.postMessage({ attachments: [hidden] }))],
  [
    'the reaction',
    (discord) => {
      const { id } = discord.postMessage({ attachments: [hidden] });
      discord.react({ messageId: id, emoji: '🎬' });
      return clipOf(discord);
    },
  ],
  [
    'a gallery of Components V2',
    (discord) => {
      const components = [{ type: 12, items: [{ media: file, spoiler: true }] }];
      return byMenu(discord, discord.postMessage({ components, attachments: [smallPicture] }));
    },
  ],
  [
    'a forwarded message',
    (discord) => byMenu(discord, discord.postMessage({ forward: discord.postMessage({ attachments: [hidden] }).id })),
  ],
  [
    'an old client, which says it by the name',
    (discord) =>
      clipOf(
        discord.invoke({
          command: 'animate',
          attachments: { image: { ...smallPicture, name: 'SPOILER_small.png' } },
        }),
      ),
  ],
];

describe('a picture that is hidden becomes a clip that is hidden:', () => {
  it.each(ways)('by %s', async (_, ask) => {
    const { discord, renderer } = await stage();
    void renderer.begun(0).then((render) => render.finish());
    const clip = await ask(discord);
    expect(isHidden(clip)).toBe(true);
    const uploads = () =>
      discord.exchanges().filter((exchange) => exchange.kind === 'rest' && exchange.files.length > 0);
    await expect.poll(() => uploads().length).toBe(1);
    expect(uploads()[0]).toMatchObject({ requestBody: { attachments: [{ id: '0', is_spoiler: true }] } });
  });
});

it('a picture that is open becomes a clip that is open', async () => {
  const { discord, renderer } = await stage();
  const handle = discord.invoke({ command: 'animate', attachments: { image: smallPicture } });
  (await renderer.begun(0)).finish();
  const clip = await clipOf(handle);
  expect([isHidden(clip), clip.attachments[0]?.filename.startsWith('SPOILER_')]).toEqual([false, false]);
});

it.each(['Again', 'Extend', 'Loop', 'Smoother'])(
  '%s of a hidden clip gives a hidden clip, also after a restart',
  async (label) => {
    const { discord, renderer, stopBot, startBot } = await stage();
    const handle = discord.invoke({ command: 'animate', attachments: { image: hidden } });
    (await renderer.begun(0)).finish();
    const clip = await clipOf(handle);
    await stopBot();
    await startBot();
    const button = clip.components.flatMap((row) => row.components ?? []).find((one) => one.label === label);
    const press = discord.clickButton({ messageId: clip.id, customId: button?.custom_id ?? '' });
    (await renderer.begun(1)).finish();
    expect(isHidden(await clipOf(press))).toBe(true);
  },
);

it('Edit of a hidden clip gives a hidden clip', async () => {
  const { discord, renderer } = await stage();
  const handle = discord.invoke({ command: 'animate', attachments: { image: hidden } });
  (await renderer.begun(0)).finish();
  const clip = await clipOf(handle);
  const button = clip.components.flatMap((row) => row.components ?? []).find(({ label }) => label === 'Edit');
  const press = discord.clickButton({ messageId: clip.id, customId: button?.custom_id ?? '' });
  await press.acknowledged;
  const values = { motion: '90', seed: '7', steps: '2', fps: '5', loop: ['none'] };
  const form = discord.submitModal({ interactionId: press.id, values });
  (await renderer.begun(1)).finish();
  expect(isHidden(await clipOf(form))).toBe(true);
});

it('the menu of several pictures does not uncover the hidden ones, and keeps them hidden, over a restart too', async () => {
  const { discord, renderer, stopBot, startBot } = await stage();
  const open = { name: 'open.png', bytes: Buffer.concat([smallPicture.bytes, Buffer.from('open')]) };
  const { id } = discord.postMessage({ attachments: [hidden, open] });
  const asked = discord.invokeMessageCommand({ command: 'Animate', targetMessageId: id });
  const menu = await asked.waitForMessage(({ components }) => components.length > 0);
  expect(menu.embeds.map(({ image }) => image !== undefined)).toEqual([false, true]);
  await stopBot();
  await startBot();
  for (const [index, expected] of [true, false].entries()) {
    const chosen = discord.selectOption({ messageId: menu.id, values: [String(index)] });
    const { spec, finish } = await renderer.begun(index);
    expect(Buffer.compare(spec.picture, index === 0 ? hidden.bytes : open.bytes)).toBe(0);
    finish();
    expect(isHidden(await clipOf(chosen))).toBe(expected);
  }
});

it('a hidden clip that could be posted nowhere is brought hidden by /queue too', async () => {
  const { discord, renderer } = await stage();
  const handle = discord.invoke({ command: 'animate', attachments: { image: hidden } });
  const render = await renderer.begun(0);
  await handle.waitForMessage(({ content }) => content !== '');
  discord.expireToken(handle.id);
  discord.setPermissions(discord.channelId, 0n);
  const body = { message: 'Cannot send messages to this user', code: 50_007 };
  discord.failNext({ route: 'POST /users/@me/channels', status: 403, times: 2, body });
  render.finish();
  await expect.poll(() => discord.calls('POST /users/@me/channels').length).toBe(2);
  const list = await discord.invoke({ command: 'queue', place: 'dm' }).waitForMessage(() => true);
  const customId = /queue-fetch:[0-9a-f]{8}/.exec(JSON.stringify(list.components))?.[0] ?? '';
  const press = discord.clickButton({ messageId: list.id, customId });
  expect(isHidden(await clipOf(press))).toBe(true);
});
