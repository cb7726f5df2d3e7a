import { setImmediate } from 'node:timers/promises';
import { RequestMethod, type RouteLike } from 'discord.js';
import { expect, it } from 'vitest';
import { createChannelPace } from '../../src/bot/channel-pace.ts';
import { createFakeClock, type FakeClock } from '../support/fake-clock.ts';
import { createRecordingLog } from '../support/recording-log.ts';

const post = (channelId: number) =>
  ({ method: RequestMethod.Post, fullRoute: `/channels/${channelId}/messages` }) as const;
const patch = (channelId: number) =>
  ({ method: RequestMethod.Patch, fullRoute: `/channels/${channelId}/messages/9` }) as const;

/** Starts of a bot over the same facts, and what they send: each call is answered at once. */
function setUp(clock: FakeClock = createFakeClock()) {
  const stored = new Map<string, string>();
  const facts = {
    get: async (key: string) => stored.get(key),
    set: async (key: string, value: string) => void stored.set(key, value),
  };
  async function start() {
    const pace = await createChannelPace({ facts, clock, log: createRecordingLog() });
    const sent: string[] = [];
    async function send(count: number, request: { method: RequestMethod; fullRoute: RouteLike }) {
      for (let index = 0; index < count; index++)
        void pace.send(request, async () => sent.push(`${request.method} ${request.fullRoute}`));
      await setImmediate();
    }
    return { pace, sent, send };
  }
  return { clock, stored, start };
}

it('holds back nothing in the first process of all', async () => {
  const { start } = setUp();
  const { sent, send } = await start();
  await send(9, post(1));
  await send(9, patch(1));
  expect(sent).toHaveLength(18);
});

it('after a start a channel takes with what the last process may have sent no more than Discord’s limit', async () => {
  const { clock, start, stored } = setUp();
  const killed = await start();
  await killed.send(2, post(1));
  // Little enough not to be stored.
  expect([...stored.values()]).toEqual(['{}']);
  await clock.advance(1_000);

  const { sent, send } = await start();
  await send(5, post(1));
  await send(3, post(2));
  await send(3, patch(1));
  const of = (request: { fullRoute: RouteLike }) =>
    sent.filter((each) => each.endsWith(` ${request.fullRoute}`)).length;
  expect([of(post(1)), of(post(2)), of(patch(1))]).toEqual([3, 3, 3]);
  await clock.advance(5_999);
  expect(of(post(1))).toBe(3);
  await clock.advance(1);
  await setImmediate();
  expect(of(post(1))).toBe(5);
  // From now on discord.js knows.
  await send(9, post(1));
  expect(of(post(1))).toBe(14);
});

it('counts what the last process sent of a channel that is much used, call by call', async () => {
  const { clock, start } = setUp();
  const killed = await start();
  for (let index = 0; index < 4; index++) {
    await killed.send(1, post(1));
    await clock.advance(500);
  }
  const { sent, send } = await start();
  await send(3, post(1));
  expect(sent).toHaveLength(1);
  // What the first of the four took to arrive may be a second; then the second one.
  await clock.advance(3_999);
  await setImmediate();
  expect(sent).toHaveLength(1);
  await clock.advance(1);
  await setImmediate();
  expect(sent).toHaveLength(2);
  await clock.advance(500);
  await setImmediate();
  expect(sent).toHaveLength(3);
});

it('counts what goes out first of a kind, however late after the start', async () => {
  const { clock, start } = setUp();
  await start();
  const { sent, send, pace } = await start();
  await clock.advance(60_000);
  await send(9, post(1));
  await send(1, post(2));
  await pace.send({ method: RequestMethod.Get, fullRoute: '/channels/1/messages' }, async () => sent.push('GET'));
  expect(sent).toHaveLength(7);
  await clock.advance(6_000);
  await setImmediate();
  expect(sent).toHaveLength(11);
});
