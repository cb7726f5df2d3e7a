import sharp from 'sharp';
import { expect, it } from 'vitest';
import { modelCapabilities } from '../../src/cli/bot-parts.ts';
import type { ApiMessage } from '../../src/fake-discord/payloads.ts';
import { readVideoSettings } from '../../src/media/read-video-settings.ts';
import { ffprobe } from '../support/ffprobe.ts';
import { clipOf, setStage, smallPicture } from './stage.ts';
import { startTinyRenderer } from './tiny-renderer.ts';

const renderer = await startTinyRenderer();
const model = modelCapabilities(renderer.model);

it('renders in the picture’s shape, extends, loops, smooths and converts with real frames and files', async () => {
  const { discord } = await setStage({ renderer, model });
  const bytesOf = async ({ attachments }: ApiMessage) => (await discord.download(attachments[0]!.url)).bytes;
  const press = (clip: ApiMessage, label: string) => {
    const button = clip.components.flatMap(({ components = [] }) => components).find((other) => other.label === label);
    return discord.clickButton({ messageId: clip.id, customId: button?.custom_id ?? '' });
  };

  // 64×48: the picture's own 4:3, though the model's own clip is a square.
  const clip = await clipOf(
    discord.invoke({ command: 'animate', attachments: { image: smallPicture }, options: { seed: 7, fps: 6 } }),
  );
  const first = await ffprobe(await bytesOf(clip));
  expect(Number(first.stream.width) / Number(first.stream.height)).toBeCloseTo(4 / 3, 1);
  expect(first.stream).toMatchObject({ nb_read_frames: '2' });
  expect(readVideoSettings(await bytesOf(clip))).toMatchObject({ seed: 7, shape: 'auto', loop: 'none', fps: 6 });

  // Two frames and two more, of which the first is the last of before.
  const extended = await clipOf(press(clip, 'Extend'));
  const second = await ffprobe(await bytesOf(extended));
  expect(second.stream).toMatchObject({ nb_read_frames: '3', width: first.stream.width, height: first.stream.height });

  // There and back: a, b, c, b. Nobody chose a format, so a loop is one that moves by itself.
  const looped = await clipOf(press(extended, 'Loop'));
  expect(looped.attachments[0]).toMatchObject({ content_type: 'image/webp' });
  expect(await sharp(await bytesOf(looped)).metadata()).toMatchObject({ format: 'webp', pages: 4, loop: 0 });

  // Longer by one, 4 frames, of which all but the ends are shown twice.
  const longer = await clipOf(press(looped, 'Extend'));
  expect(longer.content).toContain('ping-pong loop');
  expect(await sharp(await bytesOf(longer)).metadata()).toMatchObject({ format: 'webp', pages: 6 });

  // 3 frames at 6 per second become 9 at 24, and 16 there and back.
  const smooth = await clipOf(press(looped, 'Smoother'));
  const { pages, delay = [] } = await sharp(await bytesOf(smooth)).metadata();
  expect(smooth.attachments[0]?.description).toContain('16 frames in 0.7 s');
  expect(delay.reduce((sum, ms) => sum + ms, 0)).toBe(Math.round((16 * 1000) / 24));
  // The tiny model's frames have nothing in common, so each is shown until the next; the file has such a run as one page.
  expect(pages).toBeLessThanOrEqual(16);

  // What the file says of itself, read back through Discord.
  expect(readVideoSettings(await bytesOf(smooth))).toMatchObject({ extended: true, loop: 'ping-pong', smooth: true });
  const asked = discord.invokeMessageCommand({ command: 'Settings', targetMessageId: smooth.id });
  const { content } = await asked.waitForMessage((message) => message.content.includes('No command makes this clip'));
  expect(content).toContain('loop:ping-pong smooth:True format:webp');
  expect(content).toContain('Made with tiny on cpu. In-between frames by RIFE.');
  const own = discord.invokeMessageCommand({ command: 'Settings', targetMessageId: clip.id });
  const answer = await own.waitForMessage((message) => message.content.includes('/animate'));
  expect(answer.content).toContain(
    'seed:7 steps:2 fps:6 length:2 shape:auto fit:crop loop:none smooth:False format:mp4',
  );

  const options = { format: 'gif', shape: 'portrait', seed: 1 };
  const gif = await clipOf(discord.invoke({ command: 'animate', attachments: { image: smallPicture }, options }));
  const bytes = await bytesOf(gif);
  expect(Buffer.from(bytes.subarray(0, 4)).toString()).toBe('GIF8');
  expect(readVideoSettings(bytes)).toMatchObject({ format: 'gif', shape: 'portrait', seed: 1 });
});
