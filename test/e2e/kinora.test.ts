import { expect, it } from 'vitest';
import type { GatewayExchange } from '../../src/fake-discord/types.ts';
import { type Clock, systemClock } from '../../src/util/clock.ts';
import { createScriptedRenderer } from '../support/scripted-renderer.ts';
import { clipOf, hastyClock, setStage, smallPicture } from './stage.ts';

const animate = { command: 'animate', attachments: { image: smallPicture } };

it('/kinora about tells model, licence, versions, and what is kept for how long', async () => {
  const { discord } = await setStage({ renderer: createScriptedRenderer(), config: { retentionHours: 36 } });
  const handle = discord.invoke({ command: 'kinora about' });
  expect(await handle.acknowledged).toMatchObject({ type: 4, ephemeral: true });
  const { content } = await handle.waitForMessage();
  expect(content).toContain(`on Node ${process.versions.node}. Model: **tiny**, running on cpu.`);
  expect(content).toMatch(/Kinora \d+\.\d+\.\d+/);
  expect(content).toContain('stability.ai/license');
  expect(content).toContain('deleted 36 hours after delivery');
  const spanish = await discord.invoke({ command: 'kinora about', locale: 'es-ES' }).waitForMessage();
  expect(spanish.content).toContain('se borran 36 horas después');
});

it('/kinora forget ends and deletes what is one’s own, and nothing else', async () => {
  const renderer = createScriptedRenderer();
  const { discord } = await setStage({ renderer });
  const bob = discord.createUser('bob').id;
  const delivered = discord.invoke(animate);
  (await renderer.begun(0)).finish();
  const { id } = await clipOf(delivered);
  const running = discord.invoke(animate);
  const { signal } = await renderer.begun(1);
  const waiting = discord.invoke(animate);
  const others = discord.invoke({ ...animate, user: bob });
  await others.waitForMessage(({ content }) => content.includes('position: 1'));
  await waiting.waitForMessage(({ content }) => content.includes('position: 2'));

  const question = await discord.invoke({ command: 'kinora forget' }).waitForMessage();
  expect(signal?.aborted).toBe(false);
  discord.clickButton({ messageId: question.id, customId: 'forget' });
  await discord.waitForMessage(({ content }) => content.includes('Deleted 3 clips,'));
  expect(signal?.aborted).toBe(true);
  for (const ended of [running, waiting]) await ended.waitForMessage(({ content }) => content.includes('Cancelled'));
  (await renderer.begun(2)).finish();
  await clipOf(others);
  const second = await discord.invoke({ command: 'kinora forget' }).waitForMessage();
  discord.clickButton({ messageId: second.id, customId: 'forget' });
  await discord.waitForMessage(({ content }) => content.includes('Deleted 0 clips,'));
  // What was posted is the person's to delete.
  expect(discord.message(id)?.attachments).toHaveLength(1);
});

it('a long wait ends with one answer that mentions its requester and nobody else, unless they do not want it', async () => {
  const renderer = createScriptedRenderer();
  const { discord } = await setStage({ renderer, config: { pingAfterMs: 1 } });
  const first = discord.invoke(animate);
  const render = await renderer.begun(0);
  await first.waitForMessage(({ content }) => content !== '');
  render.finish();
  const clip = await clipOf(first);
  const ping = await discord.waitForMessage(({ content }) => content.includes('your clip is ready'));
  expect(ping).toMatchObject({
    content: `<@${discord.userId}>, your clip is ready.`,
    message_reference: { message_id: clip.id },
  });
  expect(ping.mentions.map((user) => user.id)).toEqual([discord.userId]);

  const off = await discord.invoke({ command: 'kinora ping', options: { wanted: false } }).waitForMessage();
  expect(off.content).toContain('You will not be mentioned');
  const second = discord.invoke(animate);
  const quiet = await renderer.begun(1);
  await second.waitForMessage(({ content }) => content !== '');
  quiet.finish();
  await clipOf(second);
  const on = await discord
    .invoke({ command: 'kinora ping', options: { wanted: true }, locale: 'es-ES' })
    .waitForMessage();
  expect(on.content).toContain('Te avisaré');
  expect(discord.messages().filter(({ content }) => content.includes('your clip is ready'))).toHaveLength(1);
});

it('a short wait ends without a mention', async () => {
  const renderer = createScriptedRenderer();
  const { discord } = await setStage({ renderer, config: { pingAfterMs: 3_600_000 } });
  const handle = discord.invoke(animate);
  (await renderer.begun(0)).finish();
  await clipOf(handle);
  await discord.invoke({ command: 'queue' }).waitForMessage();
  expect(discord.messages().flatMap(({ mentions }) => mentions)).toEqual([]);
});

