import { describe, expect, it } from 'vitest';
import { EncodeError, InferenceError } from '../../src/errors.ts';
import type { RouteName } from '../../src/fake-discord/route-names.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { createScriptedRenderer } from '../support/scripted-renderer.ts';
import { clipOf, failureOf, hourMs, isClip, setStage, smallPicture } from './stage.ts';

const animate = { command: 'animate', attachments: { image: smallPicture }, options: { seed: 7 } };
const editByToken: RouteName = 'PATCH /webhooks/:application/:token/messages/:message';
const editInChannel: RouteName = 'PATCH /channels/:channel/messages/:message';
const minuteMs = 60_000;
const viewOnly = 1n << 10n;
const viewAndSend = viewOnly | (1n << 11n);

/** A bot with one job that is being rendered and whose message shows it. */
async function oneRunning() {
  const renderer = createScriptedRenderer();
  const stage = await setStage({ renderer });
  const handle = stage.discord.invoke(animate);
  const render = await renderer.begun(0);
  const { id } = await handle.waitForMessage(({ content }) => content !== '');
  return { ...stage, renderer, handle, render, id };
}

it('a job of 40 minutes outlives the token: the same message shows every step and becomes the clip', async () => {
  const clock = createFakeClock(Date.now());
  const renderer = createScriptedRenderer();
  const { discord } = await setStage({ renderer, clock, discord: { now: clock.now } });
  const handle = discord.invoke(animate);
  const render = await renderer.begun(0);
  for (let minute = 4; minute <= 40; minute += 4) {
    await clock.advance(4 * minuteMs);
    render.progress({ stage: 'denoise', step: minute, steps: 41, secondsPerStep: 60 });
    // The edit is a real request; the clock stands still meanwhile.
    const shown = handle.waitForMessage(({ content }) => content.includes(`step ${minute} of 41`));
    await clock.advance(0);
    await shown;
  }
  render.finish();
  const clip = await clipOf(handle);
  expect(clip.content).toContain('seed 7');
  expect(discord.messages()).toHaveLength(1);

  // The token's route was left while it still worked, and never tried again.
  const [byToken, inChannel] = [discord.calls(editByToken), discord.calls(editInChannel)];
  const beganMs = byToken[0]!.at;
  expect(Math.max(...byToken.map(({ at }) => at)) - beganMs).toBeLessThan(12 * minuteMs);
  expect(Math.min(...inChannel.map(({ at }) => at)) - beganMs).toBeLessThan(13 * minuteMs);
  expect([...byToken, ...inChannel].map(({ status }) => status)).toEqual(
    Array.from({ length: byToken.length + inChannel.length }, () => 200),
  );
});

describe('a clip reaches its requester', () => {
  it.each([true, false])(
    'finding 16: by a direct message alone when a moderator deleted the message (token expired: %s)',
    async (isExpired) => {
      const { discord, handle, render, id } = await oneRunning();
      discord.deleteMessage({ messageId: id });
      if (isExpired) discord.expireToken(handle.id);
      render.finish();
      const clip = await clipOf(discord);
      expect(clip.channel_id).not.toBe(discord.channelId);
      expect(clip.content).toMatch(new RegExp(`^The message in <#${discord.channelId}> was deleted`));
      expect(discord.messages()).toEqual([]);
      expect(discord.messages(clip.channel_id).filter(isClip)).toHaveLength(1);
    },
  );

  it('2a.5: anew where Discord answers the upload with 400/50035, and so after every refusal for good', async () => {
    const { discord, render, id } = await oneRunning();
    const body = { message: 'Invalid Form Body', code: 50_035 };
    for (const route of [editByToken, editInChannel]) {
      discord.failNext({ route, status: 400, body, uploadsOnly: true, times: 2 });
    }
    render.finish();
    const clip = await clipOf(discord);
    expect(clip.id).not.toBe(id);
    expect(clip.channel_id).toBe(discord.channelId);
    expect(clip.mentions.map((user) => user.id)).toEqual([discord.userId]);
    expect(discord.messages().filter(isClip)).toHaveLength(1);
  });

  it('when the message is too old to take edits', async () => {
    const { discord, handle, render } = await oneRunning();
    discord.expireToken(handle.id);
    const body = { message: 'Maximum number of edits to messages older than 1 hour reached', code: 30_046 };
    discord.failNext({ route: editInChannel, status: 400, body });
    render.finish();
    expect((await clipOf(discord)).content).toContain(`<@${discord.userId}>`);
  });

  it('by a direct message when the bot lost its place in the channel', async () => {
    const { discord, handle, render, id } = await oneRunning();
    discord.expireToken(handle.id);
    discord.setPermissions(discord.channelId, 0n);
    render.finish();
    const { channelId } = await discord.waitForMessage(isClip).then((clip) => ({ channelId: clip.channel_id }));
    expect(channelId).not.toBe(discord.channelId);
    const [direct] = discord.messages(channelId);
    expect(direct!.content).toContain(`I can no longer post in <#${discord.channelId}>`);
    expect(direct!.content).toContain('seed 7');
    expect(discord.message(id)?.attachments).toEqual([]);
  });

  it('by a direct message where only they may see it, and the time for that is over', async () => {
    const renderer = createScriptedRenderer();
    const { discord } = await setStage({ renderer });
    const handle = discord.invoke({ ...animate, options: { seed: 7, private: true } });
    const render = await renderer.begun(0);
    await handle.waitForMessage(({ content }) => content !== '');
    discord.expireToken(handle.id);
    render.finish();
    const clip = await discord.waitForMessage(isClip);
    expect(clip.channel_id).not.toBe(discord.channelId);
    expect(clip.content).toMatch(/^Where you asked, I can only answer for 15 minutes/);
    expect(discord.messages().filter(isClip)).toEqual([]);
  });

  it('or is told in the channel why it cannot, when every way is closed to the file', async () => {
    const { discord, handle, render, id } = await oneRunning();
    discord.expireToken(handle.id);
    discord.setPermissions(discord.channelId, viewAndSend);
    const body = { message: 'Cannot send messages to this user', code: 50_007 };
    // Neither for the clip nor for the words.
    discord.failNext({ route: 'POST /users/@me/channels', status: 403, body, times: 2 });
    render.finish();
    const failed = await failureOf(handle);
    expect(failed.id).toBe(id);
    expect(failed.content).toContain('your direct messages are closed');
    expect(discord.messages().filter(isClip)).toEqual([]);
  });

  it('after 429, resets and errors of the server in one and the same upload', async () => {
    const { discord, handle, render } = await oneRunning();
    discord.failNext({ route: editByToken, status: 429, retryAfterSeconds: 0.1 });
    discord.failNext({ route: editByToken, resetConnection: true });
    discord.failNext({ route: editByToken, status: 502 });
    render.finish();
    await clipOf(handle);
    expect(discord.messages().filter(isClip)).toHaveLength(1);
  });
});

