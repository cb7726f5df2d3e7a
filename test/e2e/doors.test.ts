import { expect, it } from 'vitest';
import { createScriptedRenderer } from '../support/scripted-renderer.ts';
import { clipOf, failureOf, setStage, smallPicture } from './stage.ts';

const second = { ...smallPicture, name: 'second.png' };

it('/animate takes every option to the renderer', async () => {
  const renderer = createScriptedRenderer();
  const { discord } = await setStage({ renderer });
  const handle = discord.invoke({
    command: 'animate',
    attachments: { image: smallPicture },
    options: {
      motion: 240,
      seed: 5,
      steps: 3,
      fps: 9,
      length: 3,
      shape: 'portrait',
      fit: 'pad',
      loop: 'ping-pong',
      smooth: true,
      format: 'webp',
    },
  });
  const render = await renderer.begun(0);
  expect(render.spec).toMatchObject({
    settings: { motionBucketId: 240, seed: 5, numInferenceSteps: 3, fps: 9, numFrames: 3 },
    fit: 'pad',
    form: { shape: 'portrait', loop: 'ping-pong', smooth: true, format: 'webp' },
    keepMaster: true,
  });
  render.finish();
  const [file] = (await clipOf(handle)).attachments;
  expect(file).toMatchObject({ content_type: 'image/webp' });
  expect(file?.filename).toMatch(/-fps24\.webp$/);
});

it('proposes motion by name while somebody types', async () => {
  const { discord } = await setStage({ renderer: createScriptedRenderer() });
  const asked = { command: 'animate', attachments: { image: smallPicture }, focused: 'motion' };
  expect(await discord.autocomplete({ ...asked, options: { motion: 'str' } })).toEqual([
    { name: 'strong (180)', value: 180 },
  ]);
  expect(await discord.autocomplete({ ...asked, options: { motion: 'fue' }, locale: 'es-ES' })).toEqual([
    { name: 'fuerte (180)', value: 180 },
  ]);
});

it('shows a private clip to its requester alone', async () => {
  const renderer = createScriptedRenderer();
  const { discord } = await setStage({ renderer });
  const stranger = discord.createUser('stranger').id;
  const options = { private: true };
  const handle = discord.invoke({ command: 'animate', attachments: { image: smallPicture }, options });
  expect(await handle.acknowledged).toMatchObject({ ephemeral: true });
  (await renderer.begun(0)).finish();
  const clip = await clipOf(handle);
  expect(clip.flags & 64).toBe(64);
  expect(discord.messages(discord.channelId, stranger)).toEqual([]);
  // What is made of it stays private too.
  const press = discord.clickButton({ messageId: clip.id, customId: buttonOf(clip, 'Again') });
  expect(await press.acknowledged).toMatchObject({ type: 5, ephemeral: true });
  (await renderer.begun(1)).finish();
  await clipOf(press);
});

function buttonOf({ components }: Awaited<ReturnType<typeof clipOf>>, label: string): string {
  return components.flatMap((row) => row.components ?? []).find((button) => button.label === label)?.custom_id ?? '';
}

it('"Animate" in a message’s menu needs no intent, whoever posted the picture', async () => {
  const renderer = createScriptedRenderer();
  const { discord } = await setStage({ renderer });
  const bob = discord.createUser('bob').id;
  const { id } = discord.postMessage({ content: 'look', attachments: [smallPicture], user: bob });
  const handle = discord.invokeMessageCommand({ command: 'Animate', targetMessageId: id });
  expect(await handle.acknowledged).toMatchObject({ type: 5, ephemeral: false });
  const render = await renderer.begun(0);
  expect(Buffer.compare(render.spec.picture, smallPicture.bytes)).toBe(0);
  expect(render.spec.form).toMatchObject({ shape: 'auto', format: 'auto' });
  render.finish();
  await clipOf(handle);
});

