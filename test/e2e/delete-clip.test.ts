import { expect, it } from 'vitest';
import type { InvokeRequest } from '../../src/fake-discord/types.ts';
import { type Clock, systemClock } from '../../src/util/clock.ts';
import { createScriptedRenderer } from '../support/scripted-renderer.ts';
import { clipOf, hastyClock, setStage, smallPicture } from './stage.ts';

const animate = { command: 'animate', attachments: { image: smallPicture }, options: { seed: 7 } };
const callback = 'POST /interactions/:interaction/:token/callback' as const;
const byChannel = 'DELETE /channels/:channel/messages/:message' as const;
const byToken = 'DELETE /webhooks/:application/:token/messages/:message' as const;
const refused = { status: 403, body: { code: 50_013, message: 'Missing Permissions' } };

/** A delivered clip, and how to press Delete under it and wait until it is gone. */
async function setClip(more: Partial<InvokeRequest> = {}, clock: Clock = systemClock) {
  const renderer = createScriptedRenderer();
  const stage = await setStage({ renderer, clock });
  const { discord } = stage;
  const handle = discord.invoke({ ...animate, ...more });
  (await renderer.begun(0)).finish();
  const { id, components } = await clipOf(handle);
  const customId = /"(delete:[0-9a-f]{8})"/.exec(JSON.stringify(components))![1]!;
  const press = async () => {
    const gone = discord.waitForChange((change) => change.kind === 'message-delete' && change.messageId === id);
    const pressed = discord.clickButton({ messageId: id, customId });
    pressed.acknowledged.catch(() => {});
    await gone;
    return pressed;
  };
  return { ...stage, press };
}

it('a Delete whose acknowledgement Discord refuses deletes all the same, and tells no failure', async () => {
  const { discord, log, press } = await setClip();
  discord.failNext({ route: callback, status: 400, body: { code: 50_035, message: 'Invalid Form Body' }, times: 2 });
  const before = discord.messages().length;
  await press();
  await expect.poll(() => discord.calls(callback).at(-1)?.status).toBe(400);
  expect(discord.messages()).toHaveLength(before - 1);
  expect(log.events.filter(({ level }) => level === 'error')).toEqual([]);
});

it('a Delete whose acknowledgement hangs deletes all the same, and one that is heard is acknowledged', async () => {
  const heard = await setClip();
  expect((await (await heard.press()).acknowledged).type).toBe(6);
  const { discord, press } = await setClip({}, hastyClock);
  discord.failNext({ route: callback, delayMs: 2_500, delayOnly: true });
  const answered = discord.calls(callback).length;
  await press();
  expect(discord.calls(callback)).toHaveLength(answered);
});

it('a Delete whose channel is closed to the bot goes by the press’s token', async () => {
  const { discord, press } = await setClip();
  discord.failNext({ route: byChannel, ...refused });
  await press();
  await expect.poll(() => discord.calls(byToken).map(({ status }) => status)).toEqual([204]);
});

it('a Delete whose token Discord refuses goes by the channel', async () => {
  // A conversation that the client has not met: the token is tried first.
  const { discord, press } = await setClip({ place: 'dm' });
  discord.failNext({ route: byToken, ...refused });
  await press();
  await expect.poll(() => discord.calls(byChannel).map(({ status }) => status)).toContain(204);
});

it('a Delete under a private clip, and under one where the bot is no member, goes by the token', async () => {
  const hidden = await setClip({ options: { seed: 7, private: true } });
  await hidden.press();
  expect(hidden.discord.calls(byChannel)).toEqual([]);
  const elsewhere = await setClip({ place: 'user-install' });
  await elsewhere.press();
  expect(elsewhere.discord.calls(byChannel)).toEqual([]);
});
