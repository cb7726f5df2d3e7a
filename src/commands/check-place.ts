import type { BaseInteraction, Channel } from 'discord.js';
import type { NeededPermission } from '../bot/languages/messages.ts';
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

/**
 * Makes sure that the bot can post a clip where it was asked, before a GPU works for it.
 *
 * @throws UserError `permissions-missing`, naming them
 */
export function checkPermissions(
  interaction: Pick<BaseInteraction, 'guildId' | 'appPermissions' | 'channel'>,
  { isMember }: { isMember: boolean },
): void {
  if (interaction.guildId === null) return;
  const send: NeededPermission = interaction.channel?.isThread() ? 'SendMessagesInThreads' : 'SendMessages';
  // Where only the user brought the app along, it answers by its token; of permissions, that one needs files alone.
  const needed: NeededPermission[] = isMember
    ? ['ViewChannel', send, 'AttachFiles', 'ReadMessageHistory']
    : ['AttachFiles'];
  const missing = interaction.appPermissions.missing(needed);
  if (missing.length === 0) return;
  const permissions = missing.join(',');
  throw new UserError('permissions-missing', `The bot needs ${permissions}.`, { details: { permissions } });
}