it('"Animate" takes the picture of the message that is replied to', async () => {
  const renderer = createScriptedRenderer();
  const { discord } = await setStage({ renderer });
  const { id: replyTo } = discord.postMessage({ attachments: [smallPicture] });
  const { id } = discord.postMessage({ content: 'animate this, please', replyTo });
  const handle = discord.invokeMessageCommand({ command: 'Animate', targetMessageId: id });
  (await renderer.begun(0)).finish();
  await clipOf(handle);

  const { id: bare } = discord.postMessage({ content: 'no picture anywhere' });
  const refused = discord.invokeMessageCommand({ command: 'Animate', targetMessageId: bare, locale: 'es-ES' });
  expect((await failureOf(refused)).content).toContain('No hay ninguna imagen');
});

it('"Animate" asks which one also where the message that is replied to has several pictures, and without being a member', async () => {
  const renderer = createScriptedRenderer();
  const { discord } = await setStage({ renderer });
  const larger = { name: 'second.png', bytes: Buffer.concat([smallPicture.bytes, Buffer.from('second')]) };
  for (const place of ['guild', 'user-install', 'private-channel'] as const) {
    const { id: replyTo } = discord.postMessage({ attachments: [smallPicture, larger], place });
    const { id } = discord.postMessage({ content: 'which one?', replyTo, place });
    const asked = discord.invokeMessageCommand({ command: 'Animate', targetMessageId: id });
    expect(await asked.acknowledged).toMatchObject({ type: 4, ephemeral: true });
    const menu = await asked.waitForMessage(({ components }) => components.length > 0);
    const chosen = discord.selectOption({ messageId: menu.id, values: ['1'] });
    const render = await renderer.begun(renderer.renders.length);
    expect(Buffer.compare(render.spec.picture, larger.bytes)).toBe(0);
    render.finish();
    await clipOf(chosen);
  }
});

it('"Animate" asks which one where a message has several pictures, also across a restart', async () => {
  const renderer = createScriptedRenderer();
  const { discord, startBot, stopBot } = await setStage({ renderer });
  const larger = { name: 'second.png', bytes: Buffer.concat([smallPicture.bytes, Buffer.from('second')]) };
  const { id } = discord.postMessage({ attachments: [smallPicture, larger, second] });
  const asked = discord.invokeMessageCommand({ command: 'Animate', targetMessageId: id });
  expect(await asked.acknowledged).toMatchObject({ type: 4, ephemeral: true });
  const menu = await asked.waitForMessage(({ components }) => components.length > 0);
  expect(menu.embeds).toHaveLength(3);

  await stopBot();
  await startBot();
  const chosen = discord.selectOption({ messageId: menu.id, values: ['1'] });
  expect(await chosen.acknowledged).toMatchObject({ type: 5, ephemeral: false });
  const render = await renderer.begun(0);
  expect(Buffer.compare(render.spec.picture, larger.bytes)).toBe(0);
  render.finish();
  await clipOf(chosen);
  // The menu stays, for the others.
  discord.selectOption({ messageId: menu.id, values: ['0'] });
  expect(Buffer.compare((await renderer.begun(1)).spec.picture, smallPicture.bytes)).toBe(0);
});

it('serves where only the user installed it, and refuses kindly where the wait would outlive the token', async () => {
  const renderer = createScriptedRenderer();
  const { discord } = await setStage({ renderer });
  for (const place of ['user-install', 'private-channel'] as const) {
    const index = renderer.renders.length;
    const handle = discord.invoke({ command: 'animate', attachments: { image: smallPicture }, place });
    // Slow: the next estimate is an hour.
    const secondsPerStage = {
      prepare: 1,
      'encode-image': 1,
      denoise: index === 0 ? 1 : 3600,
      decode: 5,
      upscale: 0,
      'encode-video': 1,
    };
    (await renderer.begun(index)).finish({ secondsPerStage });
    await clipOf(handle);
  }
  const late = discord.invoke({ command: 'animate', attachments: { image: smallPicture }, place: 'user-install' });
  expect((await failureOf(late)).content).toMatch(/your clip would be ready <t:\d+:R>, but where/);
  expect(renderer.renders).toHaveLength(2);
  // A server with the bot in it has another way back.
  const patient = discord.invoke({ command: 'animate', attachments: { image: smallPicture } });
  (await renderer.begun(2)).finish();
  await clipOf(patient);
});
