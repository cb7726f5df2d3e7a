import { describe, expect, it } from 'vitest';
import { noLimits } from '../../src/storage/limits.ts';
import { systemClock } from '../../src/util/clock.ts';
import { tinyModel } from '../support/jobs.ts';
import { createScriptedRenderer } from '../support/scripted-renderer.ts';
import { clipOf, hastyClock, hourMs, type StageOptions, setStage, smallPicture, watchedFetch } from './stage.ts';

const config = { reactionEmoji: '🎬' };

async function stageWith(messageContentIntent: boolean, more: Partial<StageOptions> = {}) {
  const renderer = createScriptedRenderer();
  const stage = await setStage({ renderer, config, discord: { messageContentIntent }, ...more });
  return { ...stage, renderer };
}

it('makes a clip of the picture under the emoji, also of a message it never saw, and answers that message', async () => {
  const { discord, renderer, stopBot, startBot } = await stageWith(true);
  await stopBot();
  const bob = discord.createUser('bob').id;
  const { id } = discord.postMessage({ attachments: [smallPicture], user: bob });
  await startBot();
  discord.react({ messageId: id, emoji: '🎬' });
  const render = await renderer.begun(0);
  expect(Buffer.compare(render.spec.picture, smallPicture.bytes)).toBe(0);
  render.finish();
  const clip = await clipOf(discord);
  expect(clip.message_reference).toMatchObject({ message_id: id });

  // ❌: not by a stranger, but by the requester.
  discord.react({ messageId: clip.id, emoji: '❌', user: bob });
  discord.react({ messageId: id, emoji: '👍' });
  const gone = discord.waitForChange((change) => change.kind === 'message-delete' && change.messageId === clip.id);
  discord.react({ messageId: clip.id, emoji: '❌' });
  await gone;
  expect(renderer.renders).toHaveLength(1);
});

it('❌ by a moderator takes away a clip of any door', async () => {
  const { discord, renderer } = await stageWith(false);
  const handle = discord.invoke({ command: 'animate', attachments: { image: smallPicture } });
  (await renderer.begun(0)).finish();
  const clip = await clipOf(handle);
  const gone = discord.waitForChange((change) => change.kind === 'message-delete' && change.messageId === clip.id);
  discord.react({ messageId: clip.id, emoji: '❌', user: discord.ownerId });
  await gone;
});

it('explains once, and only once, that it may not see pictures, in the server’s language', async () => {
  const { discord, renderer, stopBot, startBot } = await stageWith(false, {
    discord: { messageContentIntent: false, guildLocale: 'es-ES' },
  });
  const first = discord.postMessage({ attachments: [smallPicture] });
  discord.react({ messageId: first.id, emoji: '🎬' });
  const told = await discord.waitForMessage(({ content }) => content.includes('Message Content Intent'));
  expect(told.content).toContain('Aplicaciones → Animar');
  expect(told.message_reference).toMatchObject({ message_id: first.id });

  await stopBot();
  await startBot();
  const second = discord.postMessage({ attachments: [smallPicture] });
  discord.react({ messageId: second.id, emoji: '🎬' });
  // A third event that is answered shows that the second was heard and kept silent.
  const { id } = discord.postMessage({ attachments: [smallPicture], place: 'dm' });
  discord.react({ messageId: id, emoji: '🎬' });
  (await renderer.begun(0)).finish();
  await clipOf(discord);
  const explained = discord.messages().filter(({ content }) => content.includes('Message Content Intent'));
  expect(explained).toHaveLength(1);
});

it('says in its answer what is wrong with a picture', async () => {
  const { discord, renderer } = await stageWith(true);
  const { id } = discord.postMessage({ attachments: [{ name: 'fake.png', bytes: Buffer.from('no picture at all') }] });
  discord.react({ messageId: id, emoji: '🎬' });
  const { content } = await discord.waitForMessage((message) => message.content.startsWith('⚠️'));
  expect(content).toContain('That file is not a picture');
  expect(renderer.renders).toEqual([]);
});

