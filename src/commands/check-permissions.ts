import type { BaseInteraction } from 'discord.js';
import type { NeededPermission } from '../bot/languages/messages.ts';
import { UserError } from '../errors.ts';

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
