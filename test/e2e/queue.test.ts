import { expect, it } from 'vitest';
import type { ApiMessage } from '../../src/fake-discord/payloads.ts';
import { createScriptedRenderer } from '../support/scripted-renderer.ts';
import { clipOf, setStage, smallPicture } from './stage.ts';

const animate = { command: 'animate', attachments: { image: smallPicture } };

/** Labels and custom ids of a message's buttons, but for Refresh. */
const buttonsOf = ({ components }: ApiMessage) =>
  components
    .flatMap((row) => (row.components ?? []) as { label: string; custom_id: string }[])
    .filter(({ custom_id }) => !custom_id.startsWith('queue-refresh'));

/** A stage with Alice's job running, and jobs of Alice, Bob and Alice waiting. */
async function setQueue() {
  const renderer = createScriptedRenderer();
  const { discord } = await setStage({ renderer });
  const bob = discord.createUser('bob').id;
  const first = discord.invoke(animate);
  await renderer.begun(0);
  const second = discord.invoke(animate);
  await second.waitForMessage(({ content }) => content.includes('position: 1'));
  const third = discord.invoke({ ...animate, user: bob });
  await third.waitForMessage(({ content }) => content.includes('position: 1'));
  const fourth = discord.invoke(animate);
  await fourth.waitForMessage(({ content }) => content.includes('position: 3'));
  return { renderer, discord, bob, asked: [first, second, third, fourth] as const };
}

it('serves people in turn, whoever came first with how many', async () => {
  const { renderer, bob, asked } = await setQueue();
  const [first, second, third, fourth] = asked;
  // Bob came third, and is next: Alice's clip runs already.
  await third.waitForMessage(({ content }) => content.includes('position: 1'));
  await second.waitForMessage(({ content }) => content.includes('position: 2'));
  const order: string[] = [];
  for (const [index, handle] of [first, third, second, fourth].entries()) {
    (await renderer.begun(index)).finish();
    await clipOf(handle);
    order.push(handle.userId === bob ? 'bob' : 'alice');
  }
  expect(order).toEqual(['alice', 'bob', 'alice', 'alice']);
});

it('/queue shows each person their own, and lets them cancel it, running and waiting', async () => {
  const { discord, asked } = await setQueue();
  const handle = discord.invoke({ command: 'queue' });
  expect(await handle.acknowledged).toMatchObject({ type: 4, ephemeral: true });
  const list = await handle.waitForMessage();
  const [summary, ...lines] = list.content.split('\n').slice(0, -1);
  expect(summary).toBe('🎞️ 1 running, 3 waiting.');
  expect(lines.map((line) => line.replace(/`\w+`/, 'ID'))).toEqual(
    ['▶️', '2.', '3.'].map((mark) => `${mark} ID <@${discord.userId}>`),
  );
  expect(list.mentions).toEqual([]);
  expect(buttonsOf(list).map(({ label }) => label)).toEqual(
    [1, 2, 3].map(() => expect.stringMatching(/^Cancel \w{8}$/)),
  );

  const press = discord.clickButton({ messageId: list.id, customId: buttonsOf(list)[1]!.custom_id });
  // The list itself changes.
  expect(await press.acknowledged).toMatchObject({ type: 7 });
  await asked[1].waitForMessage(({ content }) => content.includes('Cancelled'));
  expect(discord.message(list.id)?.content).toContain('1 running, 2 waiting');
  const running = buttonsOf(discord.message(list.id)!)[0]!;
  await discord.clickButton({ messageId: list.id, customId: running.custom_id }).acknowledged;
  await asked[0].waitForMessage(({ content }) => content.includes('Cancelled'));

  // Pressed again, after a while: told, not broken.
  const late = discord.clickButton({
    messageId: list.id,
    customId: buttonsOf(discord.message(list.id)!)[0]!.custom_id,
  });
  await late.acknowledged;
  expect(discord.messages().filter(({ content }) => content.includes('Something broke'))).toEqual([]);
});

