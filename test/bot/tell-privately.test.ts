import { DiscordAPIError } from 'discord.js';
import { describe, expect, it } from 'vitest';
import { en } from '../../src/bot/languages/en.ts';
import type { MessageSender } from '../../src/bot/message-sender.ts';
import type { ReplyAddress } from '../../src/bot/reply-address.ts';
import { tellPrivately } from '../../src/bot/tell-privately.ts';
import type { Job } from '../../src/storage/job.ts';
import { newJob } from '../support/jobs.ts';

const nowMs = 1_000_000;
const { picture: _, ...request } = newJob();
const job: Job = { ...request, id: '7f3a91c2', state: 'failed', attempts: 1, createdAtMs: 0 };
const refusals: Readonly<Record<string, [code: number, status: number]>> = {
  deleted: [10_008, 404],
  expired: [50_027, 401],
  'no rights': [50_013, 403],
  'closed DMs': [50_007, 403],
  'too many follow-ups': [40_094, 400],
};

type Way = 'edit' | 'post' | 'direct' | 'whisper' | 'remove by token' | 'remove by channel';

/** Tells, with these ways closed; the ways that were tried, in order. */
async function tell(
  closed: Partial<Record<Way, keyof typeof refusals>>,
  place: Partial<ReplyAddress & Pick<Job, 'guildId'>> = {},
) {
  const tried: string[] = [];
  const go = async (way: Way) => {
    tried.push(way);
    const refusal = refusals[closed[way] ?? ''];
    if (refusal) throw new DiscordAPIError({ code: refusal[0], message: '' }, refusal[0], refusal[1], 'POST', '', {});
  };
  const replies: MessageSender = {
    edit: () => go('edit'),
    post: () => go('post'),
    direct: () => go('direct'),
    hasToken: ({ tokenExpiresAtMs }) => tokenExpiresAtMs > nowMs,
    whisper: () => go('whisper'),
    remove: (_address, by) => go(`remove by ${by}`),
    ping: async () => {},
  };
  const { guildId = 'g1', ...rest } = place;
  const address = { channelId: 'c1', hasChannelRoute: true, isEphemeral: false, tokenExpiresAtMs: nowMs + 1, ...rest };
  const options = { job: { ...job, guildId }, messages: en, replies };
  const error = await tellPrivately(address as ReplyAddress, 'It broke.', options).then(
    () => undefined,
    (failure: unknown) => failure,
  );
  return error === undefined ? tried : [...tried, 'failed'];
}

const noToken = { tokenExpiresAtMs: nowMs };

describe('tellPrivately', () => {
  it('takes the public message away first, since the first words after an unedited answer would take its place', async () => {
    expect(await tell({})).toEqual(['remove by token', 'whisper']);
    expect(await tell({ 'remove by token': 'deleted' })).toEqual(['remove by token', 'whisper']);
  });

  it('tells by a direct message once the token is over, and then takes the message away', async () => {
    expect(await tell({}, noToken)).toEqual(['direct', 'remove by channel']);
    expect(await tell({ 'remove by token': 'expired' })).toEqual(['remove by token', 'direct', 'remove by channel']);
    expect(await tell({ whisper: 'too many follow-ups' }, { hasChannelRoute: false, guildId: null })).toEqual([
      'remove by token',
      'whisper',
      'direct',
    ]);
  });

  it('counts as told where only the message cannot be taken away', async () => {
    expect(await tell({ 'remove by channel': 'no rights' }, noToken)).toEqual(['direct', 'remove by channel']);
  });

  it('says it in the place where direct messages are closed, at last anew', async () => {
    const closed = { direct: 'closed DMs' } as const;
    expect(await tell(closed, noToken)).toEqual(['direct', 'edit']);
    expect(await tell({ ...closed, edit: 'deleted' }, noToken)).toEqual(['direct', 'edit', 'post']);
    expect(await tell({ ...closed, edit: 'deleted', post: 'no rights' }, noToken)).toEqual([
      'direct',
      'edit',
      'post',
      'failed',
    ]);
  });

  it('edits the message where nobody else sees it', async () => {
    expect(await tell({}, { isEphemeral: true })).toEqual(['edit']);
    expect(await tell({}, { guildId: null })).toEqual(['edit']);
  });
});
