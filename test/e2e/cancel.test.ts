import { expect, it } from 'vitest';
import { buttonOf, clipOf, setStage, smallPicture } from './stage.ts';
import { startTinyRenderer } from './tiny-renderer.ts';

const renderer = await startTinyRenderer();
const { model } = renderer;
const animate = { command: 'animate', attachments: { image: smallPicture } };

it('cancels a waiting and a running job, but for nobody but their requester', async () => {
  const { discord } = await setStage({ renderer, model });
  const stranger = discord.createUser('stranger').id;
  const hold = renderer.hold();
  const first = discord.invoke(animate);
  await hold.reached;
  const running = await first.waitForMessage(({ content }) => content.includes('step 1'));
  const second = discord.invoke(animate);
  const waiting = await second.waitForMessage(({ content }) => content.includes('position: 1'));
  const third = discord.invoke({ ...animate, options: { seed: 3 } });
  await third.waitForMessage(({ content }) => content.includes('position: 2'));

  // Another user is told, and nobody else sees it.
  for (const message of [running, waiting]) {
    const customId = buttonOf(message, 'Cancel');
    const press = discord.clickButton({ messageId: message.id, customId, user: stranger });
    expect(await press.acknowledged).toMatchObject({ type: 4, ephemeral: true });
    await press.waitForMessage(({ content }) => content.includes('Only the person who asked'));
  }
  expect(discord.message(running.id)?.content).toContain('step 1');

  // While queued.
  expect(await discord.clickButton({ messageId: waiting.id }).acknowledged).toMatchObject({ type: 6 });
  const cancelled = await second.waitForMessage(({ content }) => content.includes('Cancelled'));
  expect(cancelled).toMatchObject({ id: waiting.id, components: [], attachments: [] });
  await third.waitForMessage(({ content }) => content.includes('position: 1'));

  // While running.
  const customId = buttonOf(running, 'Cancel');
  expect(await discord.clickButton({ messageId: running.id, customId }).acknowledged).toMatchObject({ type: 6 });
  await first.waitForMessage(({ content }) => content.includes('Cancelled'));
  hold.release();

  // The next one runs; the cancelled ones never arrive.
  const clip = await clipOf(third);
  expect(clip.content).toContain('seed 3');
  expect(discord.message(running.id)?.attachments).toEqual([]);
  expect(discord.message(waiting.id)?.attachments).toEqual([]);
  expect(renderer.clips).toHaveLength(1);
});
