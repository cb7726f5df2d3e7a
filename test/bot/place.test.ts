import { ChannelType } from 'discord.js';
import { describe, expect, it } from 'vitest';
import { placeOf, type RawChannel } from '../../src/bot/place.ts';

/** A client's cache with one channel for adults, one for all, and a thread in the first. */
const channels = new Map(
  [
    { id: 'adults', nsfw: true, isThread: () => false },
    { id: 'all', nsfw: false, isThread: () => false },
    { id: 'known', parentId: 'adults', locked: true, isThread: () => true },
  ].map((channel) => [channel.id, channel as never]),
);

const at = (channelId: string, raw?: RawChannel) => placeOf({ guildId: 'g', channelId, raw }, channels);
const thread = (more: Partial<RawChannel> = {}): RawChannel => ({
  id: 'new',
  type: ChannelType.PublicThread,
  parent_id: 'adults',
  ...more,
});

describe('a place', () => {
  it('that the client knows needs nothing else', () => {
    expect(at('adults')).toMatchObject({ isThread: false, parentId: null, isAgeRestricted: true, isLocked: false });
    expect(at('all')).toMatchObject({ isAgeRestricted: false });
    expect(at('known')).toMatchObject({ isThread: true, parentId: 'adults', isAgeRestricted: true, isLocked: true });
  });

  it('that is an unknown thread is what came along says, under its channel', () => {
    expect(at('new', thread())).toMatchObject({ isThread: true, parentId: 'adults', isAgeRestricted: true });
    expect(at('new', thread({ parent_id: 'all' }))).toMatchObject({ parentId: 'all', isAgeRestricted: false });
    expect(at('new', thread({ thread_metadata: { locked: true } })).isLocked).toBe(true);
  });

  it('that is an unknown private thread is closed to the bot, and a known one is not', () => {
    const raw = thread({ type: ChannelType.PrivateThread });
    expect(at('new', raw).isPrivateToOthers).toBe(true);
    expect(at('known', { ...raw, id: 'known' }).isPrivateToOthers).toBe(false);
    expect(at('new', thread()).isPrivateToOthers).toBe(false);
  });

  it('of which nothing is known is an ordinary channel', () => {
    expect(at('nowhere')).toMatchObject({ isThread: false, parentId: null, isAgeRestricted: false, isLocked: false });
    expect(at('nowhere', { id: 'nowhere', type: ChannelType.GuildText, nsfw: true }).isAgeRestricted).toBe(true);
  });
});
