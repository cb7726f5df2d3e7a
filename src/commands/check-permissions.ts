import { PermissionFlagsBits, type PermissionsBitField } from 'discord.js';
import type { NeededPermission } from '../bot/languages/messages.ts';
import type { Place } from '../bot/place.ts';
import { UserError } from '../errors.ts';

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
