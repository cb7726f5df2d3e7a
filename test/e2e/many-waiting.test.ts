import { expect, it } from 'vitest';
import { type Clock, systemClock } from '../../src/util/clock.ts';
import { createScriptedRenderer } from '../support/scripted-renderer.ts';
import { clipOf, setStage, smallPicture } from './stage.ts';

const animate = { command: 'animate', attachments: { image: smallPicture } };
const editByToken = 'PATCH /webhooks/:application/:token/messages/:message';
const editInChannel = 'PATCH /channels/:channel/messages/:message';

/** The machine's clock, until it is set ahead. */
function createMovableClock() {
  let aheadMs = 0;
  const clock: Clock = { ...systemClock, now: () => systemClock.now() + aheadMs };
  return {
    ...clock,
    setAhead(ms: number) {
      aheadMs += ms;
    },
  };
}

it('finding 5: with 50 people waiting in one channel a submit causes at most 3 edits, and a finished clip is there in 1 s', async () => {
  const clock = createMovableClock();
  const renderer = createScriptedRenderer();
  const { discord } = await setStage({ renderer, clock, editGapMs: 3_000 });
  const ask = () => discord.invoke({ ...animate, user: discord.createUser('somebody').id });
  const handles = [ask()];
  await renderer.begun(0);
  for (let person = 1; person <= 50; person++) {
    const handle = ask();
    handles.push(handle);
    await handle.acknowledged;
  }
  const placeOf = async (index: number) => {
    const { content } = await handles[index]!.waitForMessage(({ content }) => content.includes('Queue position'));
    return content;
  };
  expect(await Promise.all([placeOf(1), placeOf(50)])).toEqual(['⏳ Queue position: 1.', '⏳ Queue position: 50.']);

  // One more person comes.
  const edits = () => discord.calls(editByToken).length + discord.calls(editInChannel).length;
  const before = edits();
  handles.push(ask());
  expect(await placeOf(51)).toBe('⏳ Queue position: 51.');
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(edits() - before).toBeLessThanOrEqual(3);

  // The tokens are about to expire, so that all edits count against the channel's limits, and everybody moves up.
  clock.setAhead(13 * 60_000);
  discord.setRateLimits('discord');
  for (const index of [0, 1]) {
    const render = await renderer.begun(index);
    const readyAt = performance.now();
    render.finish();
    await clipOf(handles[index]!);
    expect(performance.now() - readyAt).toBeLessThan(1_000);
    await renderer.begun(index + 1);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
  expect(discord.calls(editInChannel).filter(({ status }) => status !== 200)).toEqual([]);
  expect(discord.invalidRequests().unprovoked).toEqual({});
});
