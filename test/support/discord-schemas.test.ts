import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../../src/fake-discord/payloads.ts';
import { startFakeDiscord } from '../../src/fake-discord/start-fake-discord.ts';
import type { Exchange, FakeDiscord, GatewayExchange, RestExchange } from '../../src/fake-discord/types.ts';
import { discordDeviations } from './discord-schemas.ts';

// A validator that never complains proves nothing: sound traffic is bent here and must be found out.
let fake: FakeDiscord;
let post: RestExchange;

beforeAll(async () => {
  fake = await startFakeDiscord();
  await fetch(`${fake.apiUrl}/v10/channels/${fake.channelId}/messages`, {
    method: 'POST',
    headers: { authorization: `Bot ${fake.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ content: 'hi', tts: false, components: [{ type: 1, components: [button] }] }),
  });
  const [exchange] = fake.calls('POST /channels/:channel/messages');
  if (!exchange) throw new Error('no exchange');
  post = exchange;
});

afterAll(() => fake.close());

const button = { type: 2, style: 1, custom_id: 'a', label: 'x' };

function bent(
  change: (exchange: RestExchange & { requestBody: JsonObject; responseBody: JsonObject }) => void,
): string[] {
  const copy = structuredClone(post) as RestExchange & { requestBody: JsonObject; responseBody: JsonObject };
  change(copy);
  return discordDeviations(copy);
}

describe('discordDeviations, of REST', () => {
  it('passes what is sound', () => {
    expect(discordDeviations(post)).toEqual([]);
  });

  it('passes the same commands with other ids, and finds what else is not the same', () => {
    const command = { type: 1, name: 'animate', description: 'x' };
    const answered = (more: JsonObject): string =>
      discordDeviations({
        ...post,
        route: 'PUT /applications/:application/commands',
        status: 200,
        requestBody: [command],
        responseBody: [{ ...listed, ...more }],
      }).join();
    const ids = { id: '100000000000000001', application_id: '100000000000000002', version: '100000000000000003' };
    const unset = { default_member_permissions: null, name_localizations: null, description_localizations: null };
    const listed: JsonObject = { ...command, ...ids, ...unset, contexts: null, options: [], nsfw: false };
    expect(answered({})).toBe('');
    expect(answered({ id: '1234567890123456789' })).toBe('');
    for (const id of ['', '<id>', 'id', 100, null]) expect(answered({ id })).toMatch(/response/);
    expect(answered({ descripton: 'x' })).toMatch(/unknown field 0\.descripton/);
  });

  it.each<[string, Parameters<typeof bent>[0], RegExp]>([
    [
      'an unknown field of a request',
      ({ requestBody }) => Object.assign(requestBody, { contnt: 'x' }),
      /unknown field contnt/,
    ],
    ['a wrong type in a request', ({ requestBody }) => Object.assign(requestBody, { content: 5 }), /request/],
    [
      'content that is too long',
      ({ requestBody }) => Object.assign(requestBody, { content: 'x'.repeat(4001) }),
      /request/,
    ],
    [
      'an unknown field deep in a request',
      ({ requestBody }) =>
        Object.assign(requestBody, { components: [{ type: 1, components: [{ ...button, labl: 'x' }] }] }),
      /unknown field components\.0\.components\.0\.labl/,
    ],
    [
      'a missing field of an answer',
      ({ responseBody }) => Object.assign(responseBody, { author: undefined }),
      /response/,
    ],
    [
      'an id of an answer that is no number',
      ({ responseBody }) => Object.assign(responseBody, { id: '10000000000000000x' }),
      /response/,
    ],
    [
      'an unknown field of an answer',
      ({ responseBody }) => Object.assign(responseBody, { authr: 1 }),
      /unknown field authr/,
    ],
    [
      'a 429 without retry_after',
      (exchange) => Object.assign(exchange, { status: 429, responseBody: { code: 0 } }),
      /429/,
    ],
    [
      'an error without code',
      (exchange) => Object.assign(exchange, { status: 403, responseBody: { message: 'x' } }),
      /403/,
    ],
  ])('finds %s', (_, change, message) => {
    expect(bent(change).join()).toMatch(message);
  });
});

describe('discordDeviations, of the gateway', () => {
  const dispatch = (t: string, d: JsonObject, more: JsonObject = {}): GatewayExchange => ({
    kind: 'gateway',
    at: 0,
    direction: 'in',
    payload: { op: 0, s: 1, t, d, ...more },
  });
  const deleted = { id: '100000000000000001', channel_id: '100000000000000002' };
  const sent = (op: number, d: JsonObject | number | null): Exchange => ({
    kind: 'gateway',
    at: 0,
    direction: 'out',
    payload: { op, d },
  });
  const resume = { token: 'x', session_id: 'y', seq: 1 };

  it('passes what is sound, flags being any integer', () => {
    expect(discordDeviations(dispatch('MESSAGE_DELETE', deleted))).toEqual([]);
    expect(discordDeviations(dispatch('RESUMED', {}))).toEqual([]);
    expect(discordDeviations(dispatch('MESSAGE_CREATE', { ...(post.responseBody as JsonObject), flags: 68 }))).toEqual(
      [],
    );
    expect(discordDeviations(sent(6, resume))).toEqual([]);
    expect(discordDeviations(sent(1, 7))).toEqual([]);
  });

  it.each<[string, Exchange, RegExp]>([
    ['an unknown field', dispatch('MESSAGE_DELETE', { ...deleted, guild: '1' }), /additional properties \(guild\)/],
    ['a missing field', dispatch('MESSAGE_DELETE', { id: '1' }), /required property 'channel_id'/],
    ['a wrong type', dispatch('MESSAGE_DELETE', { ...deleted, id: 1 }), /must be string/],
    ['an event nobody knows', dispatch('MESSAGE_MOVE', {}), /nothing is known of MESSAGE_MOVE/],
    ['a dispatch without number', dispatch('MESSAGE_DELETE', deleted, { s: null }), /needs s and t/],
    ['an interaction without channel', dispatch('INTERACTION_CREATE', { type: 3 }), /componentInteraction/],
    ['an opcode nobody knows', sent(8, {}), /opcode 8/],
    ['a resume without token', sent(6, { session_id: 'y', seq: 1 }), /required property 'token'/],
  ])('finds %s', (_, exchange, message) => {
    expect(discordDeviations(exchange).join()).toMatch(message);
  });
});
