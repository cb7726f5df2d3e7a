import { expect, it } from 'vitest';
import { noLimits } from '../../src/storage/limits.ts';
import { tinyModel } from '../support/jobs.ts';
import { createScriptedRenderer } from '../support/scripted-renderer.ts';
import { clipOf, failureOf, setStage, smallPicture } from './stage.ts';

const animate = { command: 'animate', attachments: { image: smallPicture } };

/** A stage and what its guild's owner does with `/kinora-config`. */
async function setConfigurable(
  config: Parameters<typeof setStage>[0]['config'] = {},
  model = tinyModel,
  fake: Parameters<typeof setStage>[0]['discord'] = {},
) {
  const renderer = createScriptedRenderer();
  const stage = await setStage({ renderer, config, model, discord: fake });
  const { discord } = stage;
  const configure = async (subcommand: string, options: Record<string, string | number | boolean> = {}) => {
    const handle = discord.invoke({ command: `kinora-config ${subcommand}`, options, user: discord.ownerId });
    expect(await handle.acknowledged).toMatchObject({ type: 4, ephemeral: true });
    return (await handle.waitForMessage()).content;
  };
  return { ...stage, renderer, configure };
}

it('is offered to managers alone, in servers alone', async () => {
  const { discord } = await setConfigurable();
  const [declared] = discord.registeredCommands().filter(({ name }) => name === 'kinora-config');
  // Manage Server.
  expect(declared).toMatchObject({ default_member_permissions: '32', contexts: [0] });
});

it('shows the settings that hold, and keeps changes over a restart', async () => {
  const { configure, stopBot, startBot } = await setConfigurable({ limits: { ...noLimits, maxSteps: 30 } });
  const before = await configure('show');
  expect(before).toContain('Channels: **everywhere**');
  expect(before).toContain('Maximum steps: **30**');
  expect(before).toContain('Clips per person in 24 hours: **no limit**');
  await configure('set', { spoiler: true, ping: false, 'max-upload': 3 });
  const after = await configure('limits', { steps: 50, 'daily-clips': 7, 'cooldown-seconds': 5 });
  // The operator's 30 still holds.
  expect(before).toContain('Show previews while clips are made: **yes**');
  for (const line of ['Maximum steps: **30**', 'Clips per person in 24 hours: **7**', 'as spoilers: **yes**']) {
    expect(after).toContain(line);
  }
  await stopBot();
  await startBot();
  expect(await configure('show')).toBe(after);
  expect(await configure('reset')).toBe(before);
});

it('allows channels: elsewhere the person learns where', async () => {
  const { discord, renderer, configure } = await setConfigurable();
  const studio = discord.createChannel('studio');
  expect(await configure('allow', { channel: studio })).toContain(`Channels: **<#${studio}>**`);
  const refused = await failureOf(discord.invoke({ ...animate, locale: 'es-ES' }));
  expect(refused.content).toBe(`⚠️ Solo se pueden hacer clips en: <#${studio}>.`);
  discord.invoke({ ...animate, channelId: studio });
  (await renderer.begun(0)).finish();
  await configure('disallow', { channel: studio });
  discord.invoke(animate);
  (await renderer.begun(1)).finish();
});

it('allows roles, and age-restricted channels alone', async () => {
  const { discord, configure } = await setConfigurable();
  // The bot's own role, which Alice has not.
  const role = /\{"id":"(\d+)","name":"kinora"[^}]*"position":1/i.exec(JSON.stringify(discord.exchanges()))![1]!;
  await configure('allow', { role });
  expect((await failureOf(discord.invoke(animate))).content).toContain(
    `To make clips here you need one of these roles: <@&${role}>`,
  );
  await configure('disallow', { role });
  await configure('set', { 'age-restricted-only': true });
  expect((await failureOf(discord.invoke(animate))).content).toContain('only be made in age-restricted channels');
});

it('applies limits, upload size, spoiler, language and silence to clips', async () => {
  const { discord, renderer, configure } = await setConfigurable({ pingAfterMs: 1 });
  await configure('set', { spoiler: true, ping: false, 'max-upload': 2, language: 'es-ES' });
  const handle = discord.invoke(animate);
  const render = await renderer.begun(0);
  expect(render.spec.maxBytes).toBe(2 * 1024 * 1024);
  // Everybody reads the server's language now, whatever their own.
  await handle.waitForMessage(({ content }) => content.includes('Preparando'));
  render.finish();
  const clip = await clipOf(handle);
  expect(clip.attachments[0]!.filename).toMatch(/^SPOILER_kinora-/);

  const shown = await configure('limits', { 'daily-clips': 1 });
  expect(shown).toContain('Clips por persona en 24 horas: **1**');
  expect((await failureOf(discord.invoke(animate))).content).toContain('tu límite diario (1 en 24 horas)');
  expect(discord.messages().filter(({ content }) => content.includes('tu clip está listo'))).toEqual([]);
  // In a conversation with the bot the server's rules do not hold.
  discord.invoke({ ...animate, place: 'dm' });
  await renderer.begun(1);
});

