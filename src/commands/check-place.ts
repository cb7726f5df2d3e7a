import { type BaseInteraction, PermissionFlagsBits, type PermissionsBitField } from 'discord.js';
import type { NeededPermission } from '../bot/languages/messages.ts';
import type { Place } from '../bot/place.ts';
import { UserError } from '../errors.ts';
import type { GuildSettings } from '../storage/guild-settings.ts';

/**
 * Holds a request to the rules that a guild's managers made: where, by whom, and among adults alone.
 *
 * @param roleIds the roles of the person who asks
 * @throws UserError `place-channel`, `place-role` or `place-age`
 */
export function checkPlace(place: Place, roleIds: readonly string[], settings: GuildSettings): void {
  const { guildId, channelId, parentId, isAgeRestricted } = place;
  if (guildId === null) return;
  const { channelIds, roleIds: wantedRoleIds, ageRestrictedOnly } = settings;
  if (channelIds.length > 0 && ![channelId, parentId].some((id) => id && channelIds.includes(id))) {
    const { mentions, more } = shortList(channelIds, '<#');
    const details = { places: mentions.join(', '), more };
    throw new UserError('place-channel', 'Clips may not be asked for in this channel.', { details });
  }
  if (wantedRoleIds.length > 0 && !roleIds.some((id) => wantedRoleIds.includes(id))) {
    const { mentions, more } = shortList(wantedRoleIds, '<@&');
    const details = { roles: mentions.join(', '), more };
    throw new UserError('place-role', 'Only some roles may ask for clips.', { details });
  }
  if (ageRestrictedOnly && !isAgeRestricted) {
    throw new UserError('place-age', 'Clips may only be asked for in age-restricted channels.');
  }
}

/** The roles of somebody in a guild, as Discord sends members and as discord.js keeps them. */
export function rolesOf(member: BaseInteraction['member']): readonly string[] {
  if (member === null) return [];
  return Array.isArray(member.roles) ? member.roles : [...member.roles.cache.keys()];
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
 * @param permissions the bot's in that place
 * @throws UserError `permissions-missing`, naming them; `thread-locked`
 */
export function checkPermissions(
  { guildId, isThread, isLocked }: Place,
  permissions: Readonly<PermissionsBitField>,
  { hasChannelRoute }: { hasChannelRoute: boolean },
): void {
  if (guildId === null) return;
  if (isLocked && !permissions.has(PermissionFlagsBits.ManageThreads)) {
    throw new UserError('thread-locked', 'In a locked thread the bot can neither post nor edit.');
  }
  const send: NeededPermission = isThread ? 'SendMessagesInThreads' : 'SendMessages';
  // Where the bot answers by the interaction's token alone, that one needs nothing but files.
  const needed: NeededPermission[] = hasChannelRoute
    ? ['ViewChannel', send, 'AttachFiles', 'ReadMessageHistory']
    : ['AttachFiles'];
  const missing = permissions.missing(needed);
  if (missing.length === 0) return;
  const names = missing.join(',');
  throw new UserError('permissions-missing', `The bot needs ${names}.`, { details: { permissions: names } });
}