describe('a clip that Discord finds too large, although it fits what Discord promised', () => {
  const large = { bytes: Buffer.alloc(9_000), master: Buffer.from('the frames') };

  it('is encoded smaller from its frames, without rendering, and delivered', async () => {
    const { discord, handle, render, renderer } = await oneRunning();
    discord.setAttachmentSizeLimit(5_000);
    render.finish(large);
    const again = await renderer.begun(1);
    expect(again.spec).toMatchObject({ maxBytes: 4_500, base: { use: 'reencode', master: Buffer.from('the frames') } });
    again.finish({ bytes: Buffer.alloc(4_400), reduced: { crf: 30, width: 32, height: 32 } });
    const clip = await clipOf(handle);
    expect(clip.attachments[0]?.size).toBe(4_400);
    expect(clip.content).toContain('made smaller');
  });

  it('fails readably when it cannot be smaller', async () => {
    const { discord, handle, render, renderer } = await oneRunning();
    discord.setAttachmentSizeLimit(100);
    render.finish(large);
    (await renderer.begun(1)).fail(new EncodeError('encode-too-large', 'It cannot be made to fit.'));
    expect((await failureOf(handle)).content).toContain('larger than Discord allows');
  });
});

describe('finding 4: a job that fails after it was queued', () => {
  const broken = () => new InferenceError('broken', 'broken', { scope: 'job' });
  const isTold = ({ content }: { content: string }) => content.includes('Something broke');
  const isEphemeral = ({ flags = 0 }: { flags?: number | undefined }) => (flags & 64) !== 0;

  it.each(['there', 'deleted by somebody'])(
    'is explained to its requester alone, and nothing stays in the channel (message %s)',
    async (state) => {
      const { discord, handle, render, id } = await oneRunning();
      if (state !== 'there') discord.deleteMessage({ messageId: id });
      render.fail(broken());
      const told = await handle.waitForMessage(isTold);
      expect(isEphemeral(told)).toBe(true);
      expect(discord.message(id)).toBeUndefined();
      expect(discord.messages().filter((message) => !isEphemeral(message))).toEqual([]);
    },
  );

  it('so is one that fails before its message showed anything', async () => {
    const renderer = createScriptedRenderer();
    const { discord } = await setStage({ renderer, editGapMs: hourMs });
    const first = discord.invoke(animate);
    (await renderer.begun(0)).fail(broken());
    expect(isEphemeral(await first.waitForMessage(isTold))).toBe(true);
    expect(discord.messages().filter((message) => !isEphemeral(message))).toEqual([]);
  });

  it.each(['open', 'closed'])(
    'is explained by a direct message once the token has expired (channel %s)',
    async (channel) => {
      const { discord, handle, render, id } = await oneRunning();
      discord.expireToken(handle.id);
      if (channel === 'closed') discord.setPermissions(discord.channelId, 0n);
      render.fail(broken());
      const told = await discord.waitForMessage(isTold);
      expect(told.channel_id).not.toBe(discord.channelId);
      expect(told.content).toMatch(new RegExp(`^About your clip in <#${discord.channelId}>:\n`));
      if (channel === 'closed') return;
      if (discord.message(id)) await discord.waitForChange(({ kind }) => kind === 'message-delete');
      expect(discord.messages()).toEqual([]);
    },
  );

  it('is explained in its message where even direct messages are closed', async () => {
    const { discord, handle, render, id } = await oneRunning();
    discord.expireToken(handle.id);
    const body = { message: 'Cannot send messages to this user', code: 50_007 };
    discord.failNext({ route: 'POST /users/@me/channels', status: 403, body });
    render.fail(broken());
    expect((await discord.waitForMessage(isTold)).id).toBe(id);
    expect(discord.messages()).toHaveLength(1);
  });

  it('is explained where it was asked for when nobody else sees that place', async () => {
    const renderer = createScriptedRenderer();
    const { discord } = await setStage({ renderer });
    const inDm = discord.invoke({ ...animate, place: 'dm' });
    (await renderer.begun(0)).fail(broken());
    expect((await inDm.waitForMessage(isTold)).id).toBe(inDm.original()?.id);
    const inPrivate = discord.invoke({ ...animate, options: { seed: 7, private: true } });
    (await renderer.begun(1)).fail(broken());
    expect((await inPrivate.waitForMessage(isTold)).id).toBe(inPrivate.original()?.id);
  });
});

