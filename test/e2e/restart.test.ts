import { expect, it } from 'vitest';
import { createScriptedRenderer } from '../support/scripted-renderer.ts';
import { clipOf, failureOf, isClip, setStage, smallPicture } from './stage.ts';
import { startTinyRenderer } from './tiny-renderer.ts';

const renderer = await startTinyRenderer();
const { model } = renderer;
const animate = { command: 'animate', attachments: { image: smallPicture } };

it('running and waiting jobs go on after a restart, in the same messages', async () => {
  const { discord, startBot, stopBot } = await setStage({ renderer, model });
  const hold = renderer.hold();
  const first = discord.invoke({ ...animate, options: { seed: 1 } });
  await hold.reached;
  const second = discord.invoke({ ...animate, options: { seed: 2 } });
  const { id } = await second.waitForMessage(({ content }) => content.includes('position: 1'));

  const stopped = stopBot();
  await first.waitForMessage(({ content }) => content.includes('restarting'));
  await second.waitForMessage(({ content }) => content.includes('restarting'));
  hold.release();
  await stopped;
  expect(discord.message(id)?.components).toEqual([]);

  await startBot();
  const clips = [await clipOf(first), await clipOf(second)];
  expect(clips.map(({ content }) => /seed \d/.exec(content)?.[0])).toEqual(['seed 1', 'seed 2']);
  expect(clips[1]!.id).toBe(id);
  expect(discord.messages().filter(isClip)).toHaveLength(2);
  // The commands did not change, so they are not created again: 200 creations a day are all there are.
  expect(discord.calls('PUT /applications/:application/commands')).toHaveLength(1);
});

it('a token that Discord refused once is not asked again after a restart', async () => {
  const { discord, startBot, stopBot } = await setStage({ renderer, model });
  const hold = renderer.hold();
  const handle = discord.invoke(animate);
  await hold.reached;
  await handle.waitForMessage(({ content }) => content !== '');
  discord.expireToken(handle.id);
  const stopped = stopBot();
  hold.release();
  await stopped;
  await startBot();
  await clipOf(handle);
  const { provoked, unprovoked } = discord.invalidRequests();
  expect({ provoked, unprovoked }).toEqual({ provoked: 1, unprovoked: {} });
});

it('a stop lets the running job finish within its grace, takes no new ones, and tells who waits', async () => {
  const scripted = createScriptedRenderer();
  const { discord, startBot, stopBot } = await setStage({ renderer: scripted, config: { shutdownGraceMs: 60_000 } });
  const first = discord.invoke({ ...animate, options: { seed: 1 } });
  const render = await scripted.begun(0);
  const second = discord.invoke({ ...animate, options: { seed: 2 } });
  await second.waitForMessage(({ content }) => content.includes('position: 1'));

  const stopped = stopBot();
  await second.waitForMessage(({ content }) => content.includes('restarting'));
  const refused = discord.invoke(animate);
  expect((await failureOf(refused)).content).toContain('Ask again in a minute');
  render.finish();
  await clipOf(first);
  await stopped;

  await startBot();
  (await scripted.begun(1)).finish();
  expect((await clipOf(second)).content).toContain('seed 2');
  expect(discord.messages().filter(isClip)).toHaveLength(2);
});
