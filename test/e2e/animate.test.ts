import { expect, it } from 'vitest';
import { ffprobe } from '../support/ffprobe.ts';
import { clipOf, setStage, smallPicture } from './stage.ts';
import { startTinyRenderer } from './tiny-renderer.ts';

const renderer = await startTinyRenderer();
const { model } = renderer;

it('a picture becomes a clip in the answer, byte for byte what was made', async () => {
  const { discord } = await setStage({ renderer, model });
  const hold = renderer.hold();
  const handle = discord.invoke({
    command: 'animate',
    attachments: { image: smallPicture },
    options: { motion: 200, seed: 4_294_967_295, steps: 3, fps: 9 },
  });
  const acknowledgement = await handle.acknowledged;
  expect(acknowledgement).toMatchObject({ type: 5, ephemeral: false });
  expect(acknowledgement.latencyMs).toBeLessThan(3_000);

  await hold.reached;
  const status = await handle.waitForMessage(({ content }) => content.includes('step 1 of 3'));
  // Of a first clip, weighed by what stages are reckoned to take; its first step tells no end yet, since it loads the network.
  expect(status.content).toMatch(/^🎞️ \*\*Imagining the motion\*\*.*\n`█{9}░{11}` 48 %$/);
  expect(status.components[0]?.components).toMatchObject([{ label: 'Cancel' }, { label: 'Another seed' }]);
  hold.release();

  const message = await clipOf(handle);
  expect(message.id).toBe(status.id);
  const buttons = message.components.map(({ components = [] }) => components.map(({ label }) => label));
  expect(buttons).toEqual([
    ['Again', 'Edit', 'Extend', 'Loop', 'Smoother'],
    ['Larger', 'End picture', 'Settings', 'Delete'],
  ]);
  expect(message.content).toBe('🎬 Your clip: 0.2 s · seed 4294967295');
  const [attachment] = message.attachments;
  expect(message.attachments).toHaveLength(1);
  expect(attachment!.filename).toMatch(/^kinora-[0-9a-f]{8}-seed4294967295-motion200-steps3-fps9\.mp4$/);

  const { bytes, status: httpStatus } = await discord.download(attachment!.url);
  expect(httpStatus).toBe(200);
  expect(Buffer.compare(bytes, renderer.clips.at(-1)!.bytes)).toBe(0);
  const { stream, tags } = await ffprobe(bytes);
  expect(stream).toMatchObject({ codec_name: 'h264', pix_fmt: 'yuv420p', avg_frame_rate: '9/1', nb_read_frames: '2' });
  expect(JSON.stringify(tags)).toContain('4294967295');
  // Seeking in a browser needs ranges.
  expect((await discord.download(attachment!.url, 'bytes=0-99')).status).toBe(206);
});

it('two jobs at once: the second waits its turn, both are delivered', async () => {
  const { discord } = await setStage({ renderer, model });
  const hold = renderer.hold();
  const bob = discord.createUser('bob', { locale: 'es-ES' });
  const first = discord.invoke({ command: 'animate', attachments: { image: smallPicture }, options: { seed: 1 } });
  await hold.reached;
  const request = { command: 'animate', attachments: { image: smallPicture }, user: bob.id, locale: 'es-ES' };
  const second = discord.invoke({ ...request, options: { seed: 2 } });
  await second.waitForMessage(({ content }) => content.includes('Posición en la cola: 1'));
  const third = discord.invoke({ ...request, options: { seed: 3 } });
  await second.waitForMessage(({ content }) => content.includes('Posición en la cola: 1'));
  await third.waitForMessage(({ content }) => content.includes('Posición en la cola: 2'));
  // The second's render stands still too until the third was told: nobody is told a place that is over by then.
  const next = renderer.hold();
  hold.release();
  await clipOf(first);
  await next.reached;
  await third.waitForMessage(({ content }) => content.includes('Posición en la cola: 1'));
  next.release();
  const clips = [await clipOf(second), await clipOf(third)];
  expect(clips.map(({ content }) => /semilla \d/.exec(content)?.[0])).toEqual(['semilla 2', 'semilla 3']);
});
