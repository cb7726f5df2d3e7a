import { describe, expect, it } from 'vitest';
import { createEditBudget } from '../../src/bot/edit-budget.ts';
import type { Reply } from '../../src/bot/message-sender.ts';
import { createStatusMessage } from '../../src/bot/status-message.ts';
import { createFakeClock, settle } from '../support/fake-clock.ts';

const reply = (content: string): Reply => ({ content, components: [] });

function setUp(send?: (reply: Reply) => Promise<void>, onError: () => 'go-on' | 'stop' = () => 'go-on') {
  const clock = createFakeClock();
  const startMs = clock.now();
  const sent: string[] = [];
  const status = createStatusMessage({
    send: async (shown) => {
      sent.push(`${clock.now() - startMs} ${shown.content}`);
      await send?.(shown);
    },
    clock,
    gapMs: 3_000,
    budget: createEditBudget(clock),
    channelId: () => undefined,
    onError,
  });
  return { clock, sent, status };
}

describe('createStatusMessage', () => {
  it('sends the latest of one moment at once, then waits for the gap and sends the latest again', async () => {
    const { clock, sent, status } = setUp();
    status.show(reply('a'));
    status.show(reply('b'));
    await clock.advance(0);
    status.show(reply('c'));
    await clock.advance(2_999);
    status.show(reply('d'));
    expect(sent).toEqual(['0 b']);
    await clock.advance(1);
    expect(sent).toEqual(['0 b', '3000 d']);
  });

  it('edits only when something changed', async () => {
    const { clock, sent, status } = setUp();
    status.show(reply('a'));
    await clock.advance(10_000);
    status.show(reply('a'));
    await clock.advance(10_000);
    expect(sent).toEqual(['0 a']);
    status.show(reply('b'));
    status.show(reply('a'));
    await clock.advance(10_000);
    expect(sent).toEqual(['0 a']);
    expect(clock.pending()).toBe(0);
  });

  it('never has two edits under way, and counts the gap from the end of one', async () => {
    let release = () => {};
    const { clock, sent, status } = setUp(() => new Promise((resolve) => (release = resolve)));
    status.show(reply('a'));
    await clock.advance(5_000);
    status.show(reply('b'));
    await clock.advance(5_000);
    expect(sent).toEqual(['0 a']);
    release();
    await clock.advance(3_000);
    expect(sent).toEqual(['0 a', '13000 b']);
  });

  it('says the same again after a failure, but not before the gap', async () => {
    let failures = 1;
    const { clock, sent, status } = setUp(() =>
      failures-- > 0 ? Promise.reject(new Error('hiccup')) : Promise.resolve(),
    );
    status.show(reply('a'));
    await clock.advance(10_000);
    expect(sent).toEqual(['0 a', '3000 a']);
  });

  it('is silent once told to stop', async () => {
    const { clock, sent, status } = setUp(
      () => Promise.reject(new Error('dismissed')),
      () => 'stop',
    );
    status.show(reply('a'));
    await clock.advance(0);
    status.show(reply('b'));
    await clock.advance(10_000);
    expect(sent).toEqual(['0 a']);
  });

  it('closes after the edit under way, and forgets what waited', async () => {
    let release = () => {};
    const { clock, sent, status } = setUp(() => new Promise((resolve) => (release = resolve)));
    status.show(reply('a'));
    await clock.advance(0);
    status.show(reply('b'));
    let isClosed = false;
    void status.close().then(() => {
      isClosed = true;
    });
    await settle();
    expect(isClosed).toBe(false);
    release();
    await clock.advance(10_000);
    expect(isClosed).toBe(true);
    expect(sent).toEqual(['0 a']);
  });
});
