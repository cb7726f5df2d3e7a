import { describe, expect, it } from 'vitest';
import { InferenceError } from '../../src/errors.ts';
import { noLimits } from '../../src/storage/limits.ts';
import { tinyModel } from '../support/jobs.ts';
import { createScriptedRenderer } from '../support/scripted-renderer.ts';
import { buttonOf, clipOf, failureOf, setStage, smallPicture } from './stage.ts';

const animate = { command: 'animate', attachments: { image: smallPicture } };
const stageWith = (limits: Partial<typeof noLimits>, renderer = createScriptedRenderer()) =>
  setStage({ renderer, config: { limits: { ...noLimits, ...limits } } }).then((stage) => ({ ...stage, renderer }));

/** The moment that a text names, in milliseconds. */
const momentIn = (content: string) => Number(/<t:(\d+):R>/.exec(content)?.[1]) * 1000;

it('a quota is counted, told in the person’s language with the time, and given back for failed and cancelled clips', async () => {
  const { discord, renderer } = await stageWith({ dailyQuota: 1 });
  const failing = discord.invoke(animate);
  (await renderer.begun(0)).fail(new InferenceError('broken', 'bad luck', { scope: 'job' }));
  await failureOf(failing);
  const cancelled = discord.invoke(animate);
  await renderer.begun(1);
  const running = await cancelled.waitForMessage(({ components }) => components.length > 0);
  await discord.clickButton({ messageId: running.id, customId: buttonOf(running, 'Cancel') }).acknowledged;
  await cancelled.waitForMessage(({ content }) => content.includes('Cancelled'));
  // Both came back: this one is the first that counts.
  const askedAtMs = Date.now();
  const counted = discord.invoke(animate);
  (await renderer.begun(2)).finish();
  await clipOf(counted);

  const { content } = await failureOf(discord.invoke(animate));
  expect(content).toMatch(/^⚠️ You have reached your daily limit \(1 in 24 hours\)\. You can ask again <t:\d+:R>\.$/);
  expect(Math.abs(momentIn(content) - askedAtMs - 24 * 3_600_000)).toBeLessThan(60_000);
  const spanish = await failureOf(discord.invoke({ ...animate, locale: 'es-ES' }));
  expect(spanish.content).toMatch(
    /^⚠️ Has llegado a tu límite diario \(1 en 24 horas\)\. Podrás pedir otro <t:\d+:R>\.$/,
  );
  expect(renderer.renders).toHaveLength(3);
});

it('a cooldown holds, and is told with the time', async () => {
  const { discord, renderer } = await stageWith({ cooldownSeconds: 600 });
  const first = discord.invoke(animate);
  await renderer.begun(0);
  await first.waitForMessage(({ content }) => content !== '');
  const { content } = await failureOf(discord.invoke(animate));
  expect(content).toMatch(/^⚠️ One clip every 600 seconds: you can ask again <t:\d+:R>\.$/);
  expect(Math.abs(momentIn(content) - Date.now() - 600_000)).toBeLessThan(60_000);
  const spanish = await failureOf(discord.invoke({ ...animate, locale: 'es-419' }));
  expect(spanish.content).toContain('Un clip cada 600 segundos');
});

