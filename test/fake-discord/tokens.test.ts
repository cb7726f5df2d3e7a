import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FakeDiscord, InteractionHandle } from '../../src/fake-discord/types.ts';
import { startValidated } from './connect.ts';
import { registerPing, rest } from './rest.ts';

let fake: FakeDiscord;
let now: number;

beforeEach(async () => {
  now = Date.UTC(2026, 0, 1);
  fake = await startValidated({ now: () => now });
  await registerPing(fake);
});

afterEach(() => fake.close());

const token = null;
const callback = ({ id, token: secret }: InteractionHandle, body: unknown = { type: 5, data: { flags: 0 } }) =>
  rest(fake, `POST /interactions/${id}/${secret}/callback`, { body, token });
const original = (method: string, handle: InteractionHandle, body?: unknown) =>
  rest(fake, `${method} /webhooks/${fake.applicationId}/${handle.token}/messages/%40original`, { body, token });
const followUp = (handle: InteractionHandle, body: unknown) =>
  rest(fake, `POST /webhooks/${fake.applicationId}/${handle.token}`, { body, token });

describe('the first answer', () => {
  it('is taken for 3 s', async () => {
    const handle = fake.invoke({ command: 'ping' });
    now += 3000;
    expect((await callback(handle)).status).toBe(204);
    expect(await handle.acknowledged).toMatchObject({ type: 5, latencyMs: 3000 });
  });

  it('is 10062 after 3 s, and what the person sees is that nothing came', async () => {
    const handle = fake.invoke({ command: 'ping' });
    now += 3001;
    expect(await callback(handle)).toMatchObject({ status: 404, body: { code: 10062 } });
    await expect(handle.acknowledged).rejects.toMatchObject({ code: 'not-acknowledged' });
  });

  it('that did not come leaves nothing to wait for', async () => {
    const handle = fake.invoke({ command: 'ping' });
    const waiting = expect(handle.waitForMessage()).rejects.toMatchObject({ code: 'not-acknowledged' });
    now += 3001;
    await callback(handle);
    await waiting;
    await expect(handle.waitForMessage()).rejects.toMatchObject({ code: 'not-acknowledged' });
  });

  it('is 40060 the second time', async () => {
    const handle = fake.invoke({ command: 'ping' });
    await callback(handle);
    expect(await callback(handle)).toMatchObject({ status: 400, body: { code: 40060 } });
  });

  it('must be of a type that fits the interaction', async () => {
    const handle = fake.invoke({ command: 'ping' });
    const answer = await callback(handle, { type: 7, data: { content: 'x' } });
    expect(answer).toMatchObject({ status: 400, body: { code: 50035 } });
    expect(fake.violations()).toHaveLength(1);
  });

  it('can say nothing but ephemeral while deferring', async () => {
    const handle = fake.invoke({ command: 'ping' });
    expect((await callback(handle, { type: 5, data: { content: 'x' } })).body.code).toBe(50035);
    expect((await callback(handle, { type: 5, data: { flags: 4 } })).body.code).toBe(50035);
    expect((await callback(handle, { type: 5, data: { flags: 64 } })).status).toBe(204);
    expect(handle.original()?.flags).toBe(64 | 128);
  });
});

describe('the token', () => {
  it('is worth nothing before the first answer', async () => {
    const handle = fake.invoke({ command: 'ping' });
    expect(await original('PATCH', handle, { content: 'x' })).toMatchObject({ status: 404, body: { code: 10015 } });
  });

  it('lives 15 minutes, then its routes say 401/50027', async () => {
    const handle = fake.invoke({ command: 'ping' });
    await callback(handle);
    now += 15 * 60_000 - 1;
    expect((await original('PATCH', handle, { content: 'in time' })).status).toBe(200);
    now += 1;
    expect(await original('PATCH', handle, { content: 'late' })).toMatchObject({ status: 401, body: { code: 50027 } });
    expect((await followUp(handle, { content: 'late' })).body.code).toBe(50027);
    const message = handle.messages()[0];
    // The bot's own token keeps working.
    const edit = await rest(fake, `PATCH /channels/${fake.channelId}/messages/${message?.id}`, {
      body: { content: 'late' },
    });
    expect(edit.status).toBe(200);
    expect(fake.message(message?.id ?? '')?.content).toBe('late');
    expect(fake.violations()).toEqual([]);
  });

  it('can be made to expire', async () => {
    const handle = fake.invoke({ command: 'ping' });
    await callback(handle);
    fake.expireToken(handle.id);
    expect((await original('PATCH', handle, { content: 'x' })).body.code).toBe(50027);
  });

  it('lets the first follow-up take the place of "thinking", ephemerality included', async () => {
    const handle = fake.invoke({ command: 'ping' });
    await callback(handle, { type: 5, data: { flags: 64 } });
    await followUp(handle, { content: 'one' });
    expect(handle.messages()).toMatchObject([{ content: 'one', flags: 64 }]);
    await followUp(handle, { content: 'two' });
    expect(handle.messages()).toMatchObject([{ content: 'one' }, { content: 'two', flags: 0, type: 19 }]);
    expect(fake.violations()).toEqual([]);
  });

  it('allows five follow-ups where only the user installed the app', async () => {
    const handle = fake.invoke({ command: 'ping', place: 'user-install' });
    await callback(handle, { type: 4, data: { content: 'hi' } });
    const statuses: number[] = [];
    for (let index = 0; index < 6; index += 1) statuses.push((await followUp(handle, { content: 'x' })).status);
    expect(statuses).toEqual([200, 200, 200, 200, 200, 400]);
  });

  it('finds nothing to edit once the person has dismissed the message', async () => {
    const handle = fake.invoke({ command: 'ping' });
    await callback(handle);
    fake.deleteMessage({ messageId: handle.original()?.id ?? '' });
    expect(await original('PATCH', handle, { content: 'x' })).toMatchObject({ status: 404, body: { code: 10008 } });
    expect((await followUp(handle, { content: 'still delivered' })).status).toBe(200);
  });
});

it('the first refusal of a token that was ended before its time is provoked; whoever asks again asks in vain', async () => {
  const [ended, old] = [fake.invoke({ command: 'ping' }), fake.invoke({ command: 'ping' })];
  for (const handle of [ended, old]) await callback(handle);
  fake.expireToken(ended.id);
  for (let times = 0; times < 3; times++) await original('GET', ended);
  const route = '401 GET /webhooks/:application/:token/messages/:message';
  expect(fake.invalidRequests()).toEqual({ total: 3, provoked: 1, unprovoked: { [route]: 2 } });
  now += 15 * 60_000;
  fake.expireToken(old.id);
  await original('GET', old);
  // Of the last ten minutes: nothing had to end the other token before its time.
  expect(fake.invalidRequests()).toEqual({ total: 1, provoked: 0, unprovoked: { [route]: 1 } });
});
