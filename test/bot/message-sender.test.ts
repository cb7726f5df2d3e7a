import { DiscordAPIError, type REST } from 'discord.js';
import { describe, expect, it } from 'vitest';
import { createDeadTokens } from '../../src/bot/dead-tokens.ts';
import { createMessageSender } from '../../src/bot/message-sender.ts';
import type { ReplyAddress } from '../../src/bot/reply-address.ts';
import type { FactStore } from '../../src/storage/facts.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { createRecordingLog } from '../support/recording-log.ts';

const minuteMs = 60_000;

/** Facts that live as long as the test. */
function newFacts(): Pick<FactStore, 'set' | 'remove' | 'list'> {
  const facts = new Map<string, string>();
  return {
    set: async (key, value) => void facts.set(key, value),
    remove: async (key) => void facts.delete(key),
    list: async (prefix) => [...facts].flatMap(([key, value]) => (key.startsWith(prefix) ? [{ key, value }] : [])),
  };
}

/** Replies over a REST client that only writes down; `refuse` answers a call with a Discord error code. */
async function setUp(refuse: (path: string) => number | undefined = () => undefined, facts = newFacts()) {
  const calls: { method: string; path: string; body: unknown; auth: boolean | undefined }[] = [];
  const record = (method: string) => async (path: string, options?: { body: unknown; auth?: boolean }) => {
    calls.push({ method, path, body: options?.body, auth: options?.auth });
    const code = refuse(path);
    if (code !== undefined) throw new DiscordAPIError({ code, message: 'refused' }, code, 403, method, path, {});
    return { id: 'dm' };
  };
  const rest = { patch: record('PATCH'), post: record('POST'), delete: record('DELETE') } as unknown as REST;
  const clock = createFakeClock();
  const deadTokens = await createDeadTokens({ facts, clock, log: createRecordingLog() });
  const replies = createMessageSender(rest, { clock, deadTokens });
  const address: ReplyAddress = {
    applicationId: 'app',
    channelId: 'chan',
    messageId: 'msg',
    userId: 'user',
    token: 'tok',
    tokenExpiresAtMs: clock.now() + 15 * minuteMs,
    hasChannelRoute: true,
    isEphemeral: false,
    isSpoiler: false,
    locale: 'en-US',
  };
  return { replies, clock, address, calls, paths: () => calls.map(({ method, path }) => `${method} ${path}`) };
}

const reply = { content: 'hello', components: [] };
const byToken = 'PATCH /webhooks/app/tok/messages/%40original';
const byChannel = 'PATCH /channels/chan/messages/msg';

describe('edit', () => {
  it('goes by the token while it is young, without authorization, and pings nobody', async () => {
    const { replies, address, calls, paths } = await setUp();
    await replies.edit(address, reply);
    expect(paths()).toEqual([byToken]);
    expect(calls[0]).toMatchObject({ auth: false, body: { content: 'hello', allowed_mentions: { parse: [] } } });
  });

  it('hands over to the channel while the token still lives, and outlives it', async () => {
    const { replies, clock, address, paths } = await setUp();
    await clock.advance(12.5 * minuteMs);
    await replies.edit(address, reply);
    await clock.advance(28 * minuteMs);
    await replies.edit(address, reply);
    expect(paths()).toEqual([byChannel, byChannel]);
  });

  it('falls back to the other way when one is closed', async () => {
    const deadToken = await setUp((path) => (path.startsWith('/webhooks') ? 50_027 : undefined));
    await deadToken.replies.edit(deadToken.address, reply);
    expect(deadToken.paths()).toEqual([byToken, byChannel]);
    // Refusals count against the bot, so this token is never used again.
    expect(deadToken.replies.hasToken(deadToken.address)).toBe(false);
    await deadToken.replies.edit(deadToken.address, reply);
    expect(deadToken.paths().slice(2)).toEqual([byChannel]);

    const noAccess = await setUp((path) => (path.startsWith('/channels') ? 50_001 : undefined));
    await noAccess.clock.advance(13 * minuteMs);
    await noAccess.replies.edit(noAccess.address, reply);
    expect(noAccess.paths()).toEqual([byChannel, byToken]);
  });

  it('does not try another way where the message itself is gone', async () => {
    const { replies, address, paths } = await setUp(() => 10_008);
    await expect(replies.edit(address, reply)).rejects.toMatchObject({ code: 10_008 });
    expect(paths()).toEqual([byToken]);
  });

  it('has the token alone where the bot is no member', async () => {
    const { replies, clock, address, paths } = await setUp(() => 50_027);
    await clock.advance(14 * minuteMs);
    await expect(replies.edit({ ...address, hasChannelRoute: false }, reply)).rejects.toMatchObject({ code: 50_027 });
    // Discord is not asked again: each refusal counts against the bot.
    const ended = { code: 'token-ended', scope: 'job' };
    await expect(replies.edit({ ...address, hasChannelRoute: false }, reply)).rejects.toMatchObject(ended);
    await expect(replies.whisper(address, 'words')).rejects.toMatchObject(ended);
    expect(paths()).toEqual([byToken]);
  });

  it('never asks with a token that is past its time, on any way', async () => {
    const { replies, clock, address, paths } = await setUp((path) => (path.startsWith('/chan') ? 50_001 : undefined));
    await clock.advance(15 * minuteMs);
    const alone = { ...address, hasChannelRoute: false };
    const tries = [
      replies.edit(alone, reply),
      replies.edit({ ...address, isEphemeral: true }, reply),
      replies.post(alone, reply, 'job1'),
      replies.ping(alone, 'words', 'ping1'),
      replies.whisper(address, 'words'),
      replies.remove(address, 'token'),
    ];
    for (const attempt of tries) await expect(attempt).rejects.toMatchObject({ code: 'token-ended' });
    await expect(replies.post(address, reply, 'job1')).rejects.toMatchObject({ code: 50_001 });
    await expect(replies.ping(address, 'words', 'ping1')).rejects.toMatchObject({ code: 50_001 });
    expect(paths()).toEqual(['POST /channels/chan/messages', 'POST /channels/chan/messages']);
  });

  it('remembers over a restart which tokens Discord refused, for as long as they would have lived', async () => {
    const facts = newFacts();
    const first = await setUp(() => 50_027, facts);
    const alone = { ...first.address, hasChannelRoute: false };
    await expect(first.replies.edit(alone, reply)).rejects.toMatchObject({ code: 50_027 });

    const second = await setUp(() => undefined, facts);
    await expect(second.replies.edit(alone, reply)).rejects.toMatchObject({ code: 'token-ended' });
    await second.replies.edit(second.address, reply);
    await second.replies.edit({ ...second.address, token: 'other' }, reply);
    expect(second.paths()).toEqual([byChannel, 'PATCH /webhooks/app/other/messages/%40original']);

    const kept = await facts.list('dead-token ');
    // A hash: the token itself is stored with its job alone.
    expect(kept).toEqual([{ key: expect.stringMatching(/^dead-token [0-9a-f]{32}$/), value: expect.any(String) }]);
    const late = createFakeClock();
    await late.advance(15 * minuteMs);
    await createDeadTokens({ facts, clock: late, log: createRecordingLog() });
    expect(await facts.list('dead-token ')).toEqual([]);
  });

  it('names its files, which replace older ones', async () => {
    const { replies, address, calls } = await setUp();
    await replies.edit(address, {
      ...reply,
      files: [{ name: 'a.mp4', data: Buffer.from('x'), contentType: 'video/mp4' }],
    });
    await replies.edit(address, reply);
    expect(calls[0]?.body).toMatchObject({ attachments: [{ id: '0', filename: 'a.mp4' }] });
    expect(calls[1]?.body).toMatchObject({ attachments: [] });
  });
});

