import type { ChatInputCommandInteraction } from 'discord.js';
import type { NeededPermission } from '../bot/languages/texts.ts';
import { UserError } from '../errors.ts';

/**
 * Makes sure that the bot can post a clip where it was asked, before a GPU works for it.
 *
 * @throws UserError `permissions-missing`, naming them
 */
export function checkPermissions(
  interaction: Pick<ChatInputCommandInteraction, 'inGuild' | 'appPermissions' | 'channel'>,
): void {
  if (!interaction.inGuild()) return;
  const send: NeededPermission = interaction.channel?.isThread() ? 'SendMessagesInThreads' : 'SendMessages';
  const needed: NeededPermission[] = ['ViewChannel', send, 'AttachFiles', 'ReadMessageHistory'];
  const missing = interaction.appPermissions.missing(needed);
  if (missing.length === 0) return;
  const permissions = missing.join(',');
  throw new UserError('permissions-missing', `The bot needs ${permissions}.`, { details: { permissions } });
}
