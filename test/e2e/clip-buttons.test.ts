import { expect, it } from 'vitest';
import type { ApiMessage } from '../../src/fake-discord/payloads.ts';
import type { FakeDiscord } from '../../src/fake-discord/types.ts';
import { noLimits } from '../../src/storage/limits.ts';
import { createScriptedRenderer } from '../support/scripted-renderer.ts';
import { clipOf, failureOf, setStage, smallPicture } from './stage.ts';

/** The stage with one clip on it. */
async function withClip(options: Record<string, string | number | boolean> = {}) {
  const renderer = createScriptedRenderer();
  const stage = await setStage({ renderer });
  const { discord } = stage;
  const handle = discord.invoke({ command: 'animate', attachments: { image: smallPicture }, options });
  (await renderer.begun(0)).finish();
  return { ...stage, renderer, clip: await clipOf(handle) };
}

function press(discord: FakeDiscord, clip: ApiMessage, label: string, user?: string) {
  const buttons = clip.components.flatMap(({ components = [] }) => components);
  const customId = buttons.find((button) => button.label === label)?.custom_id ?? '';
  return discord.clickButton({ messageId: clip.id, customId, ...(user !== undefined && { user }) });
}

const linkTo = (discord: FakeDiscord, { id, channel_id }: ApiMessage) =>
  `https://discord.com/channels/${discord.guildId}/${channel_id}/${id}`;

it('🎲 makes it again with a new seed, for anybody, also after a restart, and links the two', async () => {
  const { discord, renderer, clip, stopBot, startBot } = await withClip({ seed: 7, motion: 200 });
  await stopBot();
  await startBot();
  const bob = discord.createUser('bob').id;
  const again = press(discord, clip, 'Again', bob);
  expect(await again.acknowledged).toMatchObject({ type: 5, ephemeral: false });
  const { spec, finish } = await renderer.begun(1);
  expect(Buffer.compare(spec.picture, smallPicture.bytes)).toBe(0);
  expect(spec.settings).toMatchObject({ motionBucketId: 200 });
  expect(spec.settings.seed).not.toBe(7);
  expect(spec).not.toHaveProperty('base');
  finish();
  const child = await clipOf(again);
  expect(child.content).toContain(linkTo(discord, clip));
  // Its requester is Bob: Alice may not take it away.
  await press(discord, child, 'Delete').waitForMessage(({ content }) => content.includes('Only the person'));
});

it('✏️ opens a form with the settings filled in, and makes what was changed', async () => {
  const { discord, renderer, clip } = await withClip({ seed: 7, steps: 9, fps: 8 });
  const form = press(discord, clip, 'Edit');
  const { modal } = await form.acknowledged;
  const filledIn = modal?.components.map(({ component }) => component?.value);
  expect(filledIn?.slice(0, 4)).toEqual(['127', '7', '9', '8']);
  const sent = discord.submitModal({ interactionId: form.id, values: { motion: '33', seed: '7', loop: 'crossfade' } });
  const { spec, finish } = await renderer.begun(1);
  expect(spec.settings).toMatchObject({ motionBucketId: 33, seed: 7, numInferenceSteps: 9, fps: 8 });
  expect(spec.form).toMatchObject({ loop: 'crossfade' });
  expect(spec).not.toHaveProperty('base');
  finish();
  await clipOf(sent);

  // With only the loop changed, nothing has to be rendered.
  const second = press(discord, clip, 'Edit');
  await second.acknowledged;
  discord.submitModal({ interactionId: second.id, values: { loop: 'ping-pong' } });
  expect((await renderer.begun(2)).spec.base).toMatchObject({ use: 'reencode' });
  renderer.renders[2]!.finish();

  const wrong = press(discord, clip, 'Edit');
  await wrong.acknowledged;
  const refused = discord.submitModal({ interactionId: wrong.id, values: { motion: '256', loop: 'none' } });
  expect((await failureOf(refused)).content).toContain('`motion` must be a whole number from 1 to 255');
});