it('offers the model’s recipes, and makes one the default', async () => {
  const model = { ...tinyModel, presets: { draft: { numInferenceSteps: 1 } } };
  const { discord, renderer, configure } = await setConfigurable({}, model);
  expect(await configure('set', { preset: 'draft' })).toContain('Default preset: **');
  discord.invoke(animate);
  const render = await renderer.begun(0);
  expect(render.spec.settings.numInferenceSteps).toBe(1);
  render.finish();
  expect(await configure('set', { preset: 'none' })).toContain("the model's own settings");
  discord.invoke(animate);
  expect((await renderer.begun(1)).spec.settings.numInferenceSteps).toBeUndefined();
});

it('shows, tells and limits a list of a hundred channels, and stores nothing that it cannot say', async () => {
  const { discord, configure } = await setConfigurable();
  const channels = Array.from({ length: 101 }, (_, index) => discord.createChannel(`studio-${index}`));
  let shown = '';
  for (const channel of channels.slice(0, 100)) shown = await configure('allow', { channel });
  expect(shown.length).toBeLessThanOrEqual(2000);
  expect(shown).toContain(`<#${channels[19]}> and 80 more**`);
  // The settings after the list are still there.
  expect(shown).toContain('Maximum frames: **no limit**');
  expect(await configure('allow', { channel: channels[100]! })).toBe(
    '⚠️ The list is full (100 entries). Remove one with `/kinora-config disallow` first.',
  );
  expect(await configure('show')).toBe(shown);
  // One that is on the list already changes nothing, and is no reason to refuse.
  expect(await configure('allow', { channel: channels[0]! })).toBe(shown);
  const refused = await failureOf(discord.invoke({ ...animate, locale: 'es-ES' }));
  expect(refused.content).toMatch(/^⚠️ Solo se pueden hacer clips en: (<#\d+>, ){19}<#\d+> y 80 más\.$/);
});

it('keeps no change that its manager could not be told of, and one whose answer is there', async () => {
  const { discord, configure, log } = await setConfigurable();
  const before = await configure('set', { 'max-upload': 3 });
  const callback = 'POST /interactions/:interaction/:token/callback' as const;
  const unknown = { message: 'Unknown interaction', code: 10062 };
  discord.failNext({ route: callback, status: 404, body: unknown, times: 2 });
  const options = { spoiler: true, language: 'es-ES', 'max-upload': 0 };
  discord.invoke({ command: 'kinora-config set', options, user: discord.ownerId });
  await expect.poll(() => log.events.filter(({ message }) => message.includes('could not be told'))).toHaveLength(1);
  expect(await configure('show')).toBe(before);

  // Discord took the answer, and then said that it failed: tried again, it is there already.
  discord.failNext({ route: callback, status: 500, afterEffect: true });
  const after = await configure('set', { spoiler: true });
  expect(after).toContain('as spoilers: **yes**');
  await expect.poll(() => discord.calls(callback).at(-1)?.status).toBe(400);
  expect(await configure('show')).toBe(after);
});

it('makes a format the default, for command, menu and reaction; “auto” moves by itself where a loop was chosen', async () => {
  const { discord, renderer, configure } = await setConfigurable({ reactionEmoji: '🎬' }, tinyModel, {
    messageContentIntent: true,
  });
  expect(await configure('show')).toContain(
    'Default file type: **auto: WebP for loops, which plays by itself; else MP4**',
  );
  const { id } = discord.postMessage({ attachments: [smallPicture] });
  const doors = {
    command: () => discord.invoke(animate),
    menu: () => discord.invokeMessageCommand({ command: 'Animate', targetMessageId: id }),
    reaction: () => discord.react({ messageId: id, emoji: '🎬', user: discord.createUser(`u${++people}`).id }),
  };
  let people = 0;
  const formatBy = async (ask: () => unknown) => {
    ask();
    const { spec, finish } = await renderer.begun(renderer.renders.length);
    finish();
    return spec.form?.format;
  };
  for (const ask of Object.values(doors)) expect(await formatBy(ask)).toBe('auto');
  expect(await configure('set', { format: 'gif' })).toContain('animated GIF: plays by itself');
  for (const ask of Object.values(doors)) expect(await formatBy(ask)).toBe('gif');
  const chosen = { ...animate, options: { format: 'mp4', loop: 'ping-pong' } };
  expect(await formatBy(() => discord.invoke(chosen))).toBe('mp4');
  await configure('set', { format: 'auto' });

  const looped = discord.invoke({ ...animate, options: { loop: 'ping-pong' } });
  (await renderer.begun(renderer.renders.length)).finish();
  expect((await clipOf(looped)).attachments[0]).toMatchObject({ content_type: 'image/webp' });
});
