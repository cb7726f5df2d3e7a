import { EventEmitter } from 'node:events';
import { GatewayDispatchEvents } from 'discord.js';
import { expect, it } from 'vitest';
import { keepRawInteractions } from '../../src/bot/raw-interactions.ts';
import { createRecordingLog } from '../support/recording-log.ts';

/** The keeper, and a gateway that sends it interactions; of those only what it reads. */
function setUp() {
  const ws = new EventEmitter();
  const find = keepRawInteractions({ ws } as never, createRecordingLog());
  return { find, send: (interaction: object) => ws.emit(GatewayDispatchEvents.InteractionCreate, interaction) };
}

const menuCommand = (resolved: unknown) => ({ type: 2, data: { type: 3, target_id: '7', resolved } });

it('keeps the channel of every interaction, and of a message command its message with the one it replies to', () => {
  const { find, send } = setUp();
  const channel = { id: '5', type: 11, parent_id: '4' };
  const message = { id: '7', referenced_message: { id: '6' } };
  send({ id: '1', channel, ...menuCommand({ messages: { 7: message } }) });
  send({ id: '2', channel, type: 3, data: { custom_id: 'x' } });
  // Every part of a command may ask.
  for (let time = 0; time < 2; time++) expect(find('1')).toEqual({ channel, targetMessage: message });
  expect(find('2')).toEqual({ channel, targetMessage: undefined });
  expect(find('3')).toBeUndefined();
});

it.each([
  ['no channel and no resolved data', { id: '1', ...menuCommand(undefined) }],
  ['nulls', { id: '1', channel: null, ...menuCommand({ messages: null }) }],
])('bears with %s', (_, interaction) => {
  const { find, send } = setUp();
  send(interaction);
  expect(find('1')).toEqual({ channel: undefined, targetMessage: undefined });
});

it('forgets the oldest beyond two hundred', () => {
  const { find, send } = setUp();
  for (let index = 0; index <= 200; index++) send({ id: String(index), type: 3 });
  expect([find('0'), find('1') !== undefined, find('200') !== undefined]).toEqual([undefined, true, true]);
});
