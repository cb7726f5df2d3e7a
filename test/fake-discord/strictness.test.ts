import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FakeDiscord } from '../../src/fake-discord/types.ts';
import { startValidated } from './connect.ts';
import { rest } from './rest.ts';

let fake: FakeDiscord;
let messages: string;

beforeEach(async () => {
  fake = await startValidated();
  messages = `/channels/${fake.channelId}/messages`;
});

afterEach(() => fake.close());

describe('strictness: an unknown', () => {
  const cases = {
    route: () => rest(fake, 'GET /voice/regions'),
    method: () => rest(fake, `PUT /channels/${fake.channelId}/messages`, { body: {} }),
    'API version': () => fetch(`${fake.apiUrl}/v9/users/@me`).then(({ status }) => ({ status })),
    'query field': () => rest(fake, `GET ${messages}?limt=5`),
    'body field': () => rest(fake, `POST ${messages}`, { body: { content: 'x', contnt: 'y' } }),
    'nested field': () => rest(fake, `POST ${messages}`, { body: { embeds: [{ titel: 'x' }] } }),
    'component field': () =>
      rest(fake, `POST ${messages}`, {
        body: {
          content: 'x',
          components: [{ type: 1, components: [{ type: 2, style: 1, custom_id: 'a', labl: 'b' }] }],
        },
      }),
    'nonce in a follow-up': () => answerWith({ content: 'x', nonce: '1', enforce_nonce: true }, 'follow-up'),
    'nonce in an interaction’s answer': () => answerWith({ content: 'x', nonce: '1', enforce_nonce: true }, 'answer'),
    'nonce in an edit': () => answerWith({ content: 'x', nonce: '1' }, 'edit'),
    'body where none belongs': () => rest(fake, `POST /channels/${fake.channelId}/typing`, { body: {} }),
  };
  /** Answers a command, and where that is not what `body` is for, follows up or edits. */
  async function answerWith(body: object, where: 'answer' | 'follow-up' | 'edit') {
    await rest(fake, `PUT /applications/${fake.applicationId}/commands`, {
      body: [{ name: 'ping', description: 'x' }],
    });
    const { id, token } = fake.invoke({ command: 'ping' });
    const data = where === 'answer' ? body : { content: 'first' };
    const answer = await rest(fake, `POST /interactions/${id}/${token}/callback`, {
      body: { type: 4, data },
      token: null,
    });
    if (where === 'answer') return answer;
    const webhook = `/webhooks/${fake.applicationId}/${token}`;
    const route = where === 'edit' ? `PATCH ${webhook}/messages/@original` : `POST ${webhook}`;
    return rest(fake, route, { body, token: null });
  }

  for (const [name, call] of Object.entries(cases)) {
    it(`${name} is refused and recorded`, async () => {
      const { status } = await call();
      expect([400, 404]).toContain(status);
      expect(fake.violations()).toHaveLength(1);
    });
  }
});

describe('limits of message bodies', () => {
  const button = (more: object) => ({ type: 2, style: 1, label: 'x', ...more });
  const row = (...components: object[]) => ({ components: [{ type: 1, components }] });
  const cases = {
    'content of 2,001 characters': { content: 'x'.repeat(2001) },
    'a custom id of 101 characters': row(button({ custom_id: 'x'.repeat(101) })),
    'six buttons in a row': row(...Array.from({ length: 6 }, (_, index) => button({ custom_id: `${index}` }))),
    'two components with one custom id': row(button({ custom_id: 'a' }), button({ custom_id: 'a' })),
    'a button without custom id': row(button({})),
    'six rows': {
      components: Array.from({ length: 6 }, (_, index) => row(button({ custom_id: `${index}` })).components[0]),
    },
    'a file that attachments do not list': { attachments: [] },
    'an ephemeral message without interaction': { content: 'x', flags: 64 },
    'a nonce of 26 characters': { content: 'x', nonce: 'x'.repeat(26) },
  };
  for (const [name, body] of Object.entries(cases)) {
    it(`refuse ${name}`, async () => {
      const files = 'attachments' in body ? [{ name: 'a.png', bytes: new Uint8Array(1) }] : undefined;
      const answer = await rest(fake, `POST ${messages}`, files ? { body, files } : { body });
      expect(answer).toMatchObject({ status: 400, body: { code: 50035 } });
      expect(fake.messages()).toEqual([]);
    });
  }

  it('refuse an empty message', async () => {
    expect((await rest(fake, `POST ${messages}`, { body: { content: ' ' } })).body.code).toBe(50006);
  });
});

describe('authorised routes', () => {
  it('want the right token', async () => {
    expect((await rest(fake, 'GET /users/@me', { token: 'wrong' })).status).toBe(401);
    expect((await rest(fake, 'GET /users/@me', { token: null })).status).toBe(401);
    expect((await rest(fake, 'GET /users/@me')).status).toBe(200);
  });

  it('never show it, nor those of interactions, in the log', async () => {
    await rest(fake, `PUT /applications/${fake.applicationId}/commands`, {
      body: [{ name: 'ping', description: 'x' }],
    });
    const handle = fake.invoke({ command: 'ping' });
    await rest(fake, `POST /interactions/${handle.id}/${handle.token}/callback`, { body: { type: 5 }, token: null });
    const log = JSON.stringify(fake.exchanges());
    expect(log).not.toContain(handle.token);
    expect(log).not.toContain(fake.token);
    expect(fake.calls('POST /interactions/:interaction/:token/callback')).toMatchObject([
      { status: 204, authorized: false },
    ]);
  });
});

describe('command declarations', () => {
  const put = (...body: object[]) => rest(fake, `PUT /applications/${fake.applicationId}/commands`, { body });
  const option = (more: object) => ({ type: 3, name: 'text', description: 'x', ...more });
  const command = (more: object) => ({ name: 'ping', description: 'x', ...more });

  const refused = {
    'an upper-case name': command({ name: 'Ping' }),
    'a name of 33 characters': command({ name: 'x'.repeat(33) }),
    '26 options': command({ options: Array.from({ length: 26 }, (_, index) => option({ name: `o${index}` })) }),
    '26 choices': command({
      options: [option({ choices: Array.from({ length: 26 }, (_, index) => ({ name: `c${index}`, value: 'v' })) })],
    }),
    'a required option after another': command({ options: [option({}), option({ name: 'b', required: true })] }),
    'two options of one name': command({ options: [option({}), option({})] }),
    'an integer limit beyond 2^53': command({ options: [option({ type: 4, max_value: 2 ** 54 })] }),
    'more than 8,000 characters': command({
      options: Array.from({ length: 25 }, (_, index) =>
        option({
          name: `o${index}`,
          choices: [0, 1, 2, 3].map((value) => ({ name: 'n'.repeat(90), value: `${value}` })),
        }),
      ),
    }),
  };
  for (const [name, body] of Object.entries(refused)) {
    it(`are refused with ${name}`, async () => {
      expect(await put(body)).toMatchObject({ status: 400, body: { code: 50035 } });
      expect(fake.registeredCommands()).toEqual([]);
    });
  }

  it('keep their ids when they keep their names', async () => {
    await put(command({}), command({ name: 'pong' }));
    const before = fake.registeredCommands();
    await put(command({ description: 'changed' }));
    expect(fake.registeredCommands()).toMatchObject([{ id: before[0]?.id, description: 'changed' }]);
    expect(fake.violations()).toEqual([]);
  });
});
