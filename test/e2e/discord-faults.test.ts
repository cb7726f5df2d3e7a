import { describe, expect, it } from 'vitest';
import { clipOf, failureOf, hastyClock, hourMs, setStage, smallPicture } from './stage.ts';
import { startTinyRenderer } from './tiny-renderer.ts';

const renderer = await startTinyRenderer();
const { model } = renderer;
const animate = { command: 'animate', attachments: { image: smallPicture } };
const editByToken = 'PATCH /webhooks/:application/:token/messages/:message';

it('waits as long as Retry-After says, and then delivers', async () => {
  // One edit before the clip: the call that is refused is the clip's own.
  const { discord } = await setStage({ renderer, model, editGapMs: hourMs });
  const hold = renderer.hold();
  const handle = discord.invoke(animate);
  await hold.reached;
  await handle.waitForMessage(({ content }) => content !== '');
  discord.failNext({ route: editByToken, status: 429, retryAfterSeconds: 0.5 });
  hold.release();
  await clipOf(handle);
  // The message is there before the call is noted.
  const noted = () => discord.calls(editByToken).map(({ status }) => status);
  await expect.poll(noted).toEqual([200, 429, 200]);
  const [, limited, delivered] = discord.calls(editByToken);
  expect(delivered!.at - limited!.at).toBeGreaterThanOrEqual(500);
});

it('resumes the gateway in mid-job, and still hears what happened meanwhile', async () => {
  const { discord } = await setStage({ renderer, model });
  const hold = renderer.hold();
  const first = discord.invoke(animate);
  await hold.reached;
  discord.dropGateway();
  // Asked while the bot is away: the event is replayed.
  const second = discord.invoke({ ...animate, options: { seed: 5 } });
  await discord.waitForChange((change) => change.kind === 'gateway' && change.state === 'resumed');
  expect(await second.acknowledged).toMatchObject({ type: 5 });
  hold.release();
  await clipOf(first);
  expect((await clipOf(second)).content).toContain('seed 5');
});

describe('the last upload', () => {
  it('survives a reset connection and a server that is down for longer than discord.js retries', async () => {
    const { discord, log } = await setStage({ renderer, model, clock: hastyClock, editGapMs: hourMs });
    const hold = renderer.hold();
    const handle = discord.invoke(animate);
    await hold.reached;
    const { id } = await handle.waitForMessage(({ content }) => content !== '');
    discord.failNext({ route: editByToken, resetConnection: true, times: 2 });
    discord.failNext({ route: editByToken, status: 503, times: 9 });
    hold.release();
    const clip = await clipOf(handle);
    expect(clip.id).toBe(id);
    expect(discord.calls(editByToken).filter(({ status }) => status === 0 || status === 503)).toHaveLength(11);
    expect(log.events.filter(({ message }) => message.includes('trying again')).length).toBeGreaterThan(1);
  });

  it('shows the clip once, also when Discord took it and then said that it failed', async () => {
    const { discord } = await setStage({ renderer, model, clock: hastyClock, editGapMs: hourMs });
    const hold = renderer.hold();
    const handle = discord.invoke(animate);
    await hold.reached;
    await handle.waitForMessage(({ content }) => content !== '');
    discord.failNext({ route: editByToken, resetConnection: true, afterEffect: true, times: 3 });
    hold.release();
    await clipOf(handle);
    expect(discord.messages().flatMap(({ attachments }) => attachments)).toHaveLength(1);
  });

  it('goes to the requester by a direct message when theirs was deleted', async () => {
    const { discord } = await setStage({ renderer, model });
    const hold = renderer.hold();
    const handle = discord.invoke(animate);
    await hold.reached;
    const { id } = await handle.waitForMessage(({ content }) => content.includes('step 1'));
    discord.deleteMessage({ messageId: id });
    hold.release();
    const clip = await clipOf(discord);
    expect(clip.channel_id).not.toBe(discord.channelId);
    expect(discord.messages()).toEqual([]);
  });

  it('takes the channel’s route when the token has expired', async () => {
    const { discord } = await setStage({ renderer, model });
    const hold = renderer.hold();
    const handle = discord.invoke(animate);
    await hold.reached;
    const { id } = await handle.waitForMessage(({ content }) => content.includes('step 1'));
    discord.expireToken(handle.id);
    hold.release();
    const clip = await clipOf(discord);
    expect(clip.id).toBe(id);
    // The message is there before the answer to the call is.
    const calls = () => discord.calls('PATCH /channels/:channel/messages/:message');
    await expect.poll(() => calls().at(-1)).toMatchObject({ status: 200 });
  });

  it('is encoded smaller by the render process where Discord takes less than it said', async () => {
    const { discord } = await setStage({ renderer, model });
    const hold = renderer.hold();
    const handle = discord.invoke(animate);
    await hold.reached;
    await handle.waitForMessage(({ content }) => content.includes('step 1'));
    const limitBytes = Math.floor(renderer.clips[0]!.bytes.byteLength * 0.6);
    discord.setAttachmentSizeLimit(limitBytes);
    hold.release();
    const clip = await clipOf(handle);
    expect(clip.attachments[0]!.size).toBeLessThanOrEqual(limitBytes);
    expect(clip.content).toContain('made smaller');
  });

  it('fails readably when Discord takes no file of that size', async () => {
    const { discord } = await setStage({ renderer, model });
    const hold = renderer.hold();
    const handle = discord.invoke(animate);
    await hold.reached;
    await handle.waitForMessage(({ content }) => content.includes('step 1'));
    // The limit moved after the clip was made to fit it.
    discord.setAttachmentSizeLimit(100);
    hold.release();
    const { content } = await failureOf(handle);
    expect(content).toContain('larger than Discord allows');
  });
});
