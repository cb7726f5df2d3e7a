import { describe, expect, it } from 'vitest';
import { createReactionHandler } from '../../src/commands/reaction.ts';
import { systemClock } from '../../src/util/clock.ts';
import { createRecordingLog } from '../support/recording-log.ts';

/** A handler over a client that notes what Discord is asked for, and refuses all of it. */
function setUp() {
  const asked: string[] = [];
  const refuse = (method: string) => async (path: string) => {
    asked.push(`${method} ${path}`);
    throw new Error('refused');
  };
  const rest = { get: refuse('GET'), post: refuse('POST'), patch: refuse('PATCH'), delete: refuse('DELETE') };
  const client = { user: { id: 'bot' }, rest, channels: { cache: new Map() }, guilds: { cache: new Map() } };
  const log = createRecordingLog();
  const context = {
    clock: systemClock,
    operator: { blocks: { has: async () => false } },
    archive: { hasUniqueKey: async () => false },
  };
  const stopping = new AbortController().signal;
  const handle = createReactionHandler({
    client,
    emoji: '🎬',
    context,
    facts: { list: async () => [] },
    log,
    stopping,
  } as never);
  const put = (event: object) =>
    handle({ user_id: 'ann', channel_id: 'c', message_id: 'm', guild_id: 'g', ...event } as never);
  return { asked, put, log };
}

const deleting = { id: null, name: '❌' };

describe('a reaction that is none of the bot’s business asks Discord for nothing:', () => {
  it.each([
    ['❌ under somebody else’s message', { emoji: deleting, message_author_id: 'bob' }],
    ['another emoji', { emoji: { id: null, name: '👍' }, message_author_id: 'bot' }],
    ['its own', { emoji: deleting, message_author_id: 'bot', user_id: 'bot' }],
    ['another bot’s', { emoji: { id: null, name: '🎬' }, member: { user: { bot: true } } }],
  ])('%s', async (_, event) => {
    const { asked, put } = setUp();
    await put(event);
    expect(asked).toEqual([]);
  });
});

it('❌ is looked at under the bot’s own messages, and where Discord left the author out', async () => {
  const { asked, put } = setUp();
  await put({ emoji: deleting, message_author_id: 'bot' });
  await put({ emoji: deleting });
  expect(asked).toEqual(['GET /channels/c/messages/m', 'GET /channels/c/messages/m']);
});

it('an event that cannot be read is logged, and the bot goes on', async () => {
  const { put, log } = setUp();
  await put({ emoji: null });
  expect(log.events).toMatchObject([{ level: 'warn', message: 'a reaction could not be followed' }]);
});