it('➕ makes the clip longer and keeps its loop; 🎲 of that makes only the new part again', async () => {
  const { discord, renderer, clip } = await withClip({ seed: 7, loop: 'ping-pong' });
  const extended = press(discord, clip, 'Extend');
  const { spec, finish } = await renderer.begun(1);
  expect(spec.base).toMatchObject({
    use: 'extend',
    metadata: { settings: { seed: 7 }, model: 'tiny', provider: 'cpu' },
  });
  expect(Buffer.from(spec.base!.master).toString()).toBe('frames of seed 7');
  expect(spec.form).toMatchObject({ loop: 'ping-pong' });
  finish({ frames: 14 });
  const child = await clipOf(extended);
  expect(child.content).toMatch(/^➕ Extended to 2 s · seed \d+ · ping-pong loop · from https:/);
  const settings = await press(discord, child, 'Settings').waitForMessage(({ content }) => content !== '');
  expect(settings.content).toContain('No command makes this clip: it was extended.');
  expect(settings.content).toContain('the picture gets worse the longer it gets');
  expect(settings.content).not.toContain('/animate ');
  press(discord, child, 'Again');
  const again = await renderer.begun(2);
  expect(again.spec.base).toMatchObject({ use: 'extend', metadata: { settings: { seed: 7 } } });
  again.finish();
});

it('🔁 goes through the loops and ⬆️ raises the frame rate, both without rendering', async () => {
  const { discord, renderer, clip } = await withClip({ seed: 7 });
  const looped = press(discord, clip, 'Loop');
  const first = await renderer.begun(1);
  expect(first.spec).toMatchObject({ base: { use: 'reencode' }, form: { loop: 'ping-pong' }, settings: { seed: 7 } });
  first.finish();
  const child = await clipOf(looped);
  expect(child.content).toBe(`🔁 Loop: ping-pong, there and back · seed 7 · from ${linkTo(discord, clip)}`);
  const again = press(discord, child, 'Loop');
  const second = await renderer.begun(2);
  expect(second.spec.form).toMatchObject({ loop: 'crossfade' });
  second.finish();
  expect((await clipOf(again)).content).toContain('🔁 Loop: crossfade, the end blends into the start');

  const smoothed = press(discord, child, 'Smoother');
  const third = await renderer.begun(3);
  expect(third.spec).toMatchObject({ base: { use: 'reencode' }, form: { loop: 'ping-pong', smooth: true } });
  third.finish();
  const smooth = await clipOf(smoothed);
  expect(smooth.content).toContain('⬆️ Smoother: 24 fps · seed 7 · ping-pong loop');
  const refused = press(discord, smooth, 'Smoother');
  await refused.waitForMessage(({ content }) => content.includes('already has the highest frame rate'));
});

it('🔎 makes the same frames twice as large, then four times, and no larger', async () => {
  const { discord, renderer, clip } = await withClip({ seed: 7, upscaler: 'drawing' });
  const pressed = press(discord, clip, 'Larger');
  const first = await renderer.begun(1);
  expect(first.spec).toMatchObject({ base: { use: 'reencode' }, form: { upscale: '2', upscaler: 'drawing' } });
  first.finish({ width: 512, height: 288 });
  const child = await clipOf(pressed);
  expect(child.content).toContain('🔎 Larger: 512×288 · seed 7');
  const again = press(discord, child, 'Larger');
  const second = await renderer.begun(2);
  expect(second.spec).toMatchObject({ base: { use: 'reencode' }, form: { upscale: '4', upscaler: 'drawing' } });
  second.finish();
  const refused = press(discord, await clipOf(again), 'Larger');
  await refused.waitForMessage(({ content }) => content.includes('as far as it goes'));
});