it('no text of a person pings anybody', async () => {
  const { discord, handle, render } = await oneRunning();
  render.finish();
  await clipOf(handle);
  const bodies = discord.exchanges().flatMap((exchange) => (exchange.kind === 'rest' ? [exchange.requestBody] : []));
  const mentions = bodies.flatMap((body) =>
    body !== null && typeof body === 'object' && 'allowed_mentions' in body ? [body.allowed_mentions] : [],
  );
  expect(mentions.length).toBeGreaterThan(0);
  for (const allowed of mentions) expect(allowed).toMatchObject({ parse: [] });
});

it('a clip has alt text in its requester’s language, on every way to them and when it is made smaller', async () => {
  const renderer = createScriptedRenderer();
  const { discord } = await setStage({ renderer });
  const asked = { ...animate, options: { seed: 7, motion: 60, loop: 'ping-pong', format: 'mp4' } };
  const spanish = discord.invoke({ ...asked, locale: 'es-ES' });
  (await renderer.begun(0)).finish();
  expect((await clipOf(spanish)).attachments[0]!.description).toBe(
    'Una imagen fija que cobra vida: 4 fotogramas en 0,6 s, movimiento 60 de 255; se reproduce de ida y vuelta.',
  );
  const english = 'A still picture brought to life: 4 frames in 0.6 s, motion 60 of 255; it plays there and back.';

  // Discord finds it too large: the smaller one says the same.
  const large = discord.invoke(asked);
  const render = await renderer.begun(1);
  await large.waitForMessage(({ content }) => content !== '');
  discord.failNext({ route: editByToken, status: 413, body: { message: 'Request entity too large', code: 40_005 } });
  render.finish();
  const smaller = await renderer.begun(2);
  expect(smaller.spec.base).toMatchObject({ use: 'reencode' });
  smaller.finish({ reduced: { width: 32, height: 32, crf: 30 } });
  const shrunk = await clipOf(large);
  expect(shrunk.content).toBe('🎬 Your clip: 0.6 s · seed 7 · ping-pong loop · made smaller to fit the upload limit');
  expect(shrunk.attachments[0]!.description).toBe(english);

  // A direct message, since the first one was deleted.
  const gone = discord.invoke(asked);
  const late = await renderer.begun(3);
  const { id } = await gone.waitForMessage(({ content }) => content !== '');
  discord.deleteMessage({ messageId: id });
  discord.expireToken(gone.id);
  late.finish();
  const posted = await discord.waitForMessage((message) => isClip(message) && message.channel_id !== discord.channelId);
  expect(posted.attachments[0]!.description).toBe(english);
});

it('a loop that is too big as the picture that nobody chose comes as MP4, and says so', async () => {
  const renderer = createScriptedRenderer();
  const { discord } = await setStage({ renderer });
  const handle = discord.invoke({ ...animate, options: { seed: 7, loop: 'crossfade' } });
  const render = await renderer.begun(0);
  await handle.waitForMessage(({ content }) => content !== '');
  discord.failNext({ route: editByToken, status: 413, body: { message: 'Request entity too large', code: 40_005 } });
  render.finish();
  const smaller = await renderer.begun(1);
  // The format is nobody's choice, so it gives way before the picture does.
  expect(smaller.spec.form).toMatchObject({ loop: 'crossfade', format: 'auto' });
  smaller.finish({ form: { loop: 'crossfade', smooth: false, format: 'mp4' }, replacedFormat: 'webp' });
  const clip = await clipOf(handle);
  expect(clip.content).toBe('🎬 Your clip: 0.6 s · seed 7 · crossfade loop · MP4, because it is too big as WebP');
  expect(clip.attachments[0]).toMatchObject({ content_type: 'video/mp4' });
});
