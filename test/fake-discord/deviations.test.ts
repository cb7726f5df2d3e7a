import { type Client, Events } from 'discord.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DeviationKind } from '../../src/fake-discord/condition-types.ts';
import type { JsonObject } from '../../src/fake-discord/payloads.ts';
import type { FakeDiscord } from '../../src/fake-discord/types.ts';
import { clientFor, ready, startValidated } from './connect.ts';
import { registerPing, rest } from './rest.ts';

const picture = { name: 'cat.png', bytes: new Uint8Array(3) };

let fake: FakeDiscord;
let client: Client;

beforeEach(async () => {
  fake = await startValidated({ now: () => Date.UTC(2026, 0, 1) });
  await registerPing(fake);
  client = clientFor(fake);
  await ready(client, fake.token);
});

afterEach(async () => {
  // What deviates on purpose is no violation.
  expect(fake.violations()).toEqual([]);
  await client.destroy();
  await fake.close();
});

/** Events of the gateway since now while people act 30 times, without what differs from run to run. */
async function events(deviate: {
  seed: number;
  rate?: number;
  kinds?: readonly DeviationKind[];
}): Promise<JsonObject[]> {
  const before = fake.exchanges().length;
  fake.deviate(deviate);
  for (let index = 0; index < 10; index += 1) {
    fake.invoke({ command: 'ping', locale: 'es-ES' });
    const { id } = fake.postMessage({ content: `${index}`, attachments: [picture] });
    fake.react({ messageId: id, emoji: '🎬' });
  }
  fake.deviate(null);
  return fake
    .exchanges()
    .slice(before)
    .flatMap((exchange) => (exchange.kind === 'gateway' && exchange.direction === 'in' ? [exchange.payload] : []));
}

const dataOf = (payloads: JsonObject[], event: string) =>
  payloads.filter(({ t }) => t === event).map(({ d }) => d as JsonObject);
const shape = (payloads: JsonObject[]) => payloads.map(({ t, d }) => [t, Object.keys((d ?? {}) as JsonObject)]);

describe('deviate', () => {
  it('leaves optional fields out, sends nulls, unknown fields and unknown events, and the client hears everything', async () => {
    const arrive = (event: string, times: number) =>
      new Promise<void>((resolve) => {
        let left = times;
        client.on(event, () => {
          left -= 1;
          if (left === 0) resolve();
        });
      });
    const heard = [Events.InteractionCreate, Events.MessageCreate, Events.MessageReactionAdd].map((event) =>
      arrive(event, 10),
    );
    const payloads = await events({ seed: 1 });
    const interactions = dataOf(payloads, 'INTERACTION_CREATE');
    expect(interactions).toHaveLength(10);
    for (const field of ['locale', 'channel', 'guild_locale']) {
      const values = interactions.map((d) => (field in d ? d[field] : 'missing'));
      expect(values).toContain('missing');
      expect(values).toContain(null);
      expect(values.filter((value) => value !== 'missing' && value !== null)).not.toEqual([]);
    }
    expect(interactions.some((d) => 'unheard_of' in d)).toBe(true);
    expect(interactions.every((d) => typeof d.channel_id === 'string' && typeof d.token === 'string')).toBe(true);
    expect(dataOf(payloads, 'MESSAGE_REACTION_ADD').some((d) => !('message_author_id' in d))).toBe(true);
    expect(dataOf(payloads, 'SOMETHING_NEW_CREATE')).not.toEqual([]);
    await Promise.all(heard);
  });

  it('is the same for the same seed, and nothing once it is over', async () => {
    const [first, second, other] = [await events({ seed: 5 }), await events({ seed: 5 }), await events({ seed: 6 })];
    expect(shape(second)).toEqual(shape(first));
    expect(shape(other)).not.toEqual(shape(first));
    const plain = await events({ seed: 5, rate: 0 });
    expect(shape(plain).length).toBe(30);
    expect(dataOf(plain, 'INTERACTION_CREATE').every((d) => d.locale === 'es-ES')).toBe(true);
  });

  it('sends what discord.js cannot parse only when asked to', async () => {
    client.ws.removeAllListeners();
    (client.ws as unknown as { _ws: { removeAllListeners(event: string): void } })._ws.removeAllListeners('dispatch');
    const payloads = await events({ seed: 2, rate: 1, kinds: ['unparseable'] });
    const broken = payloads.filter(({ t, d }) => t === 'CHANNEL_CREATE' || (d as JsonObject | null)?.thread === null);
    expect(new Set(broken.map(({ t }) => t))).toEqual(new Set(['CHANNEL_CREATE', 'MESSAGE_CREATE']));
    type Actions = Record<string, { handle(data: unknown): unknown }>;
    const { ChannelCreate, MessageCreate } = (client as unknown as { actions: Actions }).actions;
    const actions: Actions = { CHANNEL_CREATE: ChannelCreate!, MESSAGE_CREATE: MessageCreate! };
    for (const { t, d } of broken) expect(() => actions[String(t)]?.handle(d)).toThrow(TypeError);
  });

  it('adds unknown fields to REST answers', async () => {
    fake.deviate({ seed: 1, rate: 1 });
    expect((await rest(fake, 'GET /users/@me')).body).toMatchObject({
      id: fake.botUserId,
      unheard_of: { since: null },
    });
    fake.deviate(null);
    expect((await rest(fake, 'GET /users/@me')).body.unheard_of).toBeUndefined();
  });
});