it('does not hear reactions unless the operator names an emoji', async () => {
  const renderer = createScriptedRenderer();
  const { discord } = await setStage({ renderer, discord: { messageContentIntent: true } });
  const { id } = discord.postMessage({ attachments: [smallPicture] });
  discord.react({ messageId: id, emoji: '🎬' });
  const handle = discord.invoke({ command: 'animate', attachments: { image: smallPicture } });
  (await renderer.begun(0)).finish();
  await clipOf(handle);
  expect(renderer.renders).toHaveLength(1);
});

/** A stage whose owner can configure it, with a picture that nobody has reacted to. */
async function stageWithPicture(more: Partial<StageOptions> = {}) {
  const watched = watchedFetch();
  const stage = await stageWith(true, { fetch: watched.fetch, ...more });
  const { discord } = stage;
  const asOwner = async (command: string, options: Record<string, string | number | boolean> = {}) => {
    const handle = discord.invoke({ command, options, user: discord.ownerId });
    await handle.waitForMessage(({ content }) => content !== '');
  };
  const bob = discord.createUser('bob').id;
  const { id, channel_id } = discord.postMessage({ attachments: [smallPicture], user: bob });
  const react = (user?: string) => discord.react({ messageId: id, emoji: '🎬', ...(user !== undefined && { user }) });
  /** What the bot has written for all to see. */
  const posted = () => discord.messages(channel_id).filter(({ author, flags }) => author.bot && (flags & 64) === 0);
  const told = (text: string) =>
    discord.waitForMessage((message) => message.channel_id !== channel_id && message.content.includes(text));
  return { ...stage, asked: watched.asked, asOwner, bob, id, react, posted, told };
}

describe('for somebody who may not ask, a reaction posts and fetches nothing, and tells them alone', () => {
  type Prepared = Awaited<ReturnType<typeof stageWithPicture>>;
  const reasons: [string, (stage: Prepared) => Promise<void> | void, Partial<StageOptions>?][] = [
    [
      'be made in: <#',
      ({ discord, asOwner }) => asOwner('kinora-config allow', { channel: discord.createChannel('studio') }),
    ],
    [
      'To make clips here you need one of these roles: <@&',
      ({ discord, asOwner }) => asOwner('kinora-config allow', { role: discord.roles().at(-1)!.id }),
    ],
    ['age-restricted channels', ({ asOwner }) => asOwner('kinora-config set', { 'age-restricted-only': true })],
    [
      'It needs: Attach Files',
      ({ discord }) => discord.setPermissions(discord.channelId, (1n << 10n) | (1n << 11n) | (1n << 16n)),
    ],
    ['accepts no new requests', ({ asOwner }) => asOwner('kinora-admin drain')],
    [
      'your daily limit (1 in 24 hours)',
      async ({ discord, renderer }) => {
        discord.invoke({ command: 'animate', attachments: { image: smallPicture }, place: 'dm' });
        (await renderer.begun(0)).finish();
        await clipOf(discord);
      },
      { config: { ...config, limits: { ...noLimits, dailyQuota: 1 } } },
    ],
  ];

  it.each(reasons)('%s', async (text, prepare, more) => {
    const stage = await stageWithPicture(more);
    await prepare(stage);
    const [asked, renders] = [stage.asked.length, stage.renderer.renders.length];
    stage.react();
    const { content } = await stage.told(text);
    expect(content).toContain(`/${stage.id}`);
    expect(stage.posted()).toEqual([]);
    expect(stage.asked).toHaveLength(asked);
    expect(stage.discord.calls('GET /channels/:channel/messages/:message')).toEqual([]);
    expect(stage.renderer.renders).toHaveLength(renders);
  });

  it('once a minute, however often they react; and where they take no messages, not at all', async () => {
    const { discord, asOwner, react, posted, told, bob, id, log } = await stageWithPicture();
    await asOwner('kinora-admin drain');
    react();
    await told('accepts no new requests');
    const failures = () => log.events.filter(({ message }) => message === 'the reaction failed');
    for (let again = 1; again <= 3; again++) {
      discord.unreact({ messageId: id, emoji: '🎬' });
      react();
      await expect.poll(() => failures().length).toBe(1 + again);
    }
    expect(discord.calls('POST /users/@me/channels')).toHaveLength(1);

    const closed = { message: 'Cannot send messages to this user', code: 50007 };
    discord.failNext({ route: 'POST /channels/:channel/messages', status: 403, body: closed });
    react(bob);
    await expect.poll(() => log.events.some(({ message }) => message.includes('could not be told why'))).toBe(true);
    expect(posted()).toEqual([]);
  });
});

