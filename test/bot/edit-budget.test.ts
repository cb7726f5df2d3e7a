import { describe, expect, it } from 'vitest';
import { createEditBudget } from '../../src/bot/edit-budget.ts';
import { createFakeClock } from '../support/fake-clock.ts';

function setUp() {
  const clock = createFakeClock();
  const startMs = clock.now();
  const budget = createEditBudget(clock);
  const sent: string[] = [];
  const ask = (name: string, { channelId = 'a' as string | null, rank = 0, isUsed = true } = {}) =>
    budget.request({
      channelId: channelId ?? undefined,
      rank: () => rank,
      edit() {
        sent.push(`${clock.now() - startMs} ${name}`);
        return isUsed;
      },
    });
  return { clock, budget, sent, ask };
}

describe('createEditBudget', () => {
  it('lets three edits of a channel go in 5 s, and the others after them in the order of their ranks', async () => {
    const { clock, sent, ask } = setUp();
    for (const rank of [9, 8, 7, 6, 5, 4, 3]) ask(`rank ${rank}`, { rank });
    expect(sent).toEqual(['0 rank 9', '0 rank 8', '0 rank 7']);
    await clock.advance(4_999);
    expect(sent).toHaveLength(3);
    await clock.advance(1);
    expect(sent.slice(3)).toEqual(['5000 rank 3', '5000 rank 4', '5000 rank 5']);
    await clock.advance(5_000);
    expect(sent.slice(6)).toEqual(['10000 rank 6']);
    expect(clock.pending()).toBe(0);
  });

  it('keeps channels apart, and 25 in a second in all', async () => {
    const { clock, sent, ask } = setUp();
    for (let index = 0; index < 27; index++) ask(`edit ${index}`, { channelId: `c${index % 9}` });
    expect(sent).toHaveLength(25);
    await clock.advance(1_000);
    expect(sent.slice(25)).toEqual(['1000 edit 25', '1000 edit 26']);
  });

  it('spreads edits that go by tokens, which count against no channel', async () => {
    const { clock, sent, ask } = setUp();
    for (let index = 0; index < 60; index++) ask(`edit ${index}`, { channelId: null });
    expect(sent).toHaveLength(25);
    await clock.advance(2_000);
    expect(sent).toHaveLength(60);
  });

  it('counts what did not wait: clips take their part of the room', async () => {
    const { clock, budget, sent, ask } = setUp();
    for (let upload = 0; upload < 3; upload++) budget.spend('a');
    ask('edit');
    expect(sent).toEqual([]);
    await clock.advance(5_000);
    expect(sent).toEqual(['5000 edit']);
  });

  it('spends nothing on who has nothing to show any more, and forgets who took the request back', async () => {
    const { clock, sent, ask } = setUp();
    for (let index = 0; index < 3; index++) ask('unused', { isUsed: false });
    for (const name of ['a', 'b', 'c']) ask(name);
    const withdraw = ask('withdrawn');
    withdraw();
    await clock.advance(10_000);
    expect(sent.filter((word) => !word.endsWith('unused'))).toEqual(['0 a', '0 b', '0 c']);
  });
});