it('📋 and "Settings" say how to make the clip again, the latter from the file alone', async () => {
  const { discord, clip } = await withClip({ seed: 7, motion: 200, loop: 'ping-pong' });
  const asked = press(discord, clip, 'Settings');
  expect(await asked.acknowledged).toMatchObject({ type: 4, ephemeral: true });
  const { content } = await asked.waitForMessage(() => true);
  expect(content).toContain(
    '/animate motion:200 seed:7 steps:2 fps:7 length:4 shape:auto fit:crop loop:ping-pong smooth:False format:webp\n',
  );
  expect(content).toContain('4 frames at 7 fps, 64×64, made in 28 s. Made with tiny on cpu.');
  expect(content).toMatch(/kinora animate picture\.png .*--motion 200 --seed 7 .*--loop ping-pong/);

  // The scripted clip's bytes are no file: the buttons know the job.
  const menu = discord.invokeMessageCommand({ command: 'Settings', targetMessageId: clip.id, locale: 'es-ES' });
  const answer = await menu.waitForMessage((message) => message.content.includes('seed:7'));
  expect(answer.flags & 64).toBe(64);
  expect(answer.content).toContain('Hecho con tiny en cpu');

  const { id } = discord.postMessage({ content: 'no clip' });
  const none = discord.invokeMessageCommand({ command: 'Settings', targetMessageId: id });
  expect((await failureOf(none)).content).toContain('no clip from this bot');
});

it('🗑️ takes the clip away for its requester and for moderators', async () => {
  const { discord, clip, renderer } = await withClip();
  const stranger = discord.createUser('stranger').id;
  await press(discord, clip, 'Delete', stranger).waitForMessage(({ content }) => content.includes('Only the person'));
  expect(discord.message(clip.id)).toBeDefined();
  const gone = (id: string) =>
    discord.waitForChange((change) => change.kind === 'message-delete' && change.messageId === id);
  const byRequester = gone(clip.id);
  press(discord, clip, 'Delete');
  await byRequester;

  const handle = discord.invoke({ command: 'animate', attachments: { image: smallPicture } });
  (await renderer.begun(1)).finish();
  const second = await clipOf(handle);
  const byModerator = gone(second.id);
  press(discord, second, 'Delete', discord.createUser('moderator', { admin: true }).id);
  await byModerator;
});

it('every button works after a restart', async () => {
  const { discord, renderer, clip, stopBot, startBot } = await withClip({ seed: 7 });
  await stopBot();
  await startBot();
  const made = [];
  for (const label of ['Again', 'Extend', 'Loop', 'Smoother', 'Larger']) {
    const pressed = press(discord, clip, label);
    const { spec, finish } = await renderer.begun(made.length + 1);
    made.push(spec.base?.use ?? 'render');
    finish();
    // Each says what it was made of.
    expect((await clipOf(pressed)).content).toContain(linkTo(discord, clip));
  }
  expect(made).toEqual(['render', 'extend', 'reencode', 'reencode', 'reencode']);
  const form = press(discord, clip, 'Edit');
  expect((await form.acknowledged).modal).not.toBeNull();
  discord.submitModal({ interactionId: form.id, values: { motion: '44', loop: 'none' } });
  expect((await renderer.begun(6)).spec.settings).toMatchObject({ motionBucketId: 44, seed: 7 });
  await press(discord, clip, 'Settings').waitForMessage(({ content }) => content.includes('seed:7'));
  const gone = discord.waitForChange((change) => change.kind === 'message-delete' && change.messageId === clip.id);
  press(discord, clip, 'Delete');
  await gone;
});

it('obeys the limits of whoever presses', async () => {
  const renderer = createScriptedRenderer();
  const { discord } = await setStage({ renderer, config: { limits: { ...noLimits, dailyQuota: 1 } } });
  const handle = discord.invoke({ command: 'animate', attachments: { image: smallPicture } });
  (await renderer.begun(0)).finish();
  const clip = await clipOf(handle);
  expect((await failureOf(press(discord, clip, 'Again'))).content).toContain('24 hours');
  expect((await failureOf(press(discord, clip, 'Loop'))).content).toContain('24 hours');
  press(discord, clip, 'Again', discord.createUser('bob').id);
  (await renderer.begun(1)).finish();
});

