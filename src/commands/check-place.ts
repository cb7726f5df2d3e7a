import type { BaseInteraction, Channel } from 'discord.js';
import { UserError } from '../errors.ts';
import type { GuildSettings } from '../storage/guild-settings.ts';

/** What a rule looks at. */
export type PlaceAsked = Pick<BaseInteraction, 'guildId' | 'channelId' | 'channel' | 'member'>;

/**
 * Holds a request to the rules that a guild's managers made: where, by whom, and among adults alone.
 *
 * @throws UserError `place-channel`, `place-role` or `place-age`
 */
export function checkPlace(asked: PlaceAsked, settings: GuildSettings): void {
  if (asked.guildId === null) return;
  const { channelIds, roleIds, ageRestrictedOnly } = settings;
  const parent = asked.channel?.isThread() ? asked.channel.parent : null;
  if (channelIds.length > 0 && ![asked.channelId, parent?.id].some((id) => id && channelIds.includes(id))) {
    const { mentions, more } = shortList(channelIds, '<#');
    const details = { places: mentions.join(', '), more };
    throw new UserError('place-channel', 'Clips may not be asked for in this channel.', { details });
  }
  if (roleIds.length > 0 && !rolesOf(asked.member).some((id) => roleIds.includes(id))) {
    const { mentions, more } = shortList(roleIds, '<@&');
    const details = { roles: mentions.join(', '), more };
    throw new UserError('place-role', 'Only some roles may ask for clips.', { details });
  }
  if (ageRestrictedOnly && !isAgeRestricted(parent ?? asked.channel)) {
    throw new UserError('place-age', 'Clips may only be asked for in age-restricted channels.');
  }
}

function rolesOf(member: PlaceAsked['member']): readonly string[] {
  if (member === null) return [];
  return Array.isArray(member.roles) ? member.roles : [...member.roles.cache.keys()];
}

function isAgeRestricted(channel: Channel | null): boolean {
  return channel !== null && 'nsfw' in channel && channel.nsfw;
}

/** Entries of a list that are shown at most: as mentions they take up to 500 characters of a message's 2,000. */
const shownEntries = 20;

/** The first entries of a list as Discord shows them (`<#` for channels, `<@&` for roles), and how many more there are. */
export function shortList(ids: readonly string[], prefix: '<#' | '<@&'): { mentions: string[]; more: number } {
  const mentions = ids.slice(0, shownEntries).map((id) => `${prefix}${id}>`);
  return { mentions, more: ids.length - mentions.length };
}
