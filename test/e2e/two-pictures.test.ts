import sharp from 'sharp';
import { expect, it } from 'vitest';
import type { ApiMessage } from '../../src/fake-discord/payloads.ts';
import type { FakeDiscord, FileInput } from '../../src/fake-discord/types.ts';
import { noLimits } from '../../src/storage/limits.ts';
import type { RenderSpec } from '../../src/worker/types.ts';
import { tinyModel } from '../support/jobs.ts';
import { createScriptedRenderer } from '../support/scripted-renderer.ts';
import { clipOf, failureOf, type StageOptions, setStage, smallPicture } from './stage.ts';

const endPicture: FileInput = {
  name: 'end.png',
  bytes: await sharp({ create: { width: 48, height: 64, channels: 3, background: '#c33' } })
    .png()
    .toBuffer(),
};
const both = { image: smallPicture, end: endPicture };

async function stage(options: Partial<StageOptions> = {}) {
  const renderer = createScriptedRenderer();
  return { renderer, ...(await setStage({ renderer, ...options })) };
}

/** The stage with one clip from the first picture to the other. */
async function withClip(options: Record<string, string | number | boolean> = {}) {
  const set = await stage();
  const handle = set.discord.invoke({ command: 'animate', attachments: both, options });
  (await set.renderer.begun(0)).finish({ hasEndPicture: true });
  return { ...set, clip: await clipOf(handle) };
}

const buttonsOf = ({ components }: Pick<ApiMessage, 'components'>) => components.flatMap((row) => row.components ?? []);
const labelsOf = (message: ApiMessage) => buttonsOf(message).map(({ label }) => String(label));

function press(discord: FakeDiscord, { id, components }: ApiMessage, label: string) {
  const customId = buttonsOf({ components }).find((button) => button.label === label)?.custom_id ?? '';
  return discord.clickButton({ messageId: id, customId });
}

/** Which pictures a render begins and ends with. */
const picturesOf = ({ picture, endPicture: end }: RenderSpec) =>
  [picture, end].map((bytes) => {
    if (bytes === undefined) return 'none';
    return Buffer.compare(bytes, smallPicture.bytes) === 0 ? 'first' : Buffer.compare(bytes, endPicture.bytes) || 'end';
  });

it('/animate image: end: makes a clip from the first picture to the second, in English and Spanish', async () => {
  const { discord, renderer } = await stage();
  const handle = discord.invoke({ command: 'animate', attachments: both, options: { seed: 7 } });
  const { spec, finish } = await renderer.begun(0);
  expect(picturesOf(spec)).toEqual(['first', 'end']);
  expect(spec.form).toMatchObject({ loop: 'none' });
  finish({ hasEndPicture: true });
  await clipOf(handle);
  const options = discord.registeredCommands().find(({ name }) => name === 'animate')?.options as object[];
  expect(options[1]).toMatchObject({
    name: 'end',
    name_localizations: { 'es-ES': 'final' },
    type: 11,
    file_types: ['image'],
  });
});

it('a clip between two pictures takes no loop of the model’s own, which would lead back to the first', async () => {
  const { discord, renderer } = await stage({ model: { ...tinyModel, loop: 'ping-pong' } });
  const asked = [
    { attachments: { image: smallPicture } },
    { attachments: both },
    { attachments: both, options: { loop: 'ping-pong' } },
  ];
  const loops = [];
  for (const [index, request] of asked.entries()) {
    discord.invoke({ command: 'animate', ...request });
    const { spec, finish } = await renderer.begun(index);
    loops.push(spec.form?.loop);
    finish();
  }
  expect(loops).toEqual(['ping-pong', 'none', 'ping-pong']);
});

it('the end picture is kept with its job over a restart', async () => {
  const { discord, renderer, stopBot, startBot } = await stage();
  discord.invoke({ command: 'animate', attachments: { image: smallPicture } });
  await renderer.begun(0);
  const waiting = discord.invoke({ command: 'animate', attachments: both });
  await waiting.waitForMessage(({ content }) => content.includes('position: 1'));
  await stopBot();
  await startBot();
  (await renderer.begun(1)).finish();
  const { spec, finish } = await renderer.begun(2);
  expect(picturesOf(spec)).toEqual(['first', 'end']);
  finish({ hasEndPicture: true });
  await clipOf(waiting);
});

it('the end picture is held to what holds for the first: its size, its kind and its spoiler', async () => {
  const { discord, renderer } = await stage();
  const text = { name: 'end.png', bytes: Buffer.from('this is no picture at all') };
  const broken = discord.invoke({ command: 'animate', attachments: { image: smallPicture, end: text } });
  expect((await failureOf(broken)).content).toContain('picture');
  const large = { ...endPicture, bytes: Buffer.alloc(21 * 1024 * 1024) };
  const tooLarge = discord.invoke({ command: 'animate', attachments: { image: smallPicture, end: large } });
  expect(await tooLarge.acknowledged).toMatchObject({ type: 4, ephemeral: true });
  expect((await failureOf(tooLarge)).content).toContain('20 MB');
  expect(renderer.renders).toHaveLength(0);

  const hidden = { ...endPicture, spoiler: true };
  const handle = discord.invoke({ command: 'animate', attachments: { image: smallPicture, end: hidden } });
  (await renderer.begun(0)).finish();
  expect((await clipOf(handle)).attachments[0]!.filename).toMatch(/^SPOILER_/);
});

