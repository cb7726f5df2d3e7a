import { describe, expect, it } from 'vitest';
import type { Place } from '../../src/bot/place.ts';
import { checkPlace, rolesOf } from '../../src/commands/check-place.ts';
import { type GuildSettings, guildSettingsSchema } from '../../src/storage/guild-settings.ts';

const channel: Place = {
  guildId: 'g1',
  channelId: 'c1',
  parentId: null,
  isThread: false,
  isLocked: false,
  isPrivateToOthers: false,
  isAgeRestricted: false,
};

/** What is wrong with asking in channel c1 as somebody with the role r1, or as `changes` say. */
function problem(settings: Partial<GuildSettings>, changes: Partial<Place> = {}, roleIds = ['r1']): unknown {
  try {
    checkPlace({ ...channel, ...changes }, roleIds, { ...guildSettingsSchema.parse({}), ...settings });
    return undefined;
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
}

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
    expect(problem({ channelIds: ['c2'] }, { isThread: true, parentId: 'c2' })).toBeUndefined();
    expect(problem({ channelIds: ['c2'] }, { channelId: null })).toBe('place-channel');
  });

  it('allows whoever has one of the roles', () => {
    expect(problem({ roleIds: ['r0', 'r1'] })).toBeUndefined();
    expect(problem({ roleIds: ['r2'] })).toBe('place-role');
    expect(problem({ roleIds: ['r2'] }, {}, ['r2'])).toBeUndefined();
  });

  it('knows age-restricted channels', () => {
    expect(problem({ ageRestrictedOnly: true })).toBe('place-age');
    expect(problem({ ageRestrictedOnly: true }, { isAgeRestricted: true })).toBeUndefined();
  });
});

describe('rolesOf', () => {
  it('reads members as Discord sends them and as discord.js keeps them', () => {
    expect(rolesOf({ roles: ['r1'] } as never)).toEqual(['r1']);
    expect(rolesOf({ roles: { cache: new Map([['r2', {}]]) } } as never)).toEqual(['r2']);
    expect(rolesOf(null)).toEqual([]);
  });
});