it('takes no notice of whom the operator blocked', async () => {
  const { discord, renderer, asOwner, react, bob } = await stageWithPicture();
  await asOwner('kinora-admin block', { user: discord.userId });
  react();
  react(bob);
  (await renderer.begun(0)).finish();
  await clipOf(discord);
  expect(discord.calls('GET /channels/:channel/messages/:message')).toHaveLength(1);
  expect(discord.calls('POST /users/@me/channels')).toEqual([]);
});

it('shows an id that the log has, and nothing more, of what is not the person’s to mend', async () => {
  let checks = 0;
  const checkSettings = () => {
    checks += 1;
    if (checks > 1) throw new Error('secret of the machine');
  };
  const { discord, react, log } = await stageWithPicture({ model: { ...tinyModel, checkSettings } });
  react();
  const { content } = await discord.waitForMessage((message) => message.content.startsWith('⚠️'));
  const [, id] = /^⚠️ Something broke \(id ([0-9a-f]{8})\)\./.exec(content) ?? [];
  expect(content).not.toContain('secret');
  const failure = log.events.find(({ fields }) => fields.errorId === id);
  expect(failure).toMatchObject({ level: 'error', fields: { err: { message: 'secret of the machine' } } });
});

it('makes one clip of a reaction that is put on again and again', async () => {
  const { discord, react, renderer, id, posted } = await stageWithPicture();
  react();
  const render = await renderer.begun(0);
  for (let again = 0; again < 8; again++) {
    discord.unreact({ messageId: id, emoji: '🎬' });
    react();
  }
  // The picture of another message is another clip.
  const second = discord.postMessage({ attachments: [smallPicture] });
  discord.react({ messageId: second.id, emoji: '🎬' });
  render.finish();
  (await renderer.begun(1)).finish();
  await expect.poll(() => posted().filter(({ attachments }) => attachments.length > 0)).toHaveLength(2);
  expect(renderer.renders).toHaveLength(2);
  expect(posted()).toHaveLength(2);
});

it('does not ask Discord for messages of others under which somebody puts ❌', async () => {
  const { discord, renderer, react, id } = await stageWithPicture();
  for (let index = 0; index < 5; index++)
    discord.react({ messageId: id, emoji: '❌', user: discord.createUser(`u${index}`).id });
  react();
  (await renderer.begun(0)).finish();
  await clipOf(discord);
  expect(discord.calls('GET /channels/:channel/messages/:message')).toHaveLength(1);
});

it('asks Discord for the message and for nothing else', async () => {
  const { discord, renderer, react } = await stageWithPicture();
  const asked = () =>
    discord
      .exchanges()
      .flatMap((exchange) => (exchange.kind === 'rest' && exchange.method === 'GET' ? [exchange.route] : []));
  const before = asked().length;
  react();
  (await renderer.begun(0)).finish();
  const clip = await clipOf(discord);
  expect(asked().slice(before)).toEqual(['GET /channels/:channel/messages/:message']);

  // A moderator's right is in the event too.
  const gone = discord.waitForChange((change) => change.kind === 'message-delete' && change.messageId === clip.id);
  discord.react({ messageId: clip.id, emoji: '❌', user: discord.ownerId });
  await gone;
  expect(asked().slice(before)).toHaveLength(2);
});

