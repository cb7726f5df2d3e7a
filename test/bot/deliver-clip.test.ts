import { DiscordAPIError, HTTPError } from 'discord.js';
import { describe, expect, it } from 'vitest';
import { deliverClip, type ShrinkClip } from '../../src/bot/deliver-clip.ts';
import { en } from '../../src/bot/languages/en.ts';
import type { MessageSender, Reply } from '../../src/bot/message-sender.ts';
import type { ReplyAddress } from '../../src/bot/reply-address.ts';
import { EncodeError, UserError } from '../../src/errors.ts';
import type { Job } from '../../src/storage/job.ts';
import { newJob } from '../support/jobs.ts';
import { makeClip } from '../support/scripted-renderer.ts';

const { picture: _, ...request } = newJob();
const job: Job = { ...request, id: '7f3a91c2', state: 'delivering', attempts: 1, createdAtMs: 0 };
const clipOf = (sizeBytes: number) =>
  makeClip({ picture: Buffer.alloc(0), settings: {}, fit: 'crop' }, { bytes: Buffer.alloc(sizeBytes) });
const refusal = (code: number, status = 403) =>
  new DiscordAPIError({ code, message: 'refused' }, code, status, 'PATCH', '', {});
const tooLarge = () => new HTTPError(413, 'Payload Too Large', 'PATCH', '', {});

/** Delivers a clip of 1,000 bytes; `refuse` throws where a way is closed. Returns what was tried, in order. */
async function deliver(
  refuse: (way: keyof MessageSender, sizeBytes: number) => void,
  shrink?: ShrinkClip,
  { guildId = 'g1' as string | null, isEphemeral = false } = {},
) {
  const tried: string[] = [];
  const way = (name: keyof MessageSender) => async (_: ReplyAddress, reply: Reply) => {
    const sizeBytes = reply.files?.[0]?.data.byteLength ?? 0;
    const [preface = ''] = /^(here|deleted): (?=\n)/.exec(reply.content.replace('\n', ' \n')) ?? [];
    tried.push(`${name} ${preface}${sizeBytes}`);
    refuse(name, sizeBytes);
  };
  const address = { channelId: 'c1', hasChannelRoute: true, isEphemeral } as ReplyAddress;
  const failure = await deliverClip(address, clipOf(1_000), {
    replies: { edit: way('edit'), post: way('post'), direct: way('direct') },
    job: { ...job, guildId },
    isSpoiler: false,
    nowMs: 0,
    messages: { ...en, sentHere: () => 'here:', sentDeleted: () => 'deleted:' },
    signal: new AbortController().signal,
    shrink: shrink ?? (async (_job, _clip, { maxBytes }) => clipOf(maxBytes)),
  }).then(
    () => undefined,
    (error: unknown) => error,
  );
  return { tried, failure };
}