it('/queue show:all lists everybody; buttons for others’ jobs are for moderators alone', async () => {
  const { discord, bob, asked } = await setQueue();
  const all = { command: 'queue', options: { show: 'all' } };
  const member = await discord.invoke({ ...all, user: bob, locale: 'es-ES' }).waitForMessage();
  expect(member.content).toContain('1 en marcha, 3 en espera');
  expect(member.content.match(/<@\d+>/g)).toHaveLength(4);
  expect(buttonsOf(member).map(({ label }) => label)).toEqual([expect.stringMatching(/^Cancelar \w{8}$/)]);

  const list = await discord.invoke({ ...all, user: discord.ownerId }).waitForMessage();
  expect(buttonsOf(list)).toHaveLength(4);
  const bobs = buttonsOf(member)[0]!.custom_id;
  expect(buttonsOf(list).map(({ custom_id }) => custom_id)).toContain(bobs);
  await discord.clickButton({ messageId: list.id, user: discord.ownerId, customId: bobs }).acknowledged;
  await asked[2].waitForMessage(({ content }) => content.includes('Cancelled'));

  // From a conversation with the bot, people of the server have no names, and a moderator there is none here.
  const elsewhere = await discord.invoke({ ...all, place: 'dm', user: discord.ownerId }).waitForMessage();
  expect(elsewhere.content).not.toMatch(/<@/);
  expect(elsewhere.content).toContain('someone elsewhere');
  expect(buttonsOf(elsewhere)).toEqual([]);
});

it('the Cancel button of a job works for moderators too', async () => {
  const { discord, asked } = await setQueue();
  const message = asked[2].original()!;
  const press = discord.clickButton({ messageId: message.id, user: discord.ownerId });
  expect(await press.acknowledged).toMatchObject({ type: 6 });
  await asked[2].waitForMessage(({ content }) => content.includes('Cancelled'));
});

it('says so when nothing of theirs waits', async () => {
  const { discord } = await setStage({ renderer: createScriptedRenderer() });
  const { content } = await discord.invoke({ command: 'queue' }).waitForMessage();
  expect(content).toMatch(/^🎞️ 0 running, 0 waiting\.\nYou have no clips in the queue\.\n-# As of <t:\d+:R>\.$/);
});

it('/queue says of when it is, and Refresh shows what became of it, also after a restart', async () => {
  const renderer = createScriptedRenderer();
  const { discord, stopBot, startBot } = await setStage({ renderer });
  for (const show of ['mine', 'all']) {
    const running = discord.invoke(animate);
    await renderer.begun(renderer.renders.length);
    const list = await discord.invoke({ command: 'queue', options: { show } }).waitForMessage();
    expect(list.content).toMatch(/^🎞️ 1 running, 0 waiting\.\n(?:.*\n)*-# As of <t:\d+:R>\.$/);
    renderer.renders.at(-1)!.finish();
    await clipOf(running);
    await stopBot();
    await startBot();
    const press = discord.clickButton({ messageId: list.id, customId: `queue-refresh-${show}` });
    expect(await press.acknowledged).toMatchObject({ type: 7 });
    expect(discord.message(list.id)?.content).toMatch(/^🎞️ 0 running, 0 waiting\.\n/);
  }
});

it('Cancel in a list of which the clip is forgotten says so and shows what is left', async () => {
  const { discord, asked } = await setQueue();
  const list = await discord.invoke({ command: 'queue' }).waitForMessage();
  const question = await discord.invoke({ command: 'kinora forget' }).waitForMessage();
  discord.clickButton({ messageId: question.id, customId: 'forget' });
  for (const index of [0, 1, 3] as const) {
    await asked[index].waitForMessage(({ content }) => content.includes('Cancelled'));
  }
  await discord.waitForMessage(({ content }) => content.includes('Deleted 3 clips'));
  const press = discord.clickButton({ messageId: list.id, customId: buttonsOf(list)[1]!.custom_id });
  await press.waitForMessage(({ content }) => content.includes('That clip no longer exists'));
  expect(discord.message(list.id)?.content).toContain('You have no clips in the queue.');
});