it.each(['Again', 'Extend'])(
  'finding 4: %s under a clip whose picture is gone is refused before anything shows',
  async (label) => {
    const { discord, renderer, clip } = await withClip();
    const bob = discord.createUser('bob').id;
    const again = press(discord, clip, 'Again', bob);
    (await renderer.begun(1)).finish();
    const bobs = await clipOf(again);
    const question = await discord.invoke({ command: 'kinora forget' }).waitForMessage();
    const deleted = discord.waitForMessage(({ content }) => content.includes('Deleted'));
    discord.clickButton({ messageId: question.id, customId: 'forget' });
    await deleted;
    const handle = press(discord, bobs, label, bob);
    expect(await handle.acknowledged).toMatchObject({ type: 4, ephemeral: true });
    expect((await failureOf(handle)).content).toContain('The picture of that clip has been deleted');
  },
);

it('a second press of ➕, 🔁, ⬆️ or 🔎 while the first is on its way makes no second clip', async () => {
  const { discord, renderer, clip } = await withClip();
  for (const [index, label] of ['Extend', 'Loop', 'Smoother', 'Larger'].entries()) {
    const first = press(discord, clip, label);
    const { finish } = await renderer.begun(index + 1);
    const second = await failureOf(press(discord, clip, label));
    expect(second.content).toContain('You already asked for that');
    expect(second.flags & 64).toBe(64);
    finish();
    await clipOf(first);
  }
  // Somebody else's press is their own wish.
  const mine = press(discord, clip, 'Loop');
  const { finish } = await renderer.begun(5);
  const theirs = press(discord, clip, 'Loop', discord.createUser('bob').id);
  await theirs.waitForMessage(({ content }) => content.includes('position: 1'));
  finish();
  await clipOf(mine);
  (await renderer.begun(6)).finish();
  await clipOf(theirs);
});

it('🗑️ pressed twice takes the clip away once and breaks nothing', async () => {
  const { discord, clip } = await withClip();
  const gone = discord.waitForChange((change) => change.kind === 'message-delete' && change.messageId === clip.id);
  const [first, second] = [press(discord, clip, 'Delete'), press(discord, clip, 'Delete')];
  await gone;
  await Promise.all([first.acknowledged, second.acknowledged]);
  await discord.invoke({ command: 'queue' }).waitForMessage();
  expect(discord.messages().filter(({ content }) => content.startsWith('⚠️'))).toEqual([]);
});

it('nothing in public links to a private clip, and what is made of it stays private', async () => {
  const { discord, renderer, clip } = await withClip({ private: true });
  expect(clip.flags & 64).toBe(64);
  const again = press(discord, clip, 'Again');
  expect(await again.acknowledged).toMatchObject({ ephemeral: true });
  (await renderer.begun(1)).finish();
  const child = await clipOf(again);
  expect(child.content).not.toContain('https://');
  const looped = press(discord, child, 'Loop');
  (await renderer.begun(2)).finish();
  expect((await clipOf(looped)).content).not.toContain('https://');
  const shown = discord.messages().filter(({ flags }) => (flags & 64) === 0);
  expect(shown.filter(({ content }) => content.includes(clip.id) || content.includes(child.id))).toEqual([]);
});

it('🗑️ takes the clip away though Discord refuses its acknowledgement', async () => {
  const { discord, clip } = await withClip();
  const gone = discord.waitForChange((change) => change.kind === 'message-delete' && change.messageId === clip.id);
  const body = { code: 10_062, message: 'Unknown interaction' };
  discord.failNext({ route: 'POST /interactions/:interaction/:token/callback', status: 404, body, times: 2 });
  press(discord, clip, 'Delete');
  await gone;
});
