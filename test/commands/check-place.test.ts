import { describe, expect, it } from 'vitest';
import { checkPlace, type PlaceAsked } from '../../src/commands/check-place.ts';
import { type GuildSettings, guildSettingsSchema } from '../../src/storage/guild-settings.ts';

/** What is wrong with asking in channel c1 as somebody with the role r1, or as `changes` say. */
function problem(settings: Partial<GuildSettings>, changes: object = {}): unknown {
  const defaults = guildSettingsSchema.parse({});
  const channel = { isThread: () => false, nsfw: false };
  // Of discord.js' channels and members, only what the rule reads.
  const asked = { guildId: 'g1', channelId: 'c1', channel, member: { roles: ['r1'] }, ...changes } as unknown;
  try {
    checkPlace(asked as PlaceAsked, { ...defaults, ...settings });
    return undefined;
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
}

const threadOf = (parent: object) => ({ isThread: () => true, parent });

describe('checkPlace', () => {
  it('lets everything through where nothing is set, and outside of servers', () => {
    expect(problem({})).toBeUndefined();
    expect(
      problem({ channelIds: ['c9'], roleIds: ['r9'], ageRestrictedOnly: true }, { guildId: null }),
    ).toBeUndefined();
  });

  it('allows listed channels and the threads in them', () => {
    expect(problem({ channelIds: ['c1', 'c2'] })).toBeUndefined();
    expect(problem({ channelIds: ['c2'] })).toBe('place-channel');
    expect(problem({ channelIds: ['c2'] }, { channel: threadOf({ id: 'c2', nsfw: false }) })).toBeUndefined();
  });

  it('allows whoever has one of the roles, as Discord sends members and as discord.js keeps them', () => {
    expect(problem({ roleIds: ['r0', 'r1'] })).toBeUndefined();
    expect(problem({ roleIds: ['r2'] })).toBe('place-role');
    const member = { roles: { cache: new Map([['r2', {}]]) } };
    expect(problem({ roleIds: ['r2'] }, { member })).toBeUndefined();
  });

  it('knows age-restricted channels and their threads', () => {
    expect(problem({ ageRestrictedOnly: true })).toBe('place-age');
    expect(problem({ ageRestrictedOnly: true }, { channel: { isThread: () => false, nsfw: true } })).toBeUndefined();
    expect(problem({ ageRestrictedOnly: true }, { channel: threadOf({ id: 'c2', nsfw: true }) })).toBeUndefined();
    expect(problem({ ageRestrictedOnly: true }, { channel: null })).toBe('place-age');
  });
});