it('a seamless loop takes no end picture, and says so before anything is fetched', async () => {
  const { discord, renderer } = await stage();
  const handle = discord.invoke({ command: 'animate', attachments: both, options: { loop: 'seamless' } });
  expect(await handle.acknowledged).toMatchObject({ type: 4, ephemeral: true });
  expect((await failureOf(handle)).content).toContain('takes no `end` picture');
  expect(renderer.renders).toHaveLength(0);
});

it('Again and Edit keep the end picture, Loop keeps the frames, Extend goes on without it', async () => {
  const { discord, renderer, clip } = await withClip({ seed: 7 });
  const again = press(discord, clip, 'Again');
  const first = await renderer.begun(1);
  expect(picturesOf(first.spec)).toEqual(['first', 'end']);
  first.finish();
  await clipOf(again);

  const form = press(discord, clip, 'Edit');
  await form.acknowledged;
  discord.submitModal({ interactionId: form.id, values: { motion: '33', loop: 'none' } });
  const edited = await renderer.begun(2);
  expect(picturesOf(edited.spec)).toEqual(['first', 'end']);
  edited.finish();

  const looped = press(discord, clip, 'Loop');
  const loop = await renderer.begun(3);
  expect(loop.spec.base).toMatchObject({ use: 'reencode', metadata: { hasEndPicture: true } });
  expect(loop.spec).not.toHaveProperty('endPicture');
  loop.finish({ hasEndPicture: true });
  const child = await clipOf(looped);
  // What ends as another picture cannot become a seamless loop and stay the same clip.
  expect(labelsOf(child).some((label) => label.startsWith('Seamless'))).toBe(false);
  press(discord, child, 'Again');
  const again2 = await renderer.begun(4);
  expect(picturesOf(again2.spec)).toEqual(['first', 'end']);
  again2.finish();

  press(discord, clip, 'Extend');
  const extended = await renderer.begun(5);
  expect(extended.spec.base).toMatchObject({ use: 'extend' });
  expect(extended.spec).not.toHaveProperty('endPicture');
  extended.finish();
});

it('📋 names `end:` and both pictures', async () => {
  const { discord, clip } = await withClip({ seed: 7, motion: 200 });
  const { content } = await press(discord, clip, 'Settings').waitForMessage((message) => message.content !== '');
  expect(content).toContain('the same two pictures, the second as `end`');
  expect(content).toContain('/animate end:end.png motion:200 seed:7 ');
  expect(content).toContain('kinora animate picture.png --end end.png ');
});

it('the menu of a message with several pictures offers to go from each to the next', async () => {
  const { discord, renderer } = await stage();
  const third = { ...smallPicture, name: 'third.png' };
  const { id } = discord.postMessage({ attachments: [smallPicture, { ...endPicture, spoiler: true }, third] });
  const handle = discord.invokeMessageCommand({ command: 'Animate', targetMessageId: id, locale: 'es-ES' });
  const menu = await handle.waitForMessage(({ components }) => components.length > 0);
  const [select] = menu.components[0]!.components!;
  const options = select!.options as { label: string; value: string; description?: string }[];
  expect(options.slice(3)).toEqual([
    { label: 'De la 1 a la 2', value: '0-1', description: 'Tarda el doble y cuenta como dos clips' },
    { label: 'De la 2 a la 3', value: '1-2', description: 'Tarda el doble y cuenta como dos clips' },
  ]);
  const chosen = discord.selectOption({ messageId: menu.id, values: ['0-1'] });
  const { spec, finish } = await renderer.begun(0);
  expect(picturesOf(spec)).toEqual(['first', 'end']);
  finish();
  // What is hidden where it comes from stays so.
  expect((await clipOf(chosen)).attachments[0]!.filename).toMatch(/^SPOILER_/);
});