describe('waiting jobs', () => {
  it('are limited per person, with the time when the next one starts', async () => {
    const { discord, renderer } = await stageWith({ maxWaitingPerUser: 1 });
    const measured = discord.invoke(animate);
    (await renderer.begun(0)).finish();
    await clipOf(measured);
    discord.invoke(animate);
    await renderer.begun(1);
    const waiting = discord.invoke(animate);
    await waiting.waitForMessage(({ content }) => content.includes('position: 1'));
    const { content } = await failureOf(discord.invoke(animate));
    expect(content).toMatch(/^⚠️ You can have up to 1 waiting clip at a time\. The next one starts <t:\d+:R>\.$/);
    const spanish = await failureOf(discord.invoke({ ...animate, locale: 'es-ES' }));
    expect(spanish.content).toContain('Puedes tener hasta 1 clip en espera a la vez.');
    // The limit is each person's own.
    const bob = discord.createUser('bob').id;
    await discord
      .invoke({ ...animate, user: bob })
      .waitForMessage(({ content: text }) => text.includes('Queue position'));
  });

  it('are limited per server', async () => {
    const { discord, renderer } = await stageWith({ maxWaitingPerGuild: 1 });
    const [bob, cy] = ['bob', 'cy'].map((name) => discord.createUser(name).id);
    discord.invoke(animate);
    await renderer.begun(0);
    await discord.invoke({ ...animate, user: bob! }).waitForMessage(({ content }) => content.includes('position: 1'));
    const { content } = await failureOf(discord.invoke({ ...animate, user: cy! }));
    expect(content).toContain('The queue of this server is full (at most 1).');
    const spanish = await failureOf(discord.invoke({ ...animate, user: cy!, locale: 'es-ES' }));
    expect(spanish.content).toContain('La cola de este servidor está llena (máximo 1).');
    // A conversation with the bot is no part of the server.
    const direct = discord.invoke({ ...animate, user: cy!, place: 'dm' });
    await direct.waitForMessage(({ content: text }) => text.includes('Queue position'));
  });

  it('are limited in all: direct messages and private conversations do not escape', async () => {
    const { discord, renderer } = await stageWith({ maxWaitingPerGuild: 5, maxWaitingTotal: 2 });
    const [bob, cy] = ['bob', 'cy'].map((name) => discord.createUser(name).id);
    discord.invoke(animate);
    await renderer.begun(0);
    const direct = discord.invoke({ ...animate, user: bob!, place: 'dm' });
    await direct.waitForMessage(({ content }) => content.includes('position: 1'));
    const apart = discord.invoke({ ...animate, user: bob!, place: 'private-channel' });
    await apart.waitForMessage(({ content }) => content.includes('position: 2'));
    const asked = discord.invoke({ ...animate, user: cy!, place: 'private-channel' });
    expect((await failureOf(asked)).content).toContain("The bot's queue is full (at most 2).");
    expect((await asked.acknowledged).ephemeral).toBe(true);
    const spanish = await failureOf(discord.invoke({ ...animate, user: cy!, place: 'dm', locale: 'es-ES' }));
    expect(spanish.content).toContain('La cola del bot está llena (máximo 2).');
  });
});

it('steps and frames above the limit are refused, and the model’s own number is brought within it', async () => {
  const model = { ...tinyModel, defaults: { ...tinyModel.defaults, numInferenceSteps: 25 } };
  const renderer = createScriptedRenderer();
  const { discord } = await setStage({
    renderer,
    model,
    config: { limits: { ...noLimits, maxSteps: 10, maxFrames: 3 } },
  });
  const { content } = await failureOf(discord.invoke({ ...animate, options: { steps: 11 } }));
  expect(content).toBe('⚠️ Up to 10 steps are allowed here. Ask for fewer.');
  const spanish = await failureOf(discord.invoke({ ...animate, options: { steps: 11 }, locale: 'es-ES' }));
  expect(spanish.content).toBe('⚠️ Aquí el máximo es de 10 pasos. Pide menos.');
  const longer = await failureOf(discord.invoke({ ...animate, options: { length: 4 } }));
  expect(longer.content).toBe('⚠️ Up to 3 frames are allowed here. Ask for a shorter clip.');
  const larga = await failureOf(discord.invoke({ ...animate, options: { length: 4 }, locale: 'es-ES' }));
  expect(larga.content).toBe('⚠️ Aquí el máximo es de 3 fotogramas. Pide un clip más corto.');
  discord.invoke(animate);
  expect((await renderer.begun(0)).spec.settings).toMatchObject({ numInferenceSteps: 10, numFrames: 3 });
});
