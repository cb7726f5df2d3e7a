import { expect, it } from 'vitest';
import { createScriptedRenderer } from '../support/scripted-renderer.ts';
import { buttonOf, clipOf, isClip, setStage, smallPicture } from './stage.ts';

const animate = { command: 'animate', attachments: { image: smallPicture }, options: { seed: 7 } };

it.each([1, 2, 3, 4])(
  'jobs are accepted, and their clips delivered once, where Discord leaves out fields and sends others (seed %i)',
  async (seed) => {
    const renderer = createScriptedRenderer();
    const { discord, log } = await setStage({ renderer });
    discord.deviate({ seed, rate: 0.5 });
    const handles = Array.from({ length: 4 }, () => discord.invoke(animate));
    for (const index of handles.keys()) {
      const render = await renderer.begun(index);
      expect(render.spec.maxBytes).toBeGreaterThan(0);
      render.finish();
    }
    for (const handle of handles) await clipOf(handle);
    expect(discord.messages().filter(isClip)).toHaveLength(handles.length);
    expect(log.events.filter(({ level }) => level === 'error')).toEqual([]);
    // Nothing was asked of a channel without an id.
    const paths = discord.exchanges().flatMap((exchange) => (exchange.kind === 'rest' ? [exchange.path] : []));
    expect(paths.filter((path) => path.includes('//'))).toEqual([]);
  },
);

it('events and answers with nulls that discord.js cannot parse cost nobody a clip, nor the owner their commands', async () => {
  const renderer = createScriptedRenderer();
  const { discord, log } = await setStage({ renderer });
  discord.deviate({ seed: 1, rate: 1, kinds: ['unparseable'] });
  const handles = [discord.invoke(animate), discord.invoke({ ...animate, place: 'dm' })];
  for (const index of handles.keys()) (await renderer.begun(index)).finish();
  const [clip] = await Promise.all(handles.map(clipOf));
  const status = discord.invoke({ command: 'kinora-admin status', user: discord.ownerId });
  await status.waitForMessage(({ content }) => content.includes('<t:'));
  const queue = discord.invoke({ command: 'queue' });
  await queue.waitForMessage(() => true);
  const customId = /"(again:[0-9a-f]{8})"/.exec(JSON.stringify(clip!.components))![1]!;
  const again = discord.clickButton({ messageId: clip!.id, customId });
  (await renderer.begun(2)).finish();
  await clipOf(again);
  const failures = log.events.filter(({ level, fields }) => level === 'error' && fields.type === undefined);
  expect(failures).toEqual([]);
});

it('an interaction without a language and without a channel is a job like any other', async () => {
  const renderer = createScriptedRenderer();
  const { discord } = await setStage({ renderer });
  discord.deviate({ seed: 5, rate: 1, kinds: ['missing'] });
  const handle = discord.invoke(animate);
  (await renderer.begun(0)).finish();
  const message = await clipOf(handle);
  expect(message.content).toContain('Your clip');
});

const callback = 'POST /interactions/:interaction/:token/callback' as const;

it('an answer that Discord took, and called a failure, leads to the clip all the same', async () => {
  const renderer = createScriptedRenderer();
  const { discord } = await setStage({ renderer });
  discord.failNext({ route: callback, status: 502, afterEffect: true });
  const handle = discord.invoke(animate);
  (await renderer.begun(0)).finish();
  await clipOf(handle);
  expect(discord.calls(callback).map(({ status }) => status)).toEqual([502, 400]);
});

it('a Cancel whose acknowledgement Discord refuses cancels all the same', async () => {
  const renderer = createScriptedRenderer();
  const { discord } = await setStage({ renderer });
  const handle = discord.invoke(animate);
  const { signal } = await renderer.begun(0);
  const running = await handle.waitForMessage(({ components }) => components.length > 0);
  discord.failNext({ route: callback, status: 400, body: { code: 50035, message: 'Invalid Form Body' }, times: 2 });
  discord.clickButton({ messageId: running.id, customId: buttonOf(running, 'Cancel') });
  await handle.waitForMessage(({ content }) => content.includes('Cancelled'));
  expect(signal?.aborted).toBe(true);
});

it('a bot whose commands Discord refuses goes on with those that are registered, and says so', async () => {
  const renderer = createScriptedRenderer();
  const { discord, log, stopBot, startBot } = await setStage({ renderer });
  await stopBot();
  const body = { code: 50035, message: 'Invalid Form Body' };
  discord.failNext({ route: 'GET /applications/:application/commands', status: 400, body });
  await startBot();
  const handle = discord.invoke(animate);
  (await renderer.begun(0)).finish();
  await clipOf(handle);
  expect(log.events).toContainEqual(
    expect.objectContaining({ level: 'error', message: expect.stringContaining('goes on with those') }),
  );
});
