import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { flatMapInTurns, oncePerTurn } from '../../src/util/turns.ts';

it('what many ask for in one turn of the event loop is reckoned once, and again when it was forgotten', async () => {
  let count = 0;
  const ask = oncePerTurn(() => ++count);
  expect([ask(), ask()]).toEqual([1, 1]);
  ask.forget();
  expect(ask()).toBe(2);
  await setImmediate();
  expect(ask()).toBe(3);
});

it('a long list is gone through in several turns, in order', async () => {
  let turns = 0;
  const seen: number[] = [];
  const done = flatMapInTurns(
    Array.from({ length: 1_000 }, (_, index) => index),
    (item) => {
      seen.push(turns);
      return item % 2 === 0 ? [item] : [];
    },
  );
  for (; turns < 10; turns++) await setImmediate();
  expect((await done).slice(0, 3)).toEqual([0, 2, 4]);
  expect(new Set(seen).size).toBeGreaterThan(3);
});