it('Loop offers a seamless loop beside the cheap one, with what it takes, and renders it from the same settings', async () => {
  const { discord, renderer } = await stage();
  const handle = discord.invoke({ command: 'animate', attachments: { image: smallPicture }, options: { seed: 7 } });
  (await renderer.begun(0)).finish();
  const looped = press(discord, await clipOf(handle), 'Loop');
  const cheap = await renderer.begun(1);
  expect(cheap.spec).toMatchObject({ base: { use: 'reencode' }, form: { loop: 'ping-pong' } });
  cheap.finish();
  const child = await clipOf(looped);
  // 2 s before, two steps of 20 s where those of a plain clip take 10, 6 s after.
  const seamless = press(discord, child, 'Seamless loop (renders again, about 50 s, counts as 2 clips)');
  const { spec, finish } = await renderer.begun(2);
  expect(spec).toMatchObject({ settings: { seed: 7 }, form: { loop: 'seamless' } });
  expect(spec).not.toHaveProperty('base');
  expect(picturesOf(spec)).toEqual(['first', 'none']);
  finish();
  const made = await clipOf(seamless);
  const link = `https://discord.com/channels/${discord.guildId}/${child.channel_id}/${child.id}`;
  expect(made.content).toBe(`🔁 Loop: seamless, it ends as it begins · seed 7 · from ${link}`);
  expect(labelsOf(made).some((label) => label.startsWith('Seamless'))).toBe(false);

  // In another form its frames still end with the picture: the file says so.
  press(discord, made, 'Loop');
  const off = await renderer.begun(3);
  expect(off.spec).toMatchObject({ form: { loop: 'none' }, base: { metadata: { hasEndPicture: true } } });
  off.finish();
});

it('a seamless loop of a private clip stays private', async () => {
  const { discord, renderer } = await stage();
  const image = { image: smallPicture };
  const options = { private: true };
  const handle = discord.invoke({ command: 'animate', attachments: image, options, locale: 'es-ES' });
  (await renderer.begun(0)).finish();
  const looped = press(discord, await clipOf(handle), 'Bucle');
  (await renderer.begun(1)).finish();
  const child = await clipOf(looped);
  const label = labelsOf(child).find((text) => text.includes('renders again'))!;
  const seamless = press(discord, child, label);
  expect(await seamless.acknowledged).toMatchObject({ type: 5, ephemeral: true });
  (await renderer.begun(2)).finish();
  expect((await clipOf(seamless)).content).not.toContain('https:');
});

it('Edit renders a clip anew for a seamless loop, and not for the others', async () => {
  const { discord, renderer } = await stage();
  const image = { image: smallPicture };
  const handle = discord.invoke({ command: 'animate', attachments: image, options: { seed: 7 } });
  (await renderer.begun(0)).finish();
  const form = press(discord, await clipOf(handle), 'Edit');
  await form.acknowledged;
  discord.submitModal({ interactionId: form.id, values: { loop: 'seamless' } });
  const { spec, finish } = await renderer.begun(1);
  expect(spec).not.toHaveProperty('base');
  expect(spec).toMatchObject({ form: { loop: 'seamless' }, settings: { seed: 7 } });
  finish();
});

it('a clip with an end picture counts as two for the quota, and the refusal says so', async () => {
  const { discord, renderer } = await stage({ config: { limits: { ...noLimits, dailyQuota: 3 } } });
  for (const [index, attachments] of [both, { image: smallPicture }].entries()) {
    if (index === 1) {
      const refused = await failureOf(discord.invoke({ command: 'animate', attachments: both, locale: 'es-ES' }));
      expect(refused.content).toContain('Lo que has pedido cuenta como 2 clips.');
    }
    const handle = discord.invoke({ command: 'animate', attachments });
    (await renderer.begun(index)).finish();
    await clipOf(handle);
  }
  const refused = await failureOf(discord.invoke({ command: 'animate', attachments: { image: smallPicture } }));
  expect(refused.content).toContain('You have reached your daily limit (3 in 24 hours)');
  expect(refused.content).not.toContain('counts as');
});

it('End picture makes the clip once more, on the way to a picture that is chosen in a form', async () => {
  const { discord, renderer } = await stage({ model: { ...tinyModel, loop: 'ping-pong' } });
  const image = { image: smallPicture };
  const handle = discord.invoke({ command: 'animate', attachments: image, options: { seed: 7 } });
  (await renderer.begun(0)).finish();
  const clip = await clipOf(handle);
  const form = press(discord, clip, 'End picture');
  const { modal } = await form.acknowledged;
  expect(modal).toMatchObject({
    title: 'End with another picture',
    components: [{ type: 18, component: { type: 19, file_types: ['image'] } }],
  });
  const made = discord.submitModal({ interactionId: form.id, values: {}, attachments: { picture: endPicture } });
  const { spec, finish } = await renderer.begun(1);
  expect(picturesOf(spec)).toEqual(['first', 'end']);
  expect(spec.settings).toMatchObject({ seed: 7 });
  expect(spec.form).toMatchObject({ loop: 'none' });
  finish({ hasEndPicture: true });
  expect((await clipOf(made)).content).toMatch(/^🖼️ With an end picture: .* · from https:/);
});

it('End picture is refused under a seamless loop before a file is chosen', async () => {
  const { discord, renderer } = await stage();
  const image = { image: smallPicture };
  const handle = discord.invoke({ command: 'animate', attachments: image, options: { loop: 'seamless' } });
  (await renderer.begun(0)).finish();
  const refused = press(discord, await clipOf(handle), 'End picture');
  expect((await failureOf(refused)).content).toContain('seamless');
  expect(await refused.acknowledged).toMatchObject({ type: 4, ephemeral: true });
});
