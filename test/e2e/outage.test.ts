import { expect, it, vi } from 'vitest';
import type { Clock } from '../../src/util/clock.ts';
import { createScriptedRenderer } from '../support/scripted-renderer.ts';
import { clipOf, failureOf, hastyClock, hourMs, isClip, setStage, smallPicture } from './stage.ts';

const animate = { command: 'animate', attachments: { image: smallPicture }, options: { seed: 7 } };

it.each(['unreachable', 'unavailable'] as const)(
  'a clip that is finished while Discord is %s is delivered once when it is back, and so is the news of a failure',
  async (outage) => {
    const renderer = createScriptedRenderer();
    const { discord } = await setStage({ renderer, clock: hastyClock });
    const handles = [discord.invoke(animate), discord.invoke(animate)];
    const first = await renderer.begun(0);
    await Promise.all(handles.map((handle) => handle.waitForMessage(({ components }) => components.length > 0)));
    discord.setOutage(outage);
    first.finish();
    (await renderer.begun(1)).fail(new Error('broken'));
    (await renderer.begun(2)).fail(new Error('broken again'));
    discord.setOutage('none');
    await clipOf(handles[0]!);
    await failureOf(handles[1]!);
    expect(discord.messages().filter(isClip)).toHaveLength(1);
  },
);

it('a bot that starts before the network is up waits for it, and says so', async () => {
  const renderer = createScriptedRenderer();
  let end = () => {};
  let waits = 0;
  const clock: Clock = {
    ...hastyClock,
    after(delayMs, callback) {
      if (++waits === 3) end();
      return hastyClock.after(delayMs, callback);
    },
  };
  const { discord, log } = await setStage({
    renderer,
    clock,
    discord: { outage: 'unreachable' },
    beforeStart: (stand) => {
      end = () => stand.setOutage('none');
    },
  });
  const handle = discord.invoke(animate);
  (await renderer.begun(0)).finish();
  await clipOf(handle);
  expect(log.events.some(({ message }) => message.startsWith('Discord cannot be reached'))).toBe(true);
});

it('a clip that can be posted nowhere is offered by /queue to its requester, and to nobody else', async () => {
  const renderer = createScriptedRenderer();
  const { discord } = await setStage({ renderer, clock: hastyClock });
  const handle = discord.invoke(animate);
  const render = await renderer.begun(0);
  await handle.waitForMessage(({ content }) => content !== '');
  discord.expireToken(handle.id);
  discord.setPermissions(discord.channelId, 0n);
  discord.failNext({
    route: 'POST /users/@me/channels' as const,
    status: 403,
    times: 2,
    body: { message: 'Cannot send messages to this user', code: 50_007 },
  });
  render.finish();
  // The clip itself, then the words about it.
  await vi.waitFor(() => expect(discord.calls('POST /users/@me/channels')).toHaveLength(2));
  const stranger = discord.createUser('stranger');
  const others = await discord.invoke({ command: 'queue', user: stranger.id, place: 'dm' }).waitForMessage(() => true);
  expect(JSON.stringify(others.components)).not.toContain('queue-fetch');
  const list = await discord.invoke({ command: 'queue', place: 'dm' }).waitForMessage(() => true);
  const customId = /queue-fetch:[0-9a-f]{8}/.exec(JSON.stringify(list.components))![0];
  const press = discord.clickButton({ messageId: list.id, customId });
  const clip = await press.waitForMessage(isClip);
  expect(clip.flags & 64).toBe(64);
  const after = await discord.invoke({ command: 'queue', place: 'dm' }).waitForMessage(() => true);
  expect(JSON.stringify(after.components)).not.toContain('queue-fetch');
});

it('a clip for a thread that was archived meanwhile goes to its requester directly', async () => {
  const renderer = createScriptedRenderer();
  const { discord } = await setStage({ renderer, clock: hastyClock, editGapMs: hourMs });
  const handle = discord.invoke(animate);
  const render = await renderer.begun(0);
  const { channel_id } = await handle.waitForMessage(({ content }) => content !== '');
  const body = { message: 'Thread is archived', code: 50_083 };
  for (const route of [
    'PATCH /webhooks/:application/:token/messages/:message',
    'PATCH /channels/:channel/messages/:message',
    'POST /channels/:channel/messages',
    'POST /webhooks/:application/:token',
  ] as const) {
    discord.failNext({ route, status: 400, body });
  }
  render.finish();
  const clip = await discord.waitForMessage(isClip);
  expect(clip.channel_id).not.toBe(channel_id);
});
