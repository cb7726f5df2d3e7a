import { expect, it } from 'vitest';
import type { ApiMessage } from '../../src/fake-discord/payloads.ts';
import { readVideoSettings } from '../../src/media/read-video-settings.ts';
import { ffprobe } from '../support/ffprobe.ts';
import { clipOf, setStage, smallPicture } from './stage.ts';
import { startTinyRenderer } from './tiny-renderer.ts';

const renderer = await startTinyRenderer();
const { model } = renderer;

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

  // There and back: a, b, c, b.
  const looped = await clipOf(press(extended, 'Loop'));
  expect((await ffprobe(await bytesOf(looped))).stream).toMatchObject({ nb_read_frames: '4', avg_frame_rate: '6/1' });

  // 3 frames at 6 per second become 9 at 24, and 16 there and back.
  const smooth = await clipOf(press(looped, 'Smoother'));
  expect((await ffprobe(await bytesOf(smooth))).stream).toMatchObject({ nb_read_frames: '16', avg_frame_rate: '24/1' });

  // What the file says of itself, read back through Discord.
  const asked = discord.invokeMessageCommand({ command: 'Settings', targetMessageId: smooth.id });
  const { content } = await asked.waitForMessage((message) => message.content.includes('/animate'));
  expect(content).toContain('loop:ping-pong smooth:True format:mp4');
  expect(content).toContain('Made with tiny on cpu.');

  const options = { format: 'gif', shape: 'portrait', seed: 1 };
  const gif = await clipOf(discord.invoke({ command: 'animate', attachments: { image: smallPicture }, options }));
  const bytes = await bytesOf(gif);
  expect(Buffer.from(bytes.subarray(0, 4)).toString()).toBe('GIF8');
  expect(readVideoSettings(bytes)).toMatchObject({ format: 'gif', shape: 'portrait', seed: 1 });
});
