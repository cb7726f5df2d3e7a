import { EventEmitter } from 'node:events';
import { expect, it } from 'vitest';
import { guardProcess } from '../../src/cli/guard-process.ts';
import { createRecordingLog } from '../support/recording-log.ts';

const broken = new Error('broken');

it('a promise that nobody waits for is told to the log, and the bot goes on', async () => {
  const [log, events] = [createRecordingLog(), new EventEmitter()];
  const { crashed, release } = guardProcess(log, events);
  events.emit('unhandledRejection', broken);
  expect(log.events).toMatchObject([{ level: 'error', fields: { err: broken } }]);
  expect(await Promise.race([crashed, Promise.resolve('goes on')])).toBe('goes on');
  release();
  expect(events.eventNames()).toEqual([]);
});

it('an exception that nobody catches is told to the log, and the bot is stopped in order', async () => {
  const [log, events] = [createRecordingLog(), new EventEmitter()];
  const { crashed } = guardProcess(log, events);
  events.emit('uncaughtException', broken);
  expect(log.events).toMatchObject([{ level: 'error', fields: { err: broken } }]);
  await expect(crashed).rejects.toBe(broken);
});
