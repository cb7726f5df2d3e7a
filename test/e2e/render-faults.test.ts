import { expect, it } from 'vitest';
import { clipOf, failureOf, setStage, smallPicture } from './stage.ts';
import { quickChild, startTinyRenderer } from './tiny-renderer.ts';

const renderer = await startTinyRenderer({ entry: quickChild });
const { model } = renderer;
/** One that decodes pictures. */
const real = await startTinyRenderer();
const animate = { command: 'animate', attachments: { image: smallPicture } };

it('a job whose render process is killed is done again once', async () => {
  const { discord, log } = await setStage({ renderer, model });
  const hold = renderer.hold();
  const handle = discord.invoke(animate);
  await hold.reached;
  hold.kill();
  await clipOf(handle);
  expect(log.events.some(({ message }) => message.includes('trying once more'))).toBe(true);
});

it('a job that kills it twice fails readably, and the next job works', async () => {
  const { discord } = await setStage({ renderer, model });
  const holds = [renderer.hold(), renderer.hold()];
  const handle = discord.invoke(animate);
  const next = discord.invoke({ ...animate, options: { seed: 9 } });
  for (const hold of holds) {
    await hold.reached;
    hold.kill();
  }
  const failed = await failureOf(handle);
  expect(failed.content).toMatch(/Something broke \(id [0-9a-f]{8}\)/);
  expect(failed.components).toEqual([]);
  const clip = await clipOf(next);
  expect(clip.content).toContain('seed 9');
});

it('a picture that only the decoder can refuse is refused readably', async () => {
  const { discord } = await setStage({ renderer: real, model });
  const bytes = smallPicture.bytes.subarray(0, smallPicture.bytes.length - 20);
  const handle = discord.invoke({ command: 'animate', attachments: { image: { name: 'cut.png', bytes } } });
  const { content } = await failureOf(handle);
  expect(content).toBe(
    '⚠️ The picture is damaged or cut off and cannot be read. Save it again and attach the new file.',
  );
});