describe('one person’s reactions to one message make one clip', () => {
  /** A stage whose time the test moves on, and a way to toggle the reaction that says when it was heard. */
  async function toggled() {
    let passedMs = 0;
    const clock = { ...systemClock, now: () => systemClock.now() + passedMs };
    const stage = await stageWithPicture({ clock });
    const toggle = (times: number) => {
      for (let time = 0; time < times; time++) {
        stage.discord.unreact({ messageId: stage.id, emoji: '🎬' });
        stage.react();
      }
    };
    /** Somebody else's reaction, which is heard after those before. */
    const settle = async (index: number) => {
      stage.react(stage.discord.createUser(`other ${index}`).id);
      (await stage.renderer.begun(index)).finish();
    };
    const pass = (ms: number) => {
      passedMs += ms;
    };
    return { ...stage, toggle, settle, pass };
  }

  it('eight toggles, some of them later, and after a restart', async () => {
    const { discord, renderer, toggle, settle, pass, stopBot, startBot } = await toggled();
    toggle(4);
    const render = await renderer.begun(0);
    pass(hourMs);
    toggle(2);
    render.finish();
    await clipOf(discord);
    await stopBot();
    await startBot();
    pass(hourMs);
    toggle(2);
    await settle(1);
    expect(renderer.renders).toHaveLength(2);
    expect(discord.calls('GET /channels/:channel/messages/:message')).toHaveLength(2);
  });

  it('but a clip that was cancelled may be asked for again', async () => {
    const { discord, renderer, toggle, pass } = await toggled();
    toggle(1);
    await renderer.begun(0);
    const { id, components } = await discord.waitForMessage((message) => message.components.length > 0);
    const cancel = components.flatMap((row) => row.components ?? [])[0]?.custom_id ?? '';
    discord.clickButton({ messageId: id, customId: cancel });
    await discord.waitForMessage(({ content }) => content.includes('Cancelled'));
    pass(hourMs);
    toggle(1);
    (await renderer.begun(1)).finish();
    await clipOf(discord);
  });
});

describe('the first answer to a reaction', () => {
  const route = 'POST /channels/:channel/messages' as const;

  it('is tried again while Discord fails, longer than the library does, and posted once', async () => {
    const { discord, renderer, react, posted } = await stageWithPicture({ clock: hastyClock });
    discord.failNext({ route, status: 500, times: 11 });
    discord.failNext({ route, status: 500, afterEffect: true });
    react();
    (await renderer.begun(0)).finish();
    await clipOf(discord);
    expect(posted()).toHaveLength(1);
  });

  it('that Discord refuses for good is told to the person, and nothing is rendered', async () => {
    const { discord, renderer, react, told, posted } = await stageWithPicture();
    discord.failNext({ route, status: 400, body: { message: 'This thread is locked', code: 160005 } });
    react();
    await told('Discord did not accept my answer');
    expect(posted()).toEqual([]);
    expect(renderer.renders).toEqual([]);
  });

  it('waits for the message too, while Discord fails', async () => {
    const { discord, renderer, react } = await stageWithPicture({ clock: hastyClock });
    discord.failNext({ route: 'GET /channels/:channel/messages/:message', status: 503, times: 9 });
    react();
    (await renderer.begun(0)).finish();
    await clipOf(discord);
  });
});

it('tells once an hour that clips are not for a place: the emoji may mean something else there', async () => {
  let passedMs = 0;
  const clock = { ...systemClock, now: () => systemClock.now() + passedMs };
  const { discord, asOwner, react, told, id, log } = await stageWithPicture({ clock });
  await asOwner('kinora-config allow', { channel: discord.createChannel('studio') });
  react();
  await told('be made in: <#');
  for (const [index, waitMs] of [61_000, hourMs].entries()) {
    passedMs += waitMs;
    discord.unreact({ messageId: id, emoji: '🎬' });
    react();
    const failures = () => log.events.filter(({ message }) => message === 'the reaction failed');
    await expect.poll(() => failures().length).toBe(2 + index);
  }
  await expect.poll(() => discord.calls('POST /users/@me/channels').length).toBe(2);
});
