import { expect, it } from 'vitest';
import { en } from '../../src/bot/languages/en.ts';
import { startPresence } from '../../src/bot/presence.ts';
import type { QueueOverview } from '../../src/queue/types.ts';
import { createFakeClock } from '../support/fake-clock.ts';

it('shows the queue beside the name, changed at most every 15 s and only when it changed', async () => {
  const clock = createFakeClock();
  const shown: string[] = [];
  let overview: Pick<QueueOverview, 'mode' | 'hostFault'> & { running: never[]; waiting: never[] } = {
    hostFault: undefined,
    mode: 'open',
    running: [],
    waiting: [],
  };
  const one = [undefined as never];
  const presence = startPresence({
    overview: () => overview,
    show: (text) => void shown.push(text),
    messages: en.presence,
    clock,
  });
  await clock.advance(60_000);
  overview = { hostFault: undefined, mode: 'open', running: one, waiting: [...one, ...one] };
  await clock.advance(14_000);
  expect(shown).toEqual(['Waiting for a picture']);
  await clock.advance(1_000);
  overview = { ...overview, mode: 'paused' };
  await clock.advance(30_000);
  expect(shown).toEqual(['Waiting for a picture', '1 running, 2 waiting', 'Paused']);
  presence.renew();
  await clock.advance(15_000);
  expect(shown.slice(3)).toEqual(['Paused']);
  presence.stop();
  expect(clock.pending()).toBe(0);
});