describe('post', () => {
  it('mentions the requester alone, and guards against a double post', async () => {
    const { replies, address, calls, paths } = await setUp();
    await replies.post(address, reply, 'job1');
    expect(paths()).toEqual(['POST /channels/chan/messages']);
    expect(calls[0]?.body).toMatchObject({
      content: '<@user> hello',
      allowed_mentions: { parse: [], users: ['user'] },
      nonce: 'job1',
      enforce_nonce: true,
    });
  });

  it('follows up by the token where there is no channel', async () => {
    const { replies, address, paths } = await setUp();
    await replies.post({ ...address, hasChannelRoute: false }, reply, 'job1');
    expect(paths()).toEqual(['POST /webhooks/app/tok']);
  });

  it('keeps between two people what was asked for in private', async () => {
    const { replies, clock, address, calls, paths } = await setUp();
    await replies.post({ ...address, isEphemeral: true }, reply, 'job1');
    expect(paths()).toEqual(['POST /webhooks/app/tok']);
    expect(calls[0]?.body).toMatchObject({ flags: 64 });
    await clock.advance(14 * minuteMs);
    await replies.edit({ ...address, isEphemeral: true }, reply);
    expect(paths()[1]).toBe(byToken);
  });
});

describe('direct', () => {
  it('opens the conversation with the requester and writes there', async () => {
    const { replies, address, calls, paths } = await setUp();
    await replies.direct(address, reply, 'job1');
    expect(paths()).toEqual(['POST /users/@me/channels', 'POST /channels/dm/messages']);
    expect(calls[0]?.body).toEqual({ recipient_id: 'user' });
    expect(calls[1]?.body).toMatchObject({ content: 'hello', nonce: 'job1', enforce_nonce: true });
  });
});

describe('words for the requester alone', () => {
  it('go by the token, beside a message that was deleted by it', async () => {
    const { replies, address, calls, paths } = await setUp();
    expect(replies.hasToken(address)).toBe(true);
    await replies.remove(address, 'token');
    await replies.whisper(address, 'It broke.');
    await replies.remove(address, 'channel');
    expect(paths()).toEqual([
      'DELETE /webhooks/app/tok/messages/%40original',
      'POST /webhooks/app/tok',
      'DELETE /channels/chan/messages/msg',
    ]);
    expect(calls[1]).toMatchObject({ auth: false, body: { content: 'It broke.', flags: 64 } });
  });

  it('have no token once its time is over', async () => {
    const { replies, clock, address } = await setUp();
    await clock.advance(15 * minuteMs);
    expect(replies.hasToken(address)).toBe(false);
  });
});
