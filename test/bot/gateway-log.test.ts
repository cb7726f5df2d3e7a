import { expect, it } from 'vitest';
import { createGatewayLog } from '../../src/bot/gateway-log.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { createRecordingLog } from '../support/recording-log.ts';

function setUp() {
  const [clock, log] = [createFakeClock(), createRecordingLog()];
  const gateway = createGatewayLog(clock, log, () => 0);
  const close = (code: number, isFinal = false) => gateway.closed(0, code, { isFinal });
  return { clock, log, gateway, close };
}

it('health knows of each shard whether it is connected, since when, and when a heartbeat was last answered', async () => {
  const { clock, gateway, close } = setUp();
  const startMs = clock.now();
  gateway.identified(1);
  gateway.identified(0);
  await clock.advance(41_250);
  gateway.acknowledged(0);
  expect(gateway.health()).toEqual([
    { shard: 0, isConnected: true, sinceMs: startMs, lastAckAtMs: startMs + 41_250, failures: 0 },
    { shard: 1, isConnected: true, sinceMs: startMs, lastAckAtMs: undefined, failures: 0 },
  ]);
  close(4000);
  await clock.advance(500);
  expect(gateway.health()[0]).toMatchObject({ isConnected: false, sinceMs: startMs + 41_250 });
  gateway.resumed(0);
  // An answer to an earlier connection says nothing of this one.
  expect(gateway.health()[0]).toMatchObject({ isConnected: true, lastAckAtMs: undefined });
});

it('waits grow with each connection that was cut soon, up to a minute, and begin anew after one that lasted', async () => {
  const { clock, gateway, close } = setUp();
  const delays = Array.from({ length: 9 }, () => {
    close(1006);
    return gateway.delayMs(0);
  });
  expect(delays).toEqual([0, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
  // A session that is cut at once does not count as one that works.
  gateway.resumed(0);
  close(4000);
  expect(gateway.delayMs(0)).toBe(60_000);
  gateway.resumed(0);
  await clock.advance(30_000);
  close(4000);
  expect(gateway.delayMs(0)).toBe(0);
});

it('says connect, disconnect with code and wait, resume and re-identify, each at its level', async () => {
  const { clock, log, gateway, close } = setUp();
  gateway.identified(0);
  await clock.advance(60_000);
  close(4200);
  gateway.resumed(0);
  close(4009);
  gateway.identified(0);
  close(1000, true);
  expect(log.events.map(({ level, message, fields }) => [level, message, fields])).toEqual([
    ['info', 'connected to the gateway', { shard: 0 }],
    [
      'info',
      'the connection to the gateway was closed; connecting again',
      { shard: 0, code: 4200, reason: 'Resuming', failures: 0, delayMs: 0 },
    ],
    ['info', 'the session with the gateway was resumed', { shard: 0 }],
    [
      'warn',
      'the connection to the gateway was closed; connecting again',
      { shard: 0, code: 4009, reason: 'SessionTimedOut', failures: 1, delayMs: 0 },
    ],
    ['info', 'a new session with the gateway', { shard: 0 }],
    ['info', 'disconnected from the gateway', { shard: 0, code: 1000, reason: undefined }],
  ]);
});
