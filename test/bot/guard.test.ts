import { describe, expect, it } from 'vitest';
import { guardHandler, guardTimers } from '../../src/bot/guard.ts';
import { guardPackets } from '../../src/bot/guard-packets.ts';
import { createFakeClock, settle } from '../support/fake-clock.ts';
import { createRecordingLog } from '../support/recording-log.ts';

const broken = new Error('broken');

describe('a handler that fails', () => {
  it.each([
    [
      'throws',
      () => {
        throw broken;
      },
    ],
    ['rejects', () => Promise.reject(broken)],
  ])('and %s is logged with its event, and nobody else hears of it', async (_, handler) => {
    const log = createRecordingLog();
    expect(guardHandler(log, 'messageReactionAdd', handler)()).toBeUndefined();
    await settle();
    expect(log.events).toMatchObject([{ level: 'error', fields: { event: 'messageReactionAdd', err: broken } }]);
  });
});

it('a timer whose work fails is logged, and the next one comes', async () => {
  const [log, fake] = [createRecordingLog(), createFakeClock()];
  const clock = guardTimers(fake, log);
  const called: number[] = [];
  clock.after(10, () => {
    throw broken;
  });
  clock.after(20, () => called.push(clock.now()));
  clock.after(30, () => called.push(0))();
  await fake.advance(100);
  expect(called).toHaveLength(1);
  expect(log.events).toMatchObject([{ level: 'error', fields: { delayMs: 10, err: broken } }]);
});

describe('an event that cannot be read', () => {
  /** A client whose parser stumbles over `thread: null`, as discord.js' does, and over everything called BAD. */
  function setUp() {
    const read: unknown[] = [];
    const ws = {
      handlePacket(packet: { t: string; d: { thread?: unknown } } | undefined) {
        if (packet?.t === 'BAD' || packet?.d.thread === null) throw broken;
        read.push(packet?.d);
        return true;
      },
    };
    const log = createRecordingLog();
    guardPackets({ ws } as never, log);
    return { ws, read, log };
  }

  it('for a null somewhere is read without its nulls: a press is not lost to it', () => {
    const { ws, read, log } = setUp();
    const d = { thread: null, id: '1', list: [null, { name: null, id: '2' }] };
    expect(ws.handlePacket({ t: 'INTERACTION_CREATE', d })).toBe(true);
    expect(read).toEqual([{ id: '1', list: [null, { id: '2' }] }]);
    expect(log.events).toMatchObject([{ level: 'warn', fields: { type: 'INTERACTION_CREATE', err: broken } }]);
  });

  it('in no way is logged with its type', () => {
    const { ws, read, log } = setUp();
    ws.handlePacket({ t: 'BAD', d: {} });
    expect(read).toEqual([]);
    expect(log.events).toMatchObject([{ level: 'error', fields: { type: 'BAD', err: broken } }]);
  });
});