describe('deliverClip', () => {
  it('takes the first way that is open: the message, a new one, the requester', async () => {
    expect(await deliver(() => {})).toEqual({ tried: ['edit 1000'], failure: undefined });
    const tooOld = (way: string) => {
      if (way === 'edit') throw refusal(30_046);
    };
    expect((await deliver(tooOld)).tried).toEqual(['edit 1000', 'post 1000']);
    const closed = (way: string) => {
      if (way !== 'direct') throw refusal(50_013);
    };
    const { tried, failure } = await deliver(closed);
    expect(tried).toEqual(['edit 1000', 'post 1000', 'direct here: 1000']);
    expect(failure).toBeUndefined();
  });

  it('finding 16: brings a clip whose message was deleted to its requester alone, and posts nothing anew', async () => {
    const deleted = (way: string) => {
      if (way === 'edit') throw refusal(10_008, 404);
    };
    expect((await deliver(deleted)).tried).toEqual(['edit 1000', 'direct deleted: 1000']);
    const noDirect = await deliver((way) => {
      if (way !== 'post') throw refusal(way === 'edit' ? 10_008 : 50_007);
    });
    expect(noDirect.tried).toEqual(['edit 1000', 'direct deleted: 1000']);
    expect(noDirect.failure).toMatchObject({ code: 'clip-undeliverable' });
    // Where nobody else sees it, it was no moderator.
    for (const place of [{ guildId: null }, { isEphemeral: true }]) {
      expect((await deliver(deleted, undefined, place)).tried).toEqual(['edit 1000', 'post 1000']);
    }
  });

  it('says so when every way is closed', async () => {
    const { failure } = await deliver((way) => {
      throw refusal(way === 'direct' ? 50_007 : 50_001);
    });
    expect(failure).toMatchObject({ code: 'clip-undeliverable' });
  });

  it('makes the clip smaller until Discord takes it', async () => {
    const { tried, failure } = await deliver((_, sizeBytes) => {
      if (sizeBytes > 300) throw tooLarge();
    });
    expect(tried).toEqual(['edit 1000', 'edit 500', 'edit 250']);
    expect(failure).toBeUndefined();
  });

  it('does so on every way', async () => {
    const { tried } = await deliver((way, sizeBytes) => {
      if (way === 'edit') throw refusal(30_046);
      if (sizeBytes > 600) throw refusal(40_005);
    });
    expect(tried).toEqual(['edit 1000', 'post 1000', 'edit 500', 'post 500']);
  });

  it('gives up where it cannot be smaller', async () => {
    const never = () => {
      throw tooLarge();
    };
    expect((await deliver(never)).failure).toMatchObject({ code: 'clip-too-large' });
    expect((await deliver(never, async () => undefined)).failure).toBeInstanceOf(UserError);
    const smallest = () => Promise.reject(new EncodeError('encode-too-large', 'cannot'));
    expect((await deliver(never, smallest)).failure).toMatchObject({ code: 'clip-too-large' });
  });

  it.each([
    [50_083, 'an archived thread'],
    [160_005, 'a locked thread', 400],
    [200_000, 'AutoMod'],
    [200_001, 'AutoMod, by its title'],
    [240_000, 'a filter of links'],
    [20_009, 'explicit content'],
    [50_035, 'a body that this route does not take', 400],
    [50_027, 'a token that has run out', 401],
    [30_046, 'too many edits of an old message'],
    [50_001, 'no access'],
    [99_999, 'a code of tomorrow', 400],
  ])('takes the next way after %i: %s', async (code, _, status = 403) => {
    const { tried, failure } = await deliver((way) => {
      if (way !== 'direct') throw refusal(code, status);
    });
    expect(tried).toEqual(['edit 1000', 'post 1000', 'direct here: 1000']);
    expect(failure).toBeUndefined();
  });

  it.each([
    ['a server error', () => new HTTPError(503, 'Service Unavailable', 'PATCH', '', {})],
    ['a reset connection', () => Object.assign(new Error('reset'), { code: 'ECONNRESET' })],
    [
      'no name server',
      () => new TypeError('fetch failed', { cause: Object.assign(new Error(), { code: 'ENOTFOUND' }) }),
    ],
    ['a rate limit', () => refusal(20_028, 429)],
    ['direct messages opened too fast', () => refusal(40_003, 400)],
    ['somebody in between', () => refusal(0, 403)],
    ['a bot token that was just reset', () => refusal(0, 401)],
  ])('leaves the clip to a later try after %s', async (_, error) => {
    const { tried, failure } = await deliver(() => {
      throw error();
    });
    expect(tried).toEqual(['edit 1000']);
    expect(failure).toMatchObject({ code: 'discord-unavailable', scope: 'transient' });
  });

  it('passes on what nobody knows as it is', async () => {
    const broken = new TypeError('x is not a function');
    const { failure } = await deliver(() => {
      throw broken;
    });
    expect(failure).toBe(broken);
  });
});