it('shows beside its name what runs and waits', async () => {
  const renderer = createScriptedRenderer();
  const { discord } = await setStage({ renderer, clock: hastyClock });
  const shown = () =>
    discord
      .exchanges()
      .filter((exchange): exchange is GatewayExchange => exchange.kind === 'gateway' && exchange.payload.op === 3)
      .map(({ payload }) => JSON.stringify(payload));
  discord.invoke(animate);
  const render = await renderer.begun(0);
  const waiting = discord.invoke(animate);
  await waiting.waitForMessage(({ content }) => content.includes('position: 1'));
  await expect.poll(shown).toContainEqual(expect.stringContaining('1 running, 1 waiting'));
  expect(shown()[0]).toContain('Waiting for a picture');
  render.finish();
});

it('deletes pictures and clips when their hours are over', async () => {
  const renderer = createScriptedRenderer();
  let lateMs = 0;
  const clock: Clock = { ...systemClock, now: () => systemClock.now() + lateMs };
  const { discord, log, stopBot, startBot } = await setStage({ renderer, clock, config: { retentionHours: 36 } });
  const handle = discord.invoke(animate);
  (await renderer.begun(0)).finish();
  await clipOf(handle);
  const deletions = () => log.events.filter(({ message }) => message === 'old pictures and clips deleted');
  for (const [hours, count] of [
    [35, 0],
    [37, 1],
  ] as const) {
    await stopBot();
    lateMs = hours * 3_600_000;
    await startBot();
    expect(deletions()).toHaveLength(count);
  }
});

it('/kinora forget asks once: nothing is deleted by the question, by “Keep it” or by anybody else', async () => {
  const renderer = createScriptedRenderer();
  const { discord } = await setStage({ renderer });
  const delivered = discord.invoke(animate);
  (await renderer.begun(0)).finish();
  await clipOf(delivered);
  const handle = discord.invoke({ command: 'kinora forget', locale: 'es-ES' });
  expect(await handle.acknowledged).toMatchObject({ type: 4, ephemeral: true });
  const question = await handle.waitForMessage();
  expect(question.content).toContain('¿Borrar todo lo que se guarda sobre ti?');
  const labels = question.components.flatMap(({ components = [] }) => components.map(({ label }) => label));
  expect(labels).toEqual(['Borrar todo', 'Conservarlo']);
  const press = (customId: string, user?: string) =>
    discord.clickButton({ messageId: question.id, customId, locale: 'es-ES', ...(user !== undefined && { user }) });

  expect((await press('forget-keep').acknowledged).type).toBe(7);
  await discord.waitForMessage(({ content }) => content === 'No se ha borrado nada.');
  expect(discord.message(question.id)?.components).toEqual([]);

  const another = await discord.invoke({ command: 'kinora forget' }).waitForMessage();
  // A second press, of a second device, is answered by the first one's answer.
  const presses = [1, 2].map(() => discord.clickButton({ messageId: another.id, customId: 'forget' }));
  const types = await Promise.all(presses.map(async ({ acknowledged }) => (await acknowledged).type));
  expect(types.sort()).toEqual([6, 7]);
  await discord.waitForMessage(({ content }) => content.includes('Deleted 1 clip,'));
  expect(discord.message(another.id)).toMatchObject({ components: [] });
});

it('/kinora about says what runs really, once a clip has shown it', async () => {
  const renderer = createScriptedRenderer();
  const { discord } = await setStage({ renderer, config: { provider: 'auto' } });
  const about = async () => (await discord.invoke({ command: 'kinora about' }).waitForMessage()).content;
  expect(await about()).toContain('what it runs on shows with the first clip');
  expect(await about()).not.toContain('auto');
  const handle = discord.invoke(animate);
  (await renderer.begun(0)).finish({ provider: 'cuda' });
  const clip = await clipOf(handle);
  expect(await about()).toContain('running on cuda.');
  // A loop of a clip that was rendered elsewhere says nothing of here.
  const button = clip.components.flatMap(({ components = [] }) => components).find(({ label }) => label === 'Loop');
  const looped = discord.clickButton({ messageId: clip.id, customId: button!.custom_id! });
  (await renderer.begun(1)).finish({ provider: 'cpu' });
  await clipOf(looped);
  expect(await about()).toContain('running on cuda.');
});
