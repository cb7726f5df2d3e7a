import { expect, it } from 'vitest';
import { findFfmpeg } from '../../src/media/ffmpeg-path.ts';
import { finishClip } from '../../src/media/finish-clip.ts';
import { panningClip } from '../media/clips.ts';
import { createScriptedRenderer } from '../support/scripted-renderer.ts';
import { clipOf, failureOf, setStage, smallPicture, watchedFetch } from './stage.ts';

/** A clip of Kinora's of 12 MB: most of it is a box that no player looks into. */
async function longClip() {
  const metadata = { title: 'Kinora', settings: { seed: 77, motionBucketId: 90, model: 'tiny', provider: 'cpu' } };
  const options = { ffmpegPath: await findFfmpeg({}), fps: 7, metadata, loop: 'none' } as const;
  const { bytes } = await finishClip(panningClip(32, 32, { count: 2 }), { ...options, format: 'mp4' });
  const filler = Buffer.alloc(12_000_000);
  filler.writeUInt32BE(filler.length, 0);
  filler.write('free', 4, 'latin1');
  return { name: 'travelled.mp4', bytes: Buffer.concat([bytes, filler]) };
}

it('Settings reads a clip that travelled from its first bytes, and each person’s once in a while', async () => {
  const { fetch, asked } = watchedFetch();
  const { discord } = await setStage({ renderer: createScriptedRenderer(), fetch });
  const { id } = discord.postMessage({ attachments: [await longClip()] });
  const look = (user?: string) =>
    discord.invokeMessageCommand({ command: 'Settings', targetMessageId: id, ...(user !== undefined && { user }) });
  const read = await look().waitForMessage(({ content }) => content.includes('seed:77'));
  expect(read.content).toContain('does not say everything');
  expect(read.flags & 64).toBe(64);
  expect(read.content).toContain('Made with tiny on cpu.');
  expect(asked).toEqual(['bytes=0-131071']);

  expect((await failureOf(look())).content).toMatch(/^⚠️ That was quick\. You can do this again <t:\d+:R>\.$/);
  expect(asked).toHaveLength(1);
  await look(discord.createUser('bob').id).waitForMessage(({ content }) => content.includes('seed:77'));
});

it('"Settings" fetches nothing of a clip under the bot’s own buttons, and knows those of nobody else', async () => {
  const renderer = createScriptedRenderer();
  const { fetch, asked } = watchedFetch();
  const { discord } = await setStage({ renderer, fetch });
  const options = { seed: 5 };
  const handle = discord.invoke({ command: 'animate', attachments: { image: smallPicture }, options });
  (await renderer.begun(0)).finish();
  const clip = await clipOf(handle);
  const before = asked.length;
  const menu = discord.invokeMessageCommand({ command: 'Settings', targetMessageId: clip.id });
  await menu.waitForMessage(({ content }) => content.includes('seed:5'));
  expect(asked).toHaveLength(before);

  const { id } = discord.postMessage({ attachments: [{ name: 'other.mp4', bytes: Buffer.from('no film at all') }] });
  const none = discord.invokeMessageCommand({ command: 'Settings', targetMessageId: id, locale: 'es-ES' });
  expect((await failureOf(none)).content).toContain('Ese mensaje no tiene ningún clip de este bot');
});
